/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/expenses/expenses.h"
#include "sql.h"

/* clang-format off */
const struct endpoint expenses_endpoints[] = {
    { .name = NULL },
};
/* clang-format on */
