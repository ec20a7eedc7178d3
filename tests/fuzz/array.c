/* SPDX-License-Identifier: GPL-3.0-or-later
 * Arrays for SQL: what is written is what PostgreSQL reads (its manual, 8.15.6). Input: values, a line each; an empty
 * one is null, one of a single blank is empty. */
#include "common/array_text.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"

/* Read one element at *at and hold it to be value. */
static void hold_element(const char **at, const char *value)
{
    if (!value) {
        MUST(!strncmp(*at, "NULL", 4));
        *at += 4;
        return;
    }
    MUST(*(*at)++ == '"');
    for (; **at != '"'; (*at)++, value++) {
        *at += **at == '\\';
        MUST(**at && **at == *value);
    }
    MUST(!*value);
    (*at)++;
}

static const char *value_of(void *ctx, struct input *input)
{
    const char *line = input_line(ctx, input);
    return !*line ? NULL : !strcmp(line, " ") ? "" : line;
}

FUZZ(array)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size), again = input;
    struct array_text array = { 0 };
    const char *at;
    bool first = true;

    while (input.left)
        array_add(ctx, &array, value_of(ctx, &input));
    at = array_end(ctx, &array);
    MUST(*at++ == '{');
    for (; again.left; first = false) {
        MUST(first || *at++ == ',');
        hold_element(&at, value_of(ctx, &again));
    }
    MUST(!strcmp(at, "}"));
}
