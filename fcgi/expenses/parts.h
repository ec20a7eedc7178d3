/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parts that several of the Expense Tracker's tables of rows have. */
#ifndef MILLRACE_EXPENSES_PARTS_H
#define MILLRACE_EXPENSES_PARTS_H
#include "fcgi/fields.h"

/* clang-format off */
#define SWITCH(id, text) { .name = id, .type = BOOLEAN, .doc = text }
#define PERSON_OUT OUT(TEXT, "id"), OUT(TEXT, "name")
#define CURRENCY_OUT OUT_OBJECT("currency", OUT(TEXT, "code"), OUT(TEXT, "symbol"))
/* clang-format on */
#endif
