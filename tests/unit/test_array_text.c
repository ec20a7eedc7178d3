/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/array_text.h"
#include "common/memory.h"
#include "tests/unit/suite.h"

START_TEST(nothing_is_an_empty_array)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct array_text array = { 0 };

    ck_assert_str_eq(array_end(ctx, &array), "{}");
}
END_TEST

START_TEST(values_are_quoted)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct array_text array = { 0 };

    array_add(ctx, &array, "plain");
    array_add(ctx, &array, "");
    array_add(ctx, &array, NULL);
    array_add(ctx, &array, "NULL");
    array_add(ctx, &array, "{a,\"b\"\\c}");
    ck_assert_str_eq(array_end(ctx, &array), "{\"plain\",\"\",NULL,\"NULL\",\"{a,\\\"b\\\"\\\\c}\"}");
}
END_TEST

START_TEST(it_grows)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct array_text array = { 0 };
    char text[1001];

    memset(text, 'x', 1000);
    text[1000] = '\0';
    for (int i = 0; i < 100; i++)
        array_add(ctx, &array, text);
    ck_assert_uint_eq(strlen(array_end(ctx, &array)), 100 * 1003 + 1);
}
END_TEST

SUITE(array_text)
{
    tcase_add_test(tests, nothing_is_an_empty_array);
    tcase_add_test(tests, values_are_quoted);
    tcase_add_test(tests, it_grows);
}
