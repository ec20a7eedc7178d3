/* SPDX-License-Identifier: GPL-3.0-or-later
 * Strict JSON from outside: UTF-8 checked, duplicate keys refused, depth bounded. */
#ifndef MILLRACE_JSON_H
#define MILLRACE_JSON_H
#include <jansson.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 64 };

/* Parse a whole text. -EINVAL: not JSON (why, with the position, in *ret_why on ctx); -ELOOP: deeper than
 * JSON_DEPTH_MAX. The value is the caller's: json_decref or json_auto_t. Any JSON value is accepted, also a scalar. */
int json_parse_strict(void *ctx, const char *text, size_t length, json_t **ret, const char **ret_why);

/* A flag for json_dumps() and its like: numbers with 15 digits, so that 0.1 is written as it was meant, unless one of
 * them would become another by that; then all with 17. */
size_t json_digits(const json_t *value);
/* Compact text of a value on ctx, with such numbers. */
char *json_text(void *ctx, const json_t *value);

/* A C string as a JSON string with quotes, on ctx. Bytes that are not UTF-8 become U+FFFD. */
char *json_quote(void *ctx, const char *text);
#endif
