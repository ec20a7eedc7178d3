/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/nutrition/nutrition.h"
#include "sql.h"

/* clang-format off */
const struct endpoint nutrition_endpoints[] = {
    { .name = NULL },
};
/* clang-format on */
