/* SPDX-License-Identifier: GPL-3.0-or-later
 * The rules of the scalar types of fields, one function a type; field.c has the table that names them. */
#ifndef MILLRACE_FIELD_TYPES_H
#define MILLRACE_FIELD_TYPES_H
#include "common/field.h"

struct field_refusal {
    enum field_reason reason;
    const char *message;
};

/* The SQL text of a value that keeps the field's rule; on ctx, or text itself. NULL when it does not, and then
 * *ret_refusal says why. */
typedef const char *field_rule_fn(void *ctx, const struct field *field, const char *text,
                                  struct field_refusal *ret_refusal);
field_rule_fn field_rule_text, field_rule_integer, field_rule_boolean, field_rule_enum, field_rule_email,
    field_rule_code, field_rule_slug, field_rule_uuid, field_rule_id, field_rule_token, field_rule_number;
/* field_formats.c */
field_rule_fn field_rule_decimal, field_rule_date, field_rule_clock, field_rule_time, field_rule_zone, field_rule_phone,
    field_rule_url, field_rule_currency, field_rule_word;

/* Whether the field has an upper bound, and whether n lies within its bounds. */
bool field_bounded(const struct field *field);
bool field_within(const struct field *field, long long n);
/* text, when it has as many characters as the field allows. */
const char *field_sized(void *ctx, const struct field *field, const char *text, long long characters,
                        struct field_refusal *ret);
#endif
