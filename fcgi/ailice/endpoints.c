/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/ailice/ailice.h"
#include "sql.h"

/* clang-format off */
const struct endpoint ailice_endpoints[] = {
    { .name = NULL },
};
/* clang-format on */
