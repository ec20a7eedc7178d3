/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/input/cursor.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <string.h>

static const char bound[] = "ailice/item_list 7 20 40";

static const struct cursor cursors[] = {
    { false, -1, "[1]" },
    { true, 1000000, "[\"2024-01-15T10:30:00.123456+00:00\", 7]" },
    { false, INT64_MAX, "" },
    { true, INT64_MIN, " 5 -7 u\n\"\xc3\xa9" },
};

static struct keys keys_of(const char *secret)
{
    struct keys keys;
    ck_assert_int_eq(keys_derive(secret, &keys), 0);
    return keys;
}
#define KEYS keys_of("0123456789abcdef0123456789abcdef")

START_TEST(what_is_written_is_read)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = KEYS;

    for (size_t i = 0; i < ELEMENTS(cursors); i++) {
        char *text = cursor_write(ctx, &keys, bound, &cursors[i]);
        struct cursor cursor;

        ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                          strlen(text));
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, text, &cursor), 0);
        ck_assert(cursor.up == cursors[i].up && cursor.total == cursors[i].total);
        ck_assert_str_eq(cursor.key, cursors[i].key);
    }
}
END_TEST

START_TEST(nothing_else_holds)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = KEYS, others = keys_of("another secret of thirty-two bytes");
    char *text = cursor_write(ctx, &keys, bound, &cursors[1]), *altered = COPY(ctx, text);
    struct cursor cursor = { .total = 5 };

    ck_assert_int_eq(cursor_read(ctx, &others, bound, text, &cursor), -EINVAL);
    ck_assert_int_eq(cursor_read(ctx, &keys, "ailice/item_list 8 20 40", text, &cursor), -EINVAL);
    ck_assert_int_eq(cursor_read(ctx, &keys, "", text, &cursor), -EINVAL);
    for (size_t i = 0; i < strlen(text); i++) {
        altered[i] = text[i] == 'x' ? 'y' : 'x';
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, altered, &cursor), -EINVAL);
        altered[i] = '*';
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, altered, &cursor), -EINVAL);
        altered[i] = '\0';
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, altered, &cursor), -EINVAL);
        altered[i] = text[i];
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, text + i, &cursor), i ? -EINVAL : 0);
    }
    ck_assert_int_eq(cursor_read(ctx, &keys, bound, FORMAT(ctx, "%s%s", text, "A"), &cursor), -EINVAL);
    ck_assert_int_eq(cursor_read(ctx, &keys, bound, FORMAT(ctx, "%s=", text), &cursor), -EINVAL);
}
END_TEST

START_TEST(a_failure_leaves_no_trace)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = KEYS;
    struct cursor cursor = { .up = true, .total = 5, .key = "k" };

    ck_assert_int_eq(cursor_read(ctx, &keys, bound, "AAAA", &cursor), -EINVAL);
    ck_assert(cursor.up && cursor.total == 5 && !strcmp(cursor.key, "k"));
}
END_TEST

START_TEST(lengths_are_bounded)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = KEYS;
    char *longest = NULL, *text;
    struct cursor cursor;

    for (size_t n = 500; n < 700; n++) {
        char *key = memory_check(talloc_zero_size(ctx, n + 1));

        memset(key, 'k', n);
        text = cursor_write(ctx, &keys, bound, &(struct cursor){ .key = key });
        if (!text)
            break;
        longest = text;
        ck_assert_int_eq(cursor_read(ctx, &keys, bound, text, &cursor), 0);
        ck_assert_uint_eq(strlen(cursor.key), n);
    }
    ck_assert_uint_le(strlen(longest), CURSOR_MAX);
    text = memory_check(talloc_zero_size(ctx, 100001));
    memset(text, 'A', 100000);
    ck_assert_int_eq(cursor_read(ctx, &keys, bound, text, &cursor), -EINVAL);
    ck_assert_int_eq(cursor_read(ctx, &keys, bound, "", &cursor), -EINVAL);
}
END_TEST

SUITE(cursor)
{
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, nothing_else_holds);
    tcase_add_test(tests, a_failure_leaves_no_trace);
    tcase_add_test(tests, lengths_are_bounded);
}
