/* SPDX-License-Identifier: GPL-3.0-or-later
 * The products, one row each. */
#include "fcgi/figureforge/figureforge.h"

const struct product products[] = {
    { "figureforge", &figureforge_dialect, figureforge_endpoints, offsetof(struct config, figureforge_url) },
    { NULL, NULL, NULL, 0 },
};
