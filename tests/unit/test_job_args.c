/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job's arguments from checked input into the table, and out of it to the worker. */
#include "common/json.h"
#include "common/memory.h"
#include "queue/job_args.h"
#include "tests/unit/suite.h"
#include <errno.h>

#define TEXT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct field login[] = { { .name = "user", .type = TEXT },
                                      { .name = "password", .type = TEXT, .flags = SECRET },
                                      { .name = NULL } };
static const struct field tokens[] = { { .name = "token", .type = TEXT, .flags = SECRET } }; /* of a LIST: only one */

static const struct job_kind kind = {
    .name = "hook.call",
    .in = FIELDS({ .name = "count", .type = INTEGER }, { .name = "loud", .type = BOOLEAN },
                 { .name = "text", .type = TEXT, .max = 9 }, { .name = "image", .type = ID, .prefix = "img_" },
                 { .name = "pin", .type = INTEGER, .flags = SECRET },
                 { .name = "login", .type = OBJECT, .fields = login },
                 { .name = "tokens", .type = LIST, .fields = tokens },
                 { .name = "until", .type = TEXT, .flags = REQUIRED | NULLABLE }),
};
static const struct job_kind other = { .name = "hook.calls",
                                       .in = FIELDS({ .name = "pin", .type = INTEGER, .flags = SECRET }) };

/* What an endpoint takes; its statement has use for some of it alone. */
static const struct field given[] = {
    { .name = "page", .type = INTEGER },
    { .name = "count", .type = INTEGER },
    { .name = "loud", .type = BOOLEAN },
    { .name = "text", .type = TEXT },
    { .name = "image", .type = ID, .prefix = "img_" },
    { .name = "pin", .type = INTEGER },
    { .name = "login", .type = OBJECT, .fields = login },
    { .name = "tokens", .type = LIST, .fields = tokens },
    { .name = "until", .type = TEXT },
    { .name = NULL },
};
static const char *const all_values[] = {
    "3",
    "-12",
    "true",
    "a \"quoted\" \xc3\xa9",
    "7",
    "1234",
    "{\"user\":\"u\",\"password\":\"pass-word\"}",
    "[\"tok-en-1\",\"tok-en-2\"]",
    "noon",
};
static const char all_args[] =
    "{\"count\":-12,\"loud\":true,\"text\":\"a \\\"quoted\\\" \xc3\xa9\",\"image\":\"img_7\","
    "\"pin\":1234,\"login\":{\"user\":\"u\",\"password\":\"pass-word\"},"
    "\"tokens\":[\"tok-en-1\",\"tok-en-2\"],\"until\":\"noon\"}";

static struct seal_ring *ring_of(void *ctx, const char *configured)
{
    struct seal_ring *ring = NULL;
    struct keys keys;
    const char *why;

    ck_assert_int_eq(keys_derive("0123456789abcdef0123456789abcdef", &keys), 0);
    ck_assert_int_eq(seal_ring_new(ctx, configured, &keys, &ring, &why), 0);
    return ring;
}

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_msg(value != NULL, "%s", text);
    return value;
}

static char *sealed(void *ctx, const struct seal_ring *ring, const char *args, bool all)
{
    json_auto_t *value = parsed(args);
    autotalloc char *before = json_text(NULL, value);
    char *text = NULL;

    ck_assert_int_eq(job_args_seal(ctx, ring, &kind, value, all, &text), 0);
    ck_assert_str_eq(json_text(ctx, value), before); /* what was given stays as it is */
    return text;
}

static int open_as(void *ctx, const struct seal_ring *ring, const struct job_kind *as, const char *args,
                   const char **ret_text, const char **ret_why)
{
    json_auto_t *value = parsed(args), *opened = NULL;
    int r = job_args_open(ctx, ring, as, value, &opened, ret_why);

    if (r == 0)
        *ret_text = json_text(ctx, opened);
    else
        ck_assert_ptr_null(opened);
    return r;
}

static const char *opened(void *ctx, const struct seal_ring *ring, const char *args)
{
    const char *text = NULL, *why = "";

    ck_assert_msg(open_as(ctx, ring, &kind, args, &text, &why) == 0, "%s", why);
    return text;
}

