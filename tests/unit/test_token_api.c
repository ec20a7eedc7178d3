/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/token.h"
#include "tests/unit/suite.h"
#include <errno.h>

static struct keys keys_of(const char *text)
{
    struct keys keys;

    ck_assert_int_eq(keys_derive(text, &keys), 0);
    return keys;
}

static const struct api_token tokens[] = { { 1, 0 }, { 42, 7 }, { (1ll << 40) - 1, (1 << 24) - 1 } };

START_TEST(a_token_gives_back_what_it_says)
{
    struct keys keys = keys_of("0123456789abcdef0123456789abcdef");
    char text[API_TOKEN_HEX + 1], again[API_TOKEN_HEX + 1];
    struct api_token token = { 0 };

    api_token_make(&keys, "smsagent", &tokens[_i], text);
    api_token_make(&keys, "smsagent", &tokens[_i], again);
    ck_assert_str_eq(text, again);
    ck_assert_uint_eq(strlen(text), API_TOKEN_HEX);
    ck_assert_int_eq(api_token_verify(&keys, "smsagent", text, &token), 0);
    ck_assert_int_eq(token.account_id, tokens[_i].account_id);
    ck_assert_int_eq(token.generation, tokens[_i].generation);
    ck_assert_int_eq(api_token_verify(&keys, "ailice", text, &token), -EINVAL);
}
END_TEST

START_TEST(no_digit_of_a_token_may_change)
{
    struct keys keys = keys_of("0123456789abcdef0123456789abcdef"),
                others = keys_of("0123456789abcdef0123456789abcdeg");
    char text[API_TOKEN_HEX + 1];
    struct api_token token;

    api_token_make(&keys, "smsagent", &tokens[1], text);
    ck_assert_int_eq(api_token_verify(&others, "smsagent", text, &token), -EINVAL);
    text[_i] = text[_i] == '0' ? '1' : '0';
    ck_assert_int_eq(api_token_verify(&keys, "smsagent", text, &token), -EINVAL);
    text[_i] = 'g';
    ck_assert_int_eq(api_token_verify(&keys, "smsagent", text, &token), -EINVAL);
    text[_i] = '\0';
    ck_assert_int_eq(api_token_verify(&keys, "smsagent", text, &token), -EINVAL);
}
END_TEST

START_TEST(each_session_has_its_own_guard)
{
    struct keys keys = keys_of("0123456789abcdef0123456789abcdef");
    char one[DIGEST_HEX + 1], again[DIGEST_HEX + 1], other[DIGEST_HEX + 1];

    csrf_token(&keys, "00112233445566778899aabbccddeeff", one);
    csrf_token(&keys, "00112233445566778899aabbccddeeff", again);
    csrf_token(&keys, "00112233445566778899aabbccddeef0", other);
    ck_assert_str_eq(one, again);
    ck_assert_str_ne(one, other);
}
END_TEST

SUITE(token_api)
{
    tcase_add_loop_test(tests, a_token_gives_back_what_it_says, 0, ELEMENTS(tokens));
    tcase_add_loop_test(tests, no_digit_of_a_token_may_change, 0, API_TOKEN_HEX);
    tcase_add_test(tests, each_session_has_its_own_guard);
}
