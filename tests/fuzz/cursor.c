/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cursors of pages. What was made up never holds; what was written holds for its list alone, and not with a bit
 * changed. Input: which bit (2), up (1), total (8), a line with what it is bound to, the row's key or any text. */
#include "fcgi/input/cursor.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

static const struct keys *keys(void)
{
    static struct keys made;

    if (!*made.kid)
        MUST(keys_derive("0123456789abcdef0123456789abcdef", &made) == 0);
    return &made;
}

static void hold_refused(void *ctx, const char *bound, const char *text)
{
    struct cursor cursor = { .total = 77 };

    MUST(cursor_read(ctx, keys(), bound, text, &cursor) == -EINVAL && cursor.total == 77 && !cursor.key);
}

FUZZ(cursor)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    unsigned bit = input_number(&input, 2);
    struct cursor cursor = { .up = input_byte(&input) & 1 }, back;
    const char *bound;
    char *text;

    cursor.total = (long long)((unsigned long long)input_number(&input, 4) << 32 | input_number(&input, 4));
    bound = input_line(ctx, &input);
    cursor.key = input_rest(ctx, &input);
    hold_refused(ctx, bound, cursor.key);
    text = cursor_write(ctx, keys(), bound, &cursor);
    MUST(text || strlen(cursor.key) > 500);
    if (!text)
        return;
    MUST(strlen(text) <= CURSOR_MAX && strspn(text, letters) == strlen(text));
    MUST(cursor_read(ctx, keys(), bound, text, &back) == 0);
    MUST(back.up == cursor.up && back.total == cursor.total && !strcmp(back.key, cursor.key));
    hold_refused(ctx, FORMAT(ctx, "%s.", bound), text);
    hold_refused(ctx, bound, FORMAT(ctx, "%sA", text));
    text[bit / 8 % strlen(text)] ^= (char)(1 << bit % 7);
    hold_refused(ctx, bound, text);
}
