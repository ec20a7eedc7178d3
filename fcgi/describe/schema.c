/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/describe/schema.h"
#include "common/memory.h"

const struct field body_here[] = { { .name = NULL } };

/* What min and max of a field are. */
enum bounds { NONE, LENGTH, VALUE, COUNT };

/* The schema of each type; also: another JSON type that is taken. */
static const struct shape {
    const char *type, *also, *format, *pattern;
    enum bounds bounds;
    int longest;
} shapes[] = {
    [TEXT] = { .type = "string", .bounds = LENGTH },
    [INTEGER] = { .type = "integer", .bounds = VALUE },
    [BOOLEAN] = { .type = "boolean" },
    [ENUM] = { .type = "string" },
    [EMAIL] = { .type = "string", .format = "email", .longest = 254 },
    [CODE] = { .type = "string", .pattern = "^[0-9]*$", .bounds = LENGTH },
    [SLUG] = { .type = "string", .pattern = "^[a-z0-9-]*$", .bounds = LENGTH },
    [UUID] = { .type = "string", .format = "uuid" },
    [ID] = { .type = "string" },
    [TOKEN] = { .type = "string", .pattern = "^[A-Za-z0-9_.-]*$", .bounds = LENGTH },
    [WORD] = { .type = "string", .pattern = "^[a-z0-9_]*$", .bounds = LENGTH },
    [DECIMAL] = { .type = "number", .also = "string", .bounds = VALUE },
    [DATE] = { .type = "string", .format = "date" },
    [CLOCK] = { .type = "string", .pattern = "^[0-9]{2}:[0-9]{2}$" },
    [TIME] = { .type = "string" },
    [ZONE_NAME] = { .type = "string" },
    [PHONE] = { .type = "string", .pattern = "^\\+[1-9][0-9]*$" },
    [URL] = { .type = "string", .format = "uri", .longest = 2048 },
    [CURRENCY] = { .type = "string", .pattern = "^[A-Za-z]{3}$" },
    [NUMBER] = { .type = "number" },
    [FILE_PART] = { .type = "string", .format = "binary" },
    [OBJECT] = { .type = "object" },
    [LIST] = { .type = "array", .bounds = COUNT },
};

/* The words for the least and the most. */
static const struct {
    const char *least, *most;
} bound_words[] = {
    [LENGTH] = { "minLength", "maxLength" },
    [VALUE] = { "minimum", "maximum" },
    [COUNT] = { "minItems", "maxItems" },
};

void json_put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, memory_check(value));
}

static void put_type(json_t *schema, const struct field *field, const struct shape *shape, enum schema_use use)
{
    const char *type = shape->type, *also = shape->also;
    json_t *types;

    if (also && use == SCHEMA_ANSWER) {
        type = also;
        also = NULL;
    }
    if (!also && !(field->flags & NULLABLE)) {
        json_put(schema, "type", json_string(type));
        return;
    }
    types = json_pack("[s]", type);
    if (also)
        json_array_append_new(types, json_string(also));
    if (field->flags & NULLABLE)
        json_array_append_new(types, json_string("null"));
    json_put(schema, "type", types);
}

static void put_values(json_t *schema, const struct field *field)
{
    json_t *values = json_array();

    for (const char *const *value = field->values; *value; value++)
        json_array_append_new(values, json_string(*value));
    if (field->flags & NULLABLE)
        json_array_append_new(values, json_null());
    json_put(schema, "enum", values);
}

/* Without max, or with one below min, there is no upper bound; an INTEGER with neither takes any (common/field.h). */
static void put_bounds(json_t *schema, const struct field *field, const struct shape *shape)
{
    bool value = shape->bounds == VALUE, both = field->max > field->min || (field->max == field->min && field->max);

    if (field->flags & POSITIVE)
        json_put(schema, "exclusiveMinimum", json_integer(0));
    else if (value ? field->min || field->max : field->min > 0)
        json_put(schema, bound_words[shape->bounds].least, json_integer(field->min));
    if (both && !(field->flags & CLAMPED))
        json_put(schema, bound_words[shape->bounds].most, json_integer(field->max));
}

static void put_pattern(json_t *schema, const struct field *field, const struct shape *shape)
{
    if (field->type == ID)
        json_put(schema, "pattern", json_sprintf("^%s[1-9][0-9]*$", field->prefix ? field->prefix : ""));
    else if (field->flags & NOT_BLANK)
        json_put(schema, "pattern", json_string("\\S"));
    else if (shape->pattern)
        json_put(schema, "pattern", json_string(shape->pattern));
}

static void put_words(json_t *schema, const struct field *field)
{
    if (field->doc && field->flags & CLAMPED)
        json_put(schema, "description",
                 json_sprintf("%s More than %lld counts as %lld.", field->doc, field->max, field->max));
    else if (field->doc)
        json_put(schema, "description", json_string(field->doc));
}

static json_t *table_schema(const struct field *fields, enum schema_use use, json_t *body);

static json_t *schema_of(const struct field *field, enum schema_use use, json_t *body)
{
    const struct shape *shape = &shapes[field->type];
    json_t *schema = field->type == OBJECT && field->fields ? table_schema(field->fields, use, body) : json_object();

    put_type(schema, field, shape, use);
    if (shape->format)
        json_put(schema, "format", json_string(shape->format));
    if (shape->longest)
        json_put(schema, "maxLength", json_integer(shape->longest));
    put_pattern(schema, field, shape);
    if (field->values)
        put_values(schema, field);
    if (shape->bounds != NONE)
        put_bounds(schema, field, shape);
    if (field->type == LIST && field->fields)
        json_put(schema, "items", schema_of(field->fields, use, body));
    if (field->standard)
        json_put(schema, "default", field_json(field, field->standard));
    if (field->flags & SECRET && use == SCHEMA_INPUT)
        json_put(schema, "writeOnly", json_true());
    put_words(schema, field);
    return schema;
}

static json_t *table_schema(const struct field *fields, enum schema_use use, json_t *body)
{
    json_t *members = json_object(), *required = json_array(), *schema = json_pack("{ss}", "type", "object");

    for (; fields->name; fields++) {
        if (fields->in != BODY || (fields->fields == body_here && !body))
            continue;
        json_put(members, field_sent_as(fields),
                 fields->fields == body_here ? json_incref(body) : schema_of(fields, use, body));
        if (fields->flags & REQUIRED)
            json_array_append_new(required, json_string(field_sent_as(fields)));
    }
    json_put(schema, "properties", members);
    if (json_array_size(required))
        json_put(schema, "required", required);
    else
        json_decref(required);
    return schema;
}

json_t *field_schema(const struct field *field, enum schema_use use)
{
    return schema_of(field, use, NULL);
}

json_t *fields_schema(const struct field *fields, enum schema_use use)
{
    return table_schema(fields, use, NULL);
}

json_t *wrapped_schema(const struct field *fields, json_t *body)
{
    json_t *schema = table_schema(fields, SCHEMA_ANSWER, body);

    json_decref(body);
    return schema;
}
