/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "tests/unit/suite.h"
#include <errno.h>

static int parse(void *ctx, const char *text, json_t **ret, const char **ret_why)
{
    return json_parse_strict(ctx, text, strlen(text), ret, ret_why);
}

static const struct {
    const char *text, *compact;
} accepted[] = {
    { "{\"b\": 1, \"a\": [true, null, \"x\"]}", "{\"b\":1,\"a\":[true,null,\"x\"]}" },
    { " 12 ", "12" },
    { "\"text\"", "\"text\"" },
    { "null", "null" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "\"\\u00e9\\ud83d\\ude00\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
    { "\"[[[[ \\\" {{{{\"", "\"[[[[ \\\" {{{{\"" },
};

START_TEST(what_is_json_is_parsed_and_printed)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *value = NULL;
    const char *why = NULL;

    ck_assert_int_eq(parse(ctx, accepted[_i].text, &value, &why), 0);
    ck_assert_str_eq(json_text(ctx, value), accepted[_i].compact);
}
END_TEST

static const struct {
    const char *text, *why;
} refused[] = {
    { "", "line 1, column 0: the text ends too early" },
    { "{\"a\":1,\n \"a\":2}", "line 2, column 4: a member is named twice" },
    { "{\"a\":1} x", "line 1, column 9: more text after the end of the value" },
    { "{\"a\":1", "line 1, column 6: the text ends too early" },
    { "{'a':1}", "line 1, column 2: not JSON" },
    { "[1,]", "line 1, column 4: not JSON" },
    { "[01]", "line 1, column 2: not JSON" },
    { "[NaN]", "line 1, column 4: not JSON" },
    { "\"a\\u0000b\"", "line 1, column 10: the character U+0000 is not accepted" },
    { "{\"a\\u0000b\":1}", "line 1, column 11: the character U+0000 is not accepted" },
    { "\"\\ud800\"", "line 1, column 8: not JSON" },
    { "\"\xff\"", "line 1, column 1: not UTF-8" },
    { "\"\xc0\x80\"", "line 1, column 1: not UTF-8" },
    { "9223372036854775808", "line 1, column 19: a number is too large (whole numbers have 64 bits at most)" },
    { "1e999", "line 1, column 5: a number is too large (whole numbers have 64 bits at most)" },
};

/* 0.9991 used to come out as 0.99909999999999999. */
START_TEST(numbers_are_written_as_they_were_meant)
{
    static const char *const texts[] = { "0.9991",  "[0.1,0.2,{\"a\":12.345}]", "1e300",
                                         "-0.0",    "0.30000000000000004",      "[1.0,0.30000000000000004]",
                                         "1234.56", "9007199254740993",         "0.33333333333333331" };

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        json_auto_t *value = NULL;
        const char *why;

        ck_assert_int_eq(json_parse_strict(ctx, texts[i], strlen(texts[i]), &value, &why), 0);
        ck_assert_str_eq(json_text(ctx, value), texts[i]);
    }
}
END_TEST

START_TEST(what_is_not_is_refused_with_its_position)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_t *value = NULL;
    const char *why = NULL;

    ck_assert_int_eq(parse(ctx, refused[_i].text, &value, &why), -EINVAL);
    ck_assert_str_eq(why, refused[_i].why);
    ck_assert_ptr_null(value);
}
END_TEST

START_TEST(a_zero_byte_does_not_hide_what_follows)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_t *value = NULL;
    const char *why = NULL;

    ck_assert_int_eq(json_parse_strict(ctx, "12\0", 3, &value, &why), -EINVAL);
    ck_assert_int_eq(json_parse_strict(ctx, "\"a\0b\"", 5, &value, &why), -EINVAL);
    ck_assert_ptr_null(value);
}
END_TEST

/* n times open, then close n times. */
static char *nested(void *ctx, const char *open, const char *close, int n)
{
    size_t left = strlen(open), right = strlen(close);
    char *text = memory_check(talloc_zero_array(ctx, char, (size_t)n *(left + right) + 1));

    for (size_t i = 0; i < (size_t)n; i++) {
        memcpy(text + i * left, open, left);
        memcpy(text + (size_t)n * left + i * right, close, right);
    }
    return text;
}

START_TEST(depth_is_bounded_before_parsing)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_t *value = NULL;
    const char *why = NULL;

    ck_assert_int_eq(parse(ctx, nested(ctx, "[", "]", JSON_DEPTH_MAX), &value, &why), 0);
    json_decref(value);
    value = NULL;
    ck_assert_int_eq(parse(ctx, nested(ctx, "[", "]", JSON_DEPTH_MAX + 1), &value, &why), -ELOOP);
    ck_assert_str_eq(why, "nested deeper than 64 levels");
    ck_assert_int_eq(parse(ctx, nested(ctx, "{\"a\":[", "", 100000), &value, &why), -ELOOP);
    ck_assert_int_eq(
        parse(ctx, "[\"\\\\\",\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", &value, &why),
        0);
    json_decref(value);
}
END_TEST

START_TEST(a_text_is_quoted_and_mended)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(json_quote(ctx, "a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\"");
    ck_assert_str_eq(json_quote(ctx, "caf\xc3\xa9"), "\"caf\xc3\xa9\"");
    ck_assert_str_eq(json_quote(ctx, "a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
    ck_assert_str_eq(json_quote(ctx, ""), "\"\"");
}
END_TEST

START_TEST(utf8_has_one_form_for_each_character)
{
    uint32_t character = 0;

    ck_assert_uint_eq(utf8_next("\xf4\x8f\xbf\xbf", &character), 4);
    ck_assert_uint_eq(character, 0x10ffff);
    ck_assert_uint_eq(utf8_next("", &character), 0);
    ck_assert_uint_eq(utf8_next("\xf4\x90\x80\x80", &character), 0);
    ck_assert_uint_eq(utf8_next("\xed\xa0\x80", &character), 0);
    ck_assert_uint_eq(utf8_next("\xe0\x80\xaf", &character), 0);
    ck_assert_uint_eq(utf8_next("\xc3", &character), 0);
    ck_assert_uint_eq(utf8_next("\x80", &character), 0);
    ck_assert(utf8_check("\xe2\x82\xac 5"));
    ck_assert(!utf8_check("5 \xe2\x82"));
}
END_TEST

SUITE(json)
{
    tcase_add_test(tests, numbers_are_written_as_they_were_meant);
    tcase_add_loop_test(tests, what_is_json_is_parsed_and_printed, 0, ELEMENTS(accepted));
    tcase_add_loop_test(tests, what_is_not_is_refused_with_its_position, 0, ELEMENTS(refused));
    tcase_add_test(tests, a_zero_byte_does_not_hide_what_follows);
    tcase_add_test(tests, depth_is_bounded_before_parsing);
    tcase_add_test(tests, a_text_is_quoted_and_mended);
    tcase_add_test(tests, utf8_has_one_form_for_each_character);
}
