/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/serve.h"

static bool check_object(void *ctx, const struct field *fields, const char *path, json_t *object, const char **ret_why);

static bool has_type(const struct field *field, const json_t *value)
{
    switch (field->type) {
    case INTEGER:
        return json_is_integer(value);
    case BOOLEAN:
        return json_is_boolean(value);
    case OBJECT:
        return json_is_object(value);
    case LIST:
        return json_is_array(value);
    case NUMBER:
        return json_is_number(value);
    default:
        return json_is_string(value);
    }
}

static bool check_value(void *ctx, const struct field *field, const char *path, json_t *value, const char **ret_why)
{
    json_t *member;
    size_t i;

    if (!value && !(field->flags & REQUIRED))
        return true;
    if (value && json_is_null(value) && field->flags & NULLABLE)
        return true;
    if (!value || !has_type(field, value)) {
        *ret_why = FORMAT(ctx, "%s %s", path, value ? "has another type" : "is missing");
        return false;
    }
    if (field->type == OBJECT && field->fields)
        return check_object(ctx, field->fields, path, value, ret_why);
    if (field->type == LIST)
        json_array_foreach(value, i, member) if (!check_value(ctx, field->fields, FORMAT(ctx, "%s[%zu]", path, i),
                                                              member, ret_why)) return false;
    return true;
}

static bool check_object(void *ctx, const struct field *fields, const char *path, json_t *object, const char **ret_why)
{
    for (; fields->name; fields++)
        if (!check_value(ctx, fields, *path ? FORMAT(ctx, "%s.%s", path, fields->name) : fields->name,
                         json_object_get(object, fields->name), ret_why))
            return false;
    return true;
}

bool reply_check(void *ctx, const struct endpoint *row, const char *body, size_t length, const char **ret_why)
{
    const struct field item = { .name = "item", .type = OBJECT, .flags = REQUIRED, .fields = row->out };
    const struct field whole = {
        .name = "body", .type = row->list ? LIST : OBJECT, .flags = REQUIRED, .fields = row->list ? &item : row->out
    };
    json_auto_t *value = NULL;

    return json_parse_strict(ctx, body, length, &value, ret_why) == 0 && check_value(ctx, &whole, "", value, ret_why);
}
