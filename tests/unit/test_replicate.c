/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/replicate.h"
#include "tests/unit/suite.h"
#include <errno.h>

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    ck_assert_msg(value != NULL, "no JSON: %s", text);
    return value;
}

START_TEST(orders)
{
    static const struct {
        const char *model, *path, *body;
    } cases[] = {
        { "black-forest-labs/flux-1.1-pro", "/models/black-forest-labs/flux-1.1-pro/predictions",
          "{\"input\":{\"prompt\":\"x\"}}" },
        { "meta/llama:5c7d", "/predictions", "{\"version\":\"5c7d\",\"input\":{\"prompt\":\"x\"}}" },
        { "meta", NULL, NULL },
        { "meta/", NULL, NULL },
        { "/llama", NULL, NULL },
        { "meta/llama/more", NULL, NULL },
        { "meta/llama:", NULL, NULL },
        { "meta/llama:a/b", NULL, NULL },
        { "meta/lla ma", NULL, NULL },
        { "meta/llama?x=1", NULL, NULL },
        { "", NULL, NULL },
    };
    json_auto_t *input = json_of("{\"prompt\":\"x\"}");

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        struct provider_request request;

        ck_assert_int_eq(replicate_order(ctx, cases[i].model, input, &request), cases[i].path ? 0 : -EINVAL);
        if (!cases[i].path)
            continue;
        json_auto_t *wanted = json_of(cases[i].body), *got = request.json;
        ck_assert_str_eq(request.path, cases[i].path);
        ck_assert(json_equal(got, wanted));
        ck_assert(request.effect);
    }
}
END_TEST

START_TEST(states)
{
    static const struct {
        const char *answer;
        int r, state;
    } cases[] = {
        { "{\"id\":\"p1\",\"status\":\"starting\"}", 0, PREDICTION_RUNS },
        { "{\"id\":\"p1\",\"status\":\"processing\",\"output\":[\"early\"]}", 0, PREDICTION_RUNS },
        { "{\"id\":\"p1\",\"status\":\"succeeded\",\"output\":\"x\"}", 0, PREDICTION_DONE },
        { "{\"id\":\"p1\",\"status\":\"failed\",\"error\":\"out of memory\"}", 0, PREDICTION_FAILED },
        { "{\"id\":\"p1\",\"status\":\"canceled\",\"error\":null}", 0, PREDICTION_CANCELLED },
        { "{\"id\":\"p1\",\"status\":\"unheard of\"}", -EBADMSG, 0 },
        { "{\"id\":\"p1\"}", -EBADMSG, 0 },
        { "{\"id\":7,\"status\":\"starting\"}", -EBADMSG, 0 },
        { "{\"id\":\"a/b\",\"status\":\"starting\"}", -EBADMSG, 0 },
        { "{\"status\":\"starting\"}", -EBADMSG, 0 },
        { "[]", -EBADMSG, 0 },
        { "null", -EBADMSG, 0 },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        json_auto_t *answer = json_of(cases[i].answer);
        struct replicate_prediction got = { .state = PREDICTION_RUNS };
        const char *why;

        ck_assert_int_eq(replicate_read(ctx, answer, &got, &why), cases[i].r);
        ck_assert_int_eq((int)got.state, cases[i].state);
        if (cases[i].r == 0) /* what a running one has said so far is not its output */
            ck_assert_int_eq(got.output != NULL, got.state == PREDICTION_DONE);
    }
}
END_TEST

#define ENTRY(id, model, more) "{\"id\":\"" id "\",\"model\":\"" model "\"," more "}"
#define AT(time) "\"created_at\":\"2024-01-15T" time "Z\""
#define ASKED "\"input\":{\"seed\":1.0,\"prompt\":\"x\",\"list\":[{\"a\":null}]}"

