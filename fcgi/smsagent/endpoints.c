/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/smsagent/smsagent.h"
#include "sql.h"

/* clang-format off */
const struct endpoint smsagent_endpoints[] = {
    { .name = NULL },
};
/* clang-format on */