START_TEST(input_becomes_arguments_of_its_types)
{
    static const char *const none[ELEMENTS(given)] = { NULL };
    json_auto_t *args = job_args_gather(&kind, given, all_values), *empty = job_args_gather(&kind, given, none),
                *nothing = job_args_gather(&kind, NULL, NULL);
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(json_text(ctx, args), all_args);
    ck_assert_str_eq(json_text(ctx, empty), "{\"until\":null}");
    ck_assert_str_eq(json_text(ctx, nothing), "{}");
}
END_TEST

START_TEST(what_is_secret_is_sealed_by_itself)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A);
    char *text = sealed(ctx, ring, all_args, false);
    static const char *const hidden[] = { "1234", "pass-word", "tok-en", "\"user\"" };
    json_auto_t *value = parsed(text);

    for (size_t i = 0; i < ELEMENTS(hidden); i++)
        ck_assert_msg(!strstr(text, hidden[i]), "%s in %s", hidden[i], text);
    ck_assert_int_eq(json_integer_value(json_object_get(value, "count")), -12);
    ck_assert_str_eq(json_string_value(json_object_get(value, "until")), "noon");
    ck_assert_int_eq(strncmp(json_string_value(json_object_get(value, "pin")), "mrs1.a.", 7), 0);
    ck_assert_str_eq(opened(ctx, ring, text), all_args);
    ck_assert_str_eq(opened(ctx, ring, sealed(ctx, ring, "{\"count\":1}", false)), "{\"count\":1}");
}
END_TEST

START_TEST(all_can_be_sealed_as_one)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A);
    char *text = sealed(ctx, ring, all_args, true);
    json_auto_t *value = parsed(text);

    ck_assert_uint_eq(json_object_size(value), 1);
    ck_assert_int_eq(strncmp(json_string_value(json_object_get(value, "sealed")), "mrs1.a.", 7), 0);
    ck_assert_str_eq(opened(ctx, ring, text), all_args);
    ck_assert_str_eq(opened(ctx, ring, sealed(ctx, ring, "{}", true)), "{}");
}
END_TEST

START_TEST(what_lies_in_plain_is_taken_as_it_is)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(opened(ctx, ring_of(ctx, ""), all_args), all_args);
    ck_assert_str_eq(opened(ctx, ring_of(ctx, ""), "{\"text\":\"mrs1.a.AAAA\",\"sealed\":7}"),
                     "{\"text\":\"mrs1.a.AAAA\",\"sealed\":7}");
}
END_TEST

START_TEST(a_secret_that_looks_sealed_is_a_secret_like_any)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");
    static const char args[] = "{\"tokens\":[\"mrs1.a.AAAA\"],\"pin\":\"mrs1.b.AAAA\"}";

    ck_assert_str_eq(opened(ctx, ring, sealed(ctx, ring, args, false)), args);
    ck_assert_str_eq(opened(ctx, ring, sealed(ctx, ring, args, true)), args);
}
END_TEST

/* As job_args_with() leaves it. */
START_TEST(what_a_statement_decided_goes_over_what_was_said)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");
    char *text = sealed(ctx, ring, "{\"count\":1,\"text\":\"x\"}", true);
    const char *joined = FORMAT(ctx, "%.*s,\"count\":2,\"loud\":true}", (int)strlen(text) - 1, text);

    ck_assert_str_eq(opened(ctx, ring, joined), "{\"count\":2,\"text\":\"x\",\"loud\":true}");
}
END_TEST

static void refuses(void *ctx, const struct seal_ring *ring, const struct job_kind *as, const char *args, int error,
                    const char *expected)
{
    const char *text = NULL, *why = NULL;

    ck_assert_int_eq(open_as(ctx, ring, as, args, &text, &why), error);
    ck_assert_str_eq(why, expected);
}

