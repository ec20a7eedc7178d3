/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/field.h"
#include "common/field_types.h"
#include "common/json.h"
#include "common/memory.h"
#include <assert.h>
#include <stdarg.h>

struct check {
    void *ctx;
    struct field_errors *errors;
};

/* Where a value stands. Its path is written out only when there is something to say of it. */
struct place {
    const struct place *up; /* NULL at the top */
    const char *name;       /* NULL: item number index of a list */
    size_t index;
};

/* A copy of the value with unknown members left out; NULL when a rule is broken. */
typedef json_t *composite_fn(const struct check *check, const struct field *field, const struct place *at,
                             json_t *value);
static composite_fn check_members, check_items;

typedef const char *text_of_fn(void *ctx, const json_t *value);
static text_of_fn text_of_string, text_of_integer, text_of_boolean, text_of_decimal, text_of_number;

typedef json_t *json_of_fn(const struct field *field, const char *text);
static json_of_fn json_of_string, json_of_id, json_of_json;

/* A scalar has text_of and rule, an object or list has composite. */
static const struct checker {
    const char *must;    /* be of that JSON type */
    text_of_fn *text_of; /* a JSON value as text; NULL when it is of another type */
    field_rule_fn *rule;
    composite_fn *composite;
    json_of_fn *json_of; /* the way back from SQL text */
} checkers[] = {
    [TEXT] = { "must be text", text_of_string, field_rule_text, NULL, json_of_string },
    [INTEGER] = { "must be a whole number", text_of_integer, field_rule_integer, NULL, json_of_json },
    [BOOLEAN] = { "must be true or false", text_of_boolean, field_rule_boolean, NULL, json_of_json },
    [ENUM] = { "must be text", text_of_string, field_rule_enum, NULL, json_of_string },
    [EMAIL] = { "must be text", text_of_string, field_rule_email, NULL, json_of_string },
    [CODE] = { "must be text", text_of_string, field_rule_code, NULL, json_of_string },
    [SLUG] = { "must be text", text_of_string, field_rule_slug, NULL, json_of_string },
    [UUID] = { "must be text", text_of_string, field_rule_uuid, NULL, json_of_string },
    [ID] = { "must be text", text_of_string, field_rule_id, NULL, json_of_id },
    [TOKEN] = { "must be text", text_of_string, field_rule_token, NULL, json_of_string },
    [WORD] = { "must be text", text_of_string, field_rule_word, NULL, json_of_string },
    [DECIMAL] = { "must be a decimal number", text_of_decimal, field_rule_decimal, NULL, json_of_string },
    [DATE] = { "must be text", text_of_string, field_rule_date, NULL, json_of_string },
    [CLOCK] = { "must be text", text_of_string, field_rule_clock, NULL, json_of_string },
    [TIME] = { "must be text", text_of_string, field_rule_time, NULL, json_of_string },
    [ZONE_NAME] = { "must be text", text_of_string, field_rule_zone, NULL, json_of_string },
    [PHONE] = { "must be text", text_of_string, field_rule_phone, NULL, json_of_string },
    [URL] = { "must be text", text_of_string, field_rule_url, NULL, json_of_string },
    [CURRENCY] = { "must be text", text_of_string, field_rule_currency, NULL, json_of_string },
    [NUMBER] = { "must be a number", text_of_number, field_rule_number, NULL, json_of_json },
    [OBJECT] = { "must be an object", NULL, NULL, check_members, json_of_json },
    [LIST] = { "must be a list", NULL, NULL, check_items, json_of_json },
};

void field_refuse(void *ctx, struct field_errors *errors, enum field_reason reason, const char *field,
                  const char *format, ...)
{
    va_list arguments;
    char *message;

    if (errors->count == FIELD_ERRORS_MAX)
        return;
    va_start(arguments, format);
    message = memory_check(talloc_vasprintf(ctx, format, arguments));
    va_end(arguments);
    errors->list[errors->count++] =
        (struct field_error){ .field = COPY(ctx, field), .message = message, .reason = reason };
}

static const char *place_path(void *ctx, const struct place *place)
{
    const char *up = place->up ? place_path(ctx, place->up) : "";

    if (!place->name)
        return FORMAT(ctx, "%s[%zu]", up, place->index);
    return *up ? FORMAT(ctx, "%s.%s", up, place->name) : place->name;
}

static void refuse(const struct check *check, const struct place *at, enum field_reason reason, const char *message)
{
    autotalloc void *scratch = talloc_new(NULL);
    field_refuse(check->ctx, check->errors, reason, place_path(scratch, at), "%s", message);
}

