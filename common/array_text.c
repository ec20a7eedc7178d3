/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/array_text.h"
#include "common/memory.h"

static void put(void *ctx, struct array_text *array, const char *bytes, size_t n)
{
    if (array->length + n + 1 > array->room) {
        array->room = (array->length + n + 1) * 2;
        array->text = memory_check(talloc_realloc_size(ctx, array->text, array->room));
    }
    memcpy(array->text + array->length, bytes, n);
    array->length += n;
}

void array_add(void *ctx, struct array_text *array, const char *value)
{
    put(ctx, array, array->length ? "," : "{", 1);
    if (!value) {
        put(ctx, array, "NULL", 4);
        return;
    }
    put(ctx, array, "\"", 1);
    while (*value) {
        size_t n = strcspn(value, "\"\\");

        put(ctx, array, value, n);
        value += n;
        if (*value) {
            put(ctx, array, "\\", 1);
            put(ctx, array, value++, 1);
        }
    }
    put(ctx, array, "\"", 1);
}

const char *array_end(void *ctx, struct array_text *array)
{
    if (!array->length)
        put(ctx, array, "{", 1);
    put(ctx, array, "}", 2); /* with its NUL byte */
    return array->text;
}
