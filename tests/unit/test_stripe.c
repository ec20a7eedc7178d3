/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/stripe.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <string.h>

static struct config *config_sandbox(void *ctx)
{
    struct config *config = NEW(ctx, struct config);

    config->sandbox = true;
    config->sandbox_url = "http://127.0.0.1:1";
    config->stripe_url = config->stripe_key = "";
    return config;
}

static json_t *json(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(value);
    return value;
}

START_TEST(parameters_travel_in_a_form)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(stripe_form(ctx, NULL), "");
    ck_assert_str_eq(stripe_form(ctx, STRIPE_FIELDS({ "left", NULL })), "");
    ck_assert_str_eq(
        stripe_form(ctx, STRIPE_FIELDS({ "items[0][price]", "p&1" }, { "left", NULL }, { "e", "a b=\xc3\xa9" })),
        "items%5B0%5D%5Bprice%5D=p%261&e=a%20b%3D%C3%A9");
}
END_TEST

START_TEST(a_call_needs_a_service)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = config_sandbox(ctx);
    struct provider_call *call = NULL;

    ck_assert_int_eq(stripe_prepare(ctx, config, STRIPE_METHOD_ATTACH, "pm/../x", "key", NULL, &call), 0);
    ck_assert_str_eq(call->provider->name, "stripe");
    talloc_free(call);
    call = NULL;
    ck_assert_int_eq(stripe_prepare(ctx, config, STRIPE_PAYMENT_CREATE, NULL, "a\nkey", NULL, &call), -EINVAL);
    config->sandbox = false;
    ck_assert_int_eq(stripe_prepare(ctx, config, STRIPE_CUSTOMER_GET, "cus_1", NULL, NULL, &call), -ENOTSUP);
    ck_assert_ptr_null(call);
    ck_assert_str_eq(stripe_balance().path, "/balance");
    ck_assert_int_eq(stripe_balance().method, PROVIDER_GET);
}
END_TEST

START_TEST(members_are_found_by_their_path)
{
    json_auto_t *object = json("{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":7}]},\"n\":null}");

    ck_assert_str_eq(stripe_text(object, "a.b.0.c"), "x");
    ck_assert_ptr_null(stripe_text(object, "a.b.1.c"));
    ck_assert_int_eq(json_integer_value(stripe_member(object, "a.b.1.c")), 7);
    ck_assert_ptr_null(stripe_text(object, "a.b.2.c"));
    ck_assert_ptr_null(stripe_text(object, "a.x.y"));
    ck_assert_ptr_null(stripe_text(object, "n.x"));
    ck_assert_ptr_null(stripe_text(NULL, "a"));
}
END_TEST

static const struct refused {
    const char *answer, *error, *code;
    bool intent;
} refusals[] = {
    { "{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\",\"message\":\"No.\",\"payment_intent\":{\"id\":\"pi_1\"}}}",
      "payment", "card_declined", true },
    { "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\",\"param\":\"payment_method\","
      "\"message\":\"No.\"}}",
      "invalid", "resource_missing", false },
    { "{\"error\":{\"type\":\"invalid_request_error\",\"param\":\"card[token]\",\"message\":\"No.\"}}", "invalid", "",
      false },
    { "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\",\"param\":\"customer\"}}", NULL,
      NULL, false },
    { "{\"error\":{\"type\":\"invalid_request_error\"}}", NULL, NULL, false },
    { "{\"error\":{\"type\":\"idempotency_error\",\"message\":\"No.\"}}", NULL, NULL, false },
    { "{\"error\":\"card_error\"}", NULL, NULL, false },
    { "[]", NULL, NULL, false },
};

START_TEST(what_the_customer_can_mend_is_told_apart)
{
    const struct refused *row = &refusals[_i];
    struct provider_call call = { .verdict = PROVIDER_NEVER, .json = json(row->answer) };
    struct stripe_refusal refusal = { .error = "untouched" };

    ck_assert_int_eq(stripe_refused(&call, &refusal), row->error != NULL);
    ck_assert_str_eq(refusal.error, row->error ? row->error : "untouched");
    if (row->error) {
        ck_assert_str_eq(refusal.message, "No.");
        ck_assert_str_eq(refusal.code, row->code);
        ck_assert_int_eq(refusal.payment != NULL, row->intent);
    }
    call.verdict = PROVIDER_LATER;
    ck_assert(!stripe_refused(&call, &refusal));
    json_decref(call.json);
}
END_TEST

SUITE(stripe)
{
    tcase_add_test(tests, parameters_travel_in_a_form);
    tcase_add_test(tests, a_call_needs_a_service);
    tcase_add_test(tests, members_are_found_by_their_path);
    tcase_add_loop_test(tests, what_the_customer_can_mend_is_told_apart, 0, (int)ELEMENTS(refusals));
}
