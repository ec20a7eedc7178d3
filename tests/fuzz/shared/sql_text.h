/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the statement is given, held against what the field says of itself. Written apart from the checks of common/, so
 * that the two have to agree. */
#ifndef MILLRACE_FUZZ_SQL_TEXT_H
#define MILLRACE_FUZZ_SQL_TEXT_H
#include "common/field.h"

/* text: what a check of the field gave, not NULL. */
void sql_text_hold(const struct field *field, const char *text);
/* The text as JSON, checked again, must be the same text. */
void sql_text_hold_round(void *ctx, const struct field *field, const char *text);
/* Whether values of its type come from clients. */
bool sql_text_checked(const struct field *field);

/* Every field of every row and kind that clients or producers fill, numbered from 0; which is taken modulo their
 * number. */
const struct field *any_field(unsigned which);
/* The same, tables that end with a NULL name. */
const struct field *any_fields(unsigned which);
#endif
