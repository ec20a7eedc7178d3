/* SPDX-License-Identifier: GPL-3.0-or-later
 * The products, one row each, and the realm of the operators. */
#include "fcgi/ailice/ailice.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/figureforge/figureforge.h"
#include "fcgi/nutrition/nutrition.h"
#include "fcgi/operator/operator.h"
#include "fcgi/smsagent/smsagent.h"

/* clang-format off */
#define PRODUCT(id, said) \
    { .name = #id, .title = said, .dialect = &id##_dialect, .endpoints = id##_endpoints, .rates = id##_rates, .url = offsetof(struct config, id##_url) }
const struct product products[] = {
    PRODUCT(nutrition, "Nutrition platform"),
    PRODUCT(smsagent, "SMS-to-AI Agent"),
    PRODUCT(expenses, "Expense Tracker"),
    PRODUCT(ailice, "AIlice platform"),
    PRODUCT(figureforge, "FigureForge"),
    { .name = "operator", .title = "Operators", .dialect = &operator_dialect, .endpoints = operator_endpoints,
      .url = offsetof(struct config, operator_url), .root = OPERATOR_ROOT },
    { .name = NULL },
};
/* clang-format on */