START_TEST(what_cannot_be_opened_is_told)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A);
    static const char moved[] = "it was altered, sealed for another place, or with another key of the name a";
    char *one = sealed(ctx, ring, "{\"pin\":1}", false), *whole = sealed(ctx, ring, "{\"pin\":1}", true);

    for (int i = 0; i < 2; i++) {
        refuses(ctx, ring_of(ctx, ""), &kind, i ? one : whole, -ENOKEY, "the key a is not configured (seal.keys)");
        refuses(ctx, ring, &other, i ? one : whole, -EBADMSG, moved);
    }
    refuses(ctx, ring, &kind, "{\"pin\":\"mrs1.\"}", -EINVAL, "this is not a whole sealed text");
    /* Sealed as one argument, it is not all of them; and the other way round. */
    refuses(ctx, ring, &kind, FORMAT(ctx, "{\"sealed\":%s", strchr(one, ':') + 1), -EBADMSG, moved);
    refuses(ctx, ring, &kind, FORMAT(ctx, "{\"pin\":%s", strchr(whole, ':') + 1), -EBADMSG, moved);
    refuses(ctx, ring, &kind, FORMAT(ctx, "{\"sealed\":\"%s\"}", seal_text(ctx, ring, "job hook.call", "[1]")), -EINVAL,
            "what was sealed is not an object");
}
END_TEST

START_TEST(what_would_not_fit_the_table_is_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");
    static const struct {
        const char *name;
        bool all;
    } forms[] = { { "text", false }, { "pin", false }, { "text", true } };

    for (size_t i = 0; i < ELEMENTS(forms); i++) {
        size_t fits = 0;

        for (size_t size = 40000; size <= 65536; size++) {
            autotalloc char *value = memory_check(talloc_zero_size(NULL, size + 1));
            json_auto_t *args = NULL;
            char *text = NULL;

            memset(value, 'x', size);
            args = json_pack("{ss}", forms[i].name, value);
            if (job_args_seal(ctx, ring, &kind, args, forms[i].all, &text) < 0) {
                ck_assert_int_eq(job_args_seal(ctx, ring, &kind, args, forms[i].all, &text), -E2BIG);
                ck_assert_ptr_null(text);
                break;
            }
            fits = strlen(text);
            ck_assert_uint_le(fits, JOB_ARGS_MAX);
            talloc_free(text);
            if (fits < JOB_ARGS_MAX - 8)
                size += (JOB_ARGS_MAX - fits) / 2; /* come near in a few steps */
        }
        ck_assert_uint_ge(fits, JOB_ARGS_MAX - 4);
    }
}
END_TEST

START_TEST(an_operator_sees_no_secret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");
    static const char hidden[] = "{\"count\":1,\"pin\":\"(sealed)\"}", secret[] = "{\"count\":1,\"pin\":\"(secret)\"}";

    ck_assert_str_eq(job_args_shown(ctx, &kind, sealed(ctx, ring, "{\"count\":1,\"pin\":2}", false)), hidden);
    ck_assert_str_eq(job_args_shown(ctx, NULL, sealed(ctx, ring, "{\"count\":1,\"pin\":2}", false)), hidden);
    ck_assert_str_eq(job_args_shown(ctx, &kind, sealed(ctx, ring, "{\"count\":1}", true)), "{\"sealed\":\"(sealed)\"}");
    ck_assert_str_eq(job_args_shown(ctx, &kind, hidden), hidden); /* as the command reads it from job_show.sql */
    ck_assert_str_eq(job_args_shown(ctx, &kind, "{\"count\":1,\"pin\":2}"), secret);
    ck_assert_str_eq(job_args_shown(ctx, &kind, "{}"), "{}");
    ck_assert_str_eq(job_args_shown(ctx, &kind, "[\"mrs1.\"]"), "(not an object)");
}
END_TEST

START_TEST(no_kind_has_an_argument_called_sealed)
{
    for (const struct job_kind *one = job_kinds; one->name; one++)
        ck_assert_ptr_null(field_find(one->in, "sealed"));
}
END_TEST

SUITE(job_args)
{
    tcase_add_test(tests, input_becomes_arguments_of_its_types);
    tcase_add_test(tests, what_is_secret_is_sealed_by_itself);
    tcase_add_test(tests, all_can_be_sealed_as_one);
    tcase_add_test(tests, what_lies_in_plain_is_taken_as_it_is);
    tcase_add_test(tests, a_secret_that_looks_sealed_is_a_secret_like_any);
    tcase_add_test(tests, what_a_statement_decided_goes_over_what_was_said);
    tcase_add_test(tests, what_cannot_be_opened_is_told);
    tcase_add_test(tests, what_would_not_fit_the_table_is_refused);
    tcase_add_test(tests, an_operator_sees_no_secret);
    tcase_add_test(tests, no_kind_has_an_argument_called_sealed);
}