START_TEST(what_an_entry_of_a_list_is)
{
    static const struct {
        const char *model, *entry;
        enum replicate_like like;
    } cases[] = {
        { "a/b", ENTRY("p1", "a/b", ASKED "," AT("12:00:00.123")), LISTED_SAME },
        { "a/b", ENTRY("p1", "a/b", ASKED "," AT("11:59:59.999")), LISTED_OLD },
        { "a/b", ENTRY("p1", "a/c", ASKED "," AT("11:00:00")), LISTED_OLD },
        { "a/b", ENTRY("p1", "a/b", ASKED), LISTED_SAME },
        { "a/b", ENTRY("p1", "a/b", ASKED ",\"created_at\":\"yesterday\""), LISTED_SAME },
        { "a/b", ENTRY("p1", "a/bc", ASKED), LISTED_OTHER },
        { "a/b", ENTRY("", "a/b", ASKED), LISTED_OTHER },
        { "a/b", "{\"model\":\"a/b\"," ASKED "}", LISTED_OTHER },
        { "a/b", "{\"id\":\"p1\"," ASKED "}", LISTED_OTHER },
        { "a/b", "7", LISTED_OTHER },
        { "a/b", "null", LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":{\"prompt\":\"x\"}"), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":{\"seed\":2,\"prompt\":\"x\",\"list\":[{\"a\":null}]}"), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":{\"seed\":1,\"prompt\":\"x\",\"list\":[{\"b\":null}]}"), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":{\"seed\":1,\"prompt\":\"x\",\"list\":[]}"), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":[]"), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"id\":\"p1\""), LISTED_OTHER },
        { "a/b", ENTRY("p1", "a/b", "\"input\":{},\"data_removed\":true," AT("12:30:00")), LISTED_MAYBE },
        { "a/b", ENTRY("p1", "a/c", "\"input\":{},\"data_removed\":true"), LISTED_OTHER },
        { "a/b:v", ENTRY("p1", "a/b", ASKED ",\"version\":\"v\""), LISTED_SAME },
        { "a/b:v", ENTRY("p1", "a/b", ASKED ",\"version\":\"w\""), LISTED_OTHER },
        { "a/b:v", ENTRY("p1", "a/b", ASKED), LISTED_OTHER },
    };
    json_auto_t *input = json_of("{\"prompt\":\"x\",\"seed\":1,\"list\":[{\"a\":null}]}");

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct replicate_wanted wanted = { cases[i].model, input, 1705320000 };
        json_auto_t *entry = json_of(cases[i].entry);
        const char *id = NULL;

        ck_assert_msg(replicate_listed(entry, &wanted, &id) == cases[i].like, "case %zu", i);
        if (cases[i].like == LISTED_SAME || cases[i].like == LISTED_MAYBE)
            ck_assert_str_eq(id, "p1");
        else
            ck_assert_ptr_null(id);
    }
}
END_TEST

/* Only a query is taken from it: our key goes nowhere else. */
START_TEST(where_a_list_goes_on)
{
    static const struct {
        const char *answer, *place;
    } cases[] = {
        { "{\"next\":\"https://api.replicate.com/v1/predictions?cursor=cD0yMDI0LTAx%3D%3D\"}",
          "/predictions?cursor=cD0yMDI0LTAx%3D%3D" },
        { "{\"next\":\"https://evil.example.com/v1/predictions?cursor=x\"}", "/predictions?cursor=x" },
        { "{\"next\":null}", NULL },
        { "{\"next\":\"\"}", NULL },
        { "{}", NULL },
        { "[]", NULL },
        { "{\"next\":7}", "" },
        { "{\"next\":\"https://api.replicate.com/v2/forecasts?cursor=x\"}", "" },
        { "{\"next\":\"https://api.replicate.com/v1/predictions?cursor=x y\"}", "" },
        { "{\"next\":\"https://api.replicate.com/v1/predictions?cursor=x\\r\\nHost: y\"}", "" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        json_auto_t *answer = json_of(cases[i].answer);
        const char *place = replicate_next(ctx, answer);

        ck_assert_pstr_eq(place, cases[i].place);
    }
    ck_assert_str_eq(replicate_list(NULL).path, "/predictions");
    ck_assert_str_eq(replicate_list("/predictions?cursor=x").path, "/predictions?cursor=x");
}
END_TEST

START_TEST(what_is_no_page)
{
    static const char *const texts[] = { "null", "[]", "{}", "{\"results\":{}}", "{\"results\":null}" };
    json_auto_t *page = json_of("{\"results\":[]}");

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        json_auto_t *answer = json_of(texts[i]);

        ck_assert_ptr_null(replicate_page(answer));
    }
    ck_assert_ptr_nonnull(replicate_page(page));
}
END_TEST

START_TEST(outputs)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *text = json_of("\"a\""), *pieces = json_of("[\"a\",\"\",\"b\"]"), *mixed = json_of("[\"a\",7]");
    json_auto_t *object = json_of("{\"a\":1}");

    ck_assert_str_eq(replicate_text(ctx, text), "a");
    ck_assert_str_eq(replicate_text(ctx, pieces), "ab");
    ck_assert_ptr_null(replicate_text(ctx, mixed));
    ck_assert_ptr_null(replicate_text(ctx, object));
    ck_assert_ptr_null(replicate_text(ctx, NULL));
    ck_assert_str_eq(replicate_url(text, 0), "a");
    ck_assert_ptr_null(replicate_url(text, 1));
    ck_assert_str_eq(replicate_url(pieces, 2), "b");
    ck_assert_ptr_null(replicate_url(mixed, 1));
    ck_assert_ptr_null(replicate_url(object, 0));
}
END_TEST

SUITE(replicate)
{
    tcase_add_test(tests, orders);
    tcase_add_test(tests, states);
    tcase_add_test(tests, what_an_entry_of_a_list_is);
    tcase_add_test(tests, where_a_list_goes_on);
    tcase_add_test(tests, what_is_no_page);
    tcase_add_test(tests, outputs);
}
