/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fields as JSON Schema (2020-12, what OpenAPI 3.1 takes). All that is given is the caller's; nothing is ever NULL. */
#ifndef MILLRACE_SCHEMA_H
#define MILLRACE_SCHEMA_H
#include "fcgi/endpoint.h"
#include <jansson.h>

/* An answer's member has the type that reply_check() holds it to; an input's, what field_check_json() takes. */
enum schema_use { SCHEMA_INPUT, SCHEMA_ANSWER };

json_t *field_schema(const struct field *field, enum schema_use use);
/* An object of a table's BODY fields. */
json_t *fields_schema(const struct field *fields, enum schema_use use);
/* A dialect's table with body in the place of BODY_HERE; of a body that is NULL, without that member. Takes body. */
json_t *wrapped_schema(const struct field *fields, json_t *body);

/* Sets a member; takes value, which must not be NULL. */
void json_put(json_t *object, const char *name, json_t *value);
#endif