static const char *text_of_string(void *ctx, const json_t *value)
{
    (void)ctx;
    return json_string_value(value);
}

static const char *text_of_integer(void *ctx, const json_t *value)
{
    return json_is_integer(value) ? FORMAT(ctx, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
}

static const char *text_of_boolean(void *ctx, const json_t *value)
{
    (void)ctx;
    if (!json_is_boolean(value))
        return NULL;
    return json_is_true(value) ? "true" : "false";
}

/* A JSON number has been read into a double, which keeps fifteen digits as they were written. */
static const char *text_of_decimal(void *ctx, const json_t *value)
{
    char *text;

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        return text_of_integer(ctx, value);
    if (!json_is_real(value))
        return NULL;
    text = FORMAT(ctx, "%.15g", json_real_value(value));
    return strtod(text, NULL) == json_real_value(value) ? text : "more than fifteen digits";
}

static const char *text_of_number(void *ctx, const json_t *value)
{
    return json_is_real(value) ? FORMAT(ctx, "%.17g", json_real_value(value)) : text_of_integer(ctx, value);
}

static json_t *json_of_string(const struct field *field, const char *text)
{
    (void)field;
    return json_string(text);
}

static json_t *json_of_id(const struct field *field, const char *text)
{
    return json_sprintf("%s%s", field->prefix ? field->prefix : "", text);
}

/* Numbers, true and false, objects and lists are written in SQL as they are in JSON. */
static json_t *json_of_json(const struct field *field, const char *text)
{
    autotalloc void *scratch = talloc_new(NULL);
    json_t *value = NULL;
    const char *why;

    (void)field;
    json_parse_strict(scratch, text, strlen(text), &value, &why);
    return value;
}

json_t *field_json(const struct field *field, const char *text)
{
    return text ? checkers[field->type].json_of(field, text) : NULL;
}

const struct field *field_find(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

bool field_secret(const struct field *field)
{
    if (field->type == LIST && field->fields && field_secret(field->fields))
        return true;
    for (const struct field *inner = field->type == OBJECT ? field->fields : NULL; inner && inner->name; inner++)
        if (field_secret(inner))
            return true;
    return field->flags & SECRET;
}

/* Whether the field may be missing. */
static bool check_missing(const struct check *check, const struct field *field, const struct place *at)
{
    if (field->flags & REQUIRED)
        refuse(check, at, FIELD_REQUIRED, "is required");
    return !(field->flags & REQUIRED);
}

static bool check_null(const struct check *check, const struct field *field, const struct place *at)
{
    if (!(field->flags & NULLABLE))
        refuse(check, at, FIELD_INVALID, "must not be null");
    return field->flags & NULLABLE;
}

/* The SQL text on ctx of a scalar's text; NULL when a rule is broken. */
static const char *check_scalar(const struct check *check, void *ctx, const struct field *field, const struct place *at,
                                const char *text)
{
    struct field_refusal refusal;
    const char *ruled;

    if (!text) {
        refuse(check, at, FIELD_INVALID, checkers[field->type].must);
        return NULL;
    }
    ruled = checkers[field->type].rule(ctx, field, text, &refusal);
    if (!ruled) {
        refuse(check, at, refusal.reason, refusal.message);
        return NULL;
    }
    return COPY(ctx, ruled);
}

/* A member of an object or list: what the copy keeps of it, or NULL. */
static json_t *check_member(const struct check *check, const struct field *field, const struct place *at, json_t *value)
{
    const struct checker *checker = &checkers[field->type];
    autotalloc void *scratch = NULL;

    if (json_is_null(value))
        return check_null(check, field, at) ? json_null() : NULL;
    if (checker->composite)
        return checker->composite(check, field, at, value);
    scratch = talloc_new(NULL);
    return check_scalar(check, scratch, field, at, checker->text_of(scratch, value)) ? json_incref(value) : NULL;
}

/* Of an object that may have any members. */
static json_t *check_size(const struct check *check, const struct field *field, const struct place *at, json_t *value)
{
    autotalloc void *scratch = NULL;

    if (json_dumpb(value, NULL, 0, JSON_COMPACT) <= (size_t)(field->max ? field->max : FIELD_OBJECT_MAX))
        return json_incref(value);
    scratch = talloc_new(NULL);
    refuse(check, at, FIELD_TOO_LONG,
           FORMAT(scratch, "must be at most %lld bytes of JSON", field->max ? field->max : FIELD_OBJECT_MAX));
    return NULL;
}

static json_t *check_members(const struct check *check, const struct field *field, const struct place *at,
                             json_t *value)
{
    json_auto_t *copy = json_object();
    bool good = true;

    if (!json_is_object(value)) {
        refuse(check, at, FIELD_INVALID, checkers[OBJECT].must);
        return NULL;
    }
    if (!field->fields)
        return check_size(check, field, at, value);
    for (const struct field *member = field->fields; member->name; member++) {
        struct place place = { .up = at, .name = member->name };
        json_t *given = json_object_get(value, member->name), *kept;

        if (!given) {
            good &= check_missing(check, member, &place);
            continue;
        }
        kept = check_member(check, member, &place, given);
        good &= kept && !json_object_set_new(copy, member->name, kept);
    }
    return good ? TAKE(copy) : NULL;
}

static bool check_count(const struct check *check, const struct field *field, const struct place *at, size_t count)
{
    autotalloc void *scratch = NULL;

    if (field_within(field, (long long)count))
        return true;
    scratch = talloc_new(NULL);
    if ((long long)count < field->min)
        refuse(check, at, FIELD_INVALID, FORMAT(scratch, "must have %lld items or more", field->min));
    else
        refuse(check, at, FIELD_TOO_LONG, FORMAT(scratch, "must have at most %lld items", field->max));
    return false;
}

static json_t *check_items(const struct check *check, const struct field *field, const struct place *at, json_t *value)
{
    json_auto_t *copy = json_array();
    bool good = true;
    json_t *item;
    size_t i;

    if (!json_is_array(value)) {
        refuse(check, at, FIELD_INVALID, checkers[LIST].must);
        return NULL;
    }
    if (!check_count(check, field, at, json_array_size(value)))
        return NULL;
    json_array_foreach(value, i, item)
    {
        struct place place = { .up = at, .index = i };
        json_t *kept = check_member(check, field->fields, &place, item);

        good &= kept && !json_array_append_new(copy, kept);
        if (check->errors->count == FIELD_ERRORS_MAX)
            break;
    }
    return good ? TAKE(copy) : NULL;
}

/* A value that is there. */
static bool check_value(const struct check *check, const struct field *field, const struct place *at, json_t *value,
                        const char **ret)
{
    const struct checker *checker = &checkers[field->type];
    json_auto_t *copy = NULL;
    const char *text = NULL;

    if (json_is_null(value)) {
        if (!check_null(check, field, at))
            return false;
    } else if (checker->composite) {
        copy = checker->composite(check, field, at, value);
        if (!copy)
            return false;
        text = json_text(check->ctx, copy);
    } else {
        text = check_scalar(check, check->ctx, field, at, checker->text_of(check->ctx, value));
        if (!text)
            return false;
    }
    *ret = text;
    return true;
}

bool field_check_json(void *ctx, const struct field *field, const char *path, json_t *value,
                      struct field_errors *errors, const char **ret)
{
    const struct check check = { ctx, errors };
    const struct place at = { .name = path };

    assert((size_t)field->type < ELEMENTS(checkers));
    if (value)
        return check_value(&check, field, &at, value, ret);
    if (!check_missing(&check, field, &at))
        return false;
    *ret = field->standard;
    return true;
}

bool field_check_text(void *ctx, const struct field *field, const char *path, const char *text,
                      struct field_errors *errors, const char **ret)
{
    const struct check check = { ctx, errors };
    const struct place at = { .name = path };
    json_auto_t *value = NULL;
    const char *why;

    if (!text)
        return field_check_json(ctx, field, path, NULL, errors, ret);
    if (!checkers[field->type].composite) {
        text = check_scalar(&check, ctx, field, &at, text);
        if (text)
            *ret = text;
        return text;
    }
    if (json_parse_strict(ctx, text, strlen(text), &value, &why) < 0) {
        refuse(&check, &at, FIELD_INVALID, checkers[field->type].must);
        return false;
    }
    return check_value(&check, field, &at, value, ret);
}

bool field_check_object(void *ctx, const struct field *fields, json_t *object, struct field_errors *errors,
                        field_set_fn *set, void *closure)
{
    bool good = true;

    if (object && !json_is_object(object)) {
        field_refuse(ctx, errors, FIELD_INVALID, "", "%s", checkers[OBJECT].must);
        return false;
    }
    for (const struct field *field = fields; field->name; field++) {
        const char *text;

        if (field->in != BODY)
            continue;
        if (field_check_json(ctx, field, field->name, json_object_get(object, field->name), errors, &text))
            set(closure, field->name, text);
        else
            good = false;
    }
    return good;
}
