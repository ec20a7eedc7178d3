/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/twilio.h"
#include "tests/unit/suite.h"
#include <string.h>

static struct provider_call *answered(void *ctx, long status, const char *text)
{
    struct provider_call *call = NEW(ctx, struct provider_call);

    call->status = status;
    call->json = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(call->json);
    return call;
}

#define MESSAGE                                                                                                        \
    "\"sid\":\"SM1\",\"status\":\"queued\",\"body\":\"hello\",\"date_created\":\"Thu, 24 Aug 2023 05:01:45 +0000\""

START_TEST(a_message_is_read)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct provider_call *call = answered(ctx, 201, "{" MESSAGE ",\"error_code\":null,\"error_message\":null}");
    struct twilio_sms sms;

    ck_assert_int_eq(twilio_read(call->json, &sms), 0);
    ck_assert_str_eq(sms.sid, "SM1");
    ck_assert_str_eq(sms.status, "queued");
    ck_assert_str_eq(sms.body, "hello");
    ck_assert_str_eq(sms.error, "");
    ck_assert_int_eq(sms.error_code, 0);
    ck_assert_int_eq(sms.created_at, 1692853305);
    json_decref(call->json);

    call = answered(ctx, 200, "{" MESSAGE ",\"error_code\":30003,\"error_message\":\"Unreachable\"}");
    ck_assert_int_eq(twilio_read(call->json, &sms), 0);
    ck_assert_int_eq(sms.error_code, 30003);
    ck_assert_str_eq(sms.error, "Unreachable");
    json_decref(call->json);
}
END_TEST

/* Whatever an answer holds in the place of a message. */
START_TEST(what_is_no_message_is_not_read)
{
    static const char *const texts[] = {
        "null",
        "[]",
        "\"SM1\"",
        "{}",
        "{\"sid\":\"SM1\"}",
        "{\"sid\":1,\"status\":\"queued\"}",
        "{\"sid\":\"\",\"status\":\"queued\"}",
        "{\"sid\":{\"sid\":\"SM1\"},\"status\":[]}",
        "{\"sid\":\"12345678901234567890123456789012345678901234567890123456789012345\",\"status\":\"queued\"}",
    };

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        struct twilio_sms sms = { .sid = "untouched" };

        ck_assert_int_lt(twilio_read(value, &sms), 0);
        ck_assert_str_eq(sms.sid, "untouched");
        json_decref(value);
    }
}
END_TEST

START_TEST(a_page_tells_where_the_next_one_is)
{
    static const struct next {
        const char *text, *place;
    } nexts[] = {
        { "{\"messages\":[],\"next_page_uri\":\"/2010-04-01/Accounts/AC1/Messages.json?Page=1&PageToken=PA1\"}",
          "/Accounts/AC1/Messages.json?Page=1&PageToken=PA1" },
        { "{\"messages\":[],\"next_page_uri\":null}", NULL },
        { "{\"messages\":[]}", NULL },
        { "{\"messages\":[],\"next_page_uri\":\"\"}", NULL },
        { "{\"messages\":[],\"next_page_uri\":7}", "" },
        { "{\"messages\":[],\"next_page_uri\":\"https://elsewhere.example/2010-04-01/Accounts/AC1\"}", "" },
        { "{\"messages\":[],\"next_page_uri\":\"/2008-08-01/Accounts/AC1/Messages.json\"}", "" },
    };
    autotalloc void *ctx = talloc_new(NULL);

    for (size_t i = 0; i < ELEMENTS(nexts); i++) {
        struct provider_call *call = answered(ctx, 200, nexts[i].text);

        ck_assert_ptr_nonnull(twilio_page(call));
        if (nexts[i].place)
            ck_assert_str_eq(twilio_next(call), nexts[i].place);
        else
            ck_assert_ptr_null(twilio_next(call));
        json_decref(call->json);
    }
}
END_TEST

START_TEST(what_is_no_page_is_none)
{
    static const char *const texts[] = { "null", "[]", "{}", "{\"messages\":{}}", "{\"messages\":\"none\"}" };
    autotalloc void *ctx = talloc_new(NULL);

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct provider_call *call = answered(ctx, 200, texts[i]);

        ck_assert_ptr_null(twilio_page(call));
        ck_assert_ptr_null(twilio_next(call));
        json_decref(call->json);
    }
}
END_TEST

START_TEST(whose_trouble_a_refusal_is)
{
    static const struct refusal {
        long status;
        const char *text;
        int code;
        enum twilio_fault fault;
    } refusals[] = {
        { 400, "{\"code\":21211,\"message\":\"x\"}", 21211, TWILIO_RECIPIENT },
        { 400, "{\"code\":21610}", TWILIO_STOPPED, TWILIO_RECIPIENT },
        { 400, "{\"code\":21606}", 21606, TWILIO_OURS },
        { 400, "{\"code\":21611}", 21611, TWILIO_FULL },
        { 401, "{\"code\":20003}", 20003, TWILIO_OURS },
        { 404, "{}", 0, TWILIO_OURS },
        { 302, "null", 0, TWILIO_OURS },
        { 400, "{\"code\":29999}", 29999, TWILIO_RECIPIENT },
        { 403, "[]", 0, TWILIO_OURS },
        { 400, "{\"code\":\"21611\"}", 0, TWILIO_OURS },
        { 400, "{\"code\":-1}", 0, TWILIO_OURS },
        { 400, "{\"code\":99999999999}", 0, TWILIO_OURS },
        { 400, "null", 0, TWILIO_OURS },
    };
    autotalloc void *ctx = talloc_new(NULL);

    for (size_t i = 0; i < ELEMENTS(refusals); i++) {
        struct provider_call *call = answered(ctx, refusals[i].status, refusals[i].text);

        ck_assert_int_eq(twilio_code(call), refusals[i].code);
        ck_assert_int_eq(twilio_fault(call), refusals[i].fault);
        json_decref(call->json);
    }
}
END_TEST

SUITE(twilio)
{
    tcase_add_test(tests, a_message_is_read);
    tcase_add_test(tests, what_is_no_message_is_not_read);
    tcase_add_test(tests, a_page_tells_where_the_next_one_is);
    tcase_add_test(tests, what_is_no_page_is_none);
    tcase_add_test(tests, whose_trouble_a_refusal_is);
}
