/* SPDX-License-Identifier: GPL-3.0-or-later
 * One value as a path, a query or a form gives it, against one field of all there are. Input: which (2), the text. */
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include "tests/fuzz/shared/sql_text.h"

FUZZ(field)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const struct field *field = any_field(input_number(&input, 2));
    const char *text = input_rest(ctx, &input), *value = text;
    struct field_errors errors = { 0 };

    if (!field_check_text(ctx, field, field->name, text, &errors, &value)) {
        MUST(errors.count > 0 && value == text);
        return;
    }
    MUST(!errors.count);
    if (!value)
        return;
    sql_text_hold(field, value);
    sql_text_hold_round(ctx, field, value);
}
