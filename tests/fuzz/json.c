/* SPDX-License-Identifier: GPL-3.0-or-later
 * A body of JSON against the fields of one row, or one kind of jobs. Input: which (2), the body. */
#include "common/json.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include "tests/fuzz/shared/sql_text.h"
#include <errno.h>

/* What is written again is read the same. */
static void hold_json(void *ctx, json_t *value)
{
    const char *text = json_text(ctx, value), *why;
    json_auto_t *again = NULL;

    MUST(json_parse_strict(ctx, text, strlen(text), &again, &why) == 0);
    MUST(json_equal(value, again) && !strcmp(json_text(ctx, again), text));
}

/* Any bytes become a JSON string. */
static void hold_quote(void *ctx, const char *text)
{
    const char *quoted = json_quote(ctx, text), *why;
    json_auto_t *value = NULL;

    MUST(json_parse_strict(ctx, quoted, strlen(quoted), &value, &why) == 0 && json_is_string(value));
}

static void hold_field(void *ctx, const struct field *field, json_t *value)
{
    struct field_errors errors = { 0 };
    const char *text = NULL;

    if (!field_check_json(ctx, field, field->name, value, &errors, &text)) {
        MUST(errors.count > 0);
        return;
    }
    MUST(!errors.count);
    if (text && value) {
        sql_text_hold(field, text);
        sql_text_hold_round(ctx, field, text);
    }
}

FUZZ(json)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const struct field *fields = any_fields(input_number(&input, 2));
    json_auto_t *value = NULL;
    const char *why = NULL;
    int r = json_parse_strict(ctx, input_rest(ctx, &input), input.left, &value, &why);

    hold_quote(ctx, input_rest(ctx, &input));
    MUST(r == 0 ? value != NULL : (r == -EINVAL || r == -ELOOP) && why && !value);
    if (r < 0)
        return;
    hold_json(ctx, value);
    for (; fields->name; fields++)
        if (sql_text_checked(fields))
            hold_field(ctx, fields, json_object_get(value, fields->name));
}
