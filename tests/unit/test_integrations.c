/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/integrations.h"
#include "tests/unit/suite.h"
#include <errno.h>

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    ck_assert_msg(value != NULL, "%s", text);
    return value;
}

static const struct integration *find(const char *name)
{
    const struct integration *row = integration_find(name);

    ck_assert_ptr_nonnull(row);
    return row;
}

/* A service's list from its begin: what is asked, what is answered, which ids came of it. An answer of NULL ends it. */
struct step {
    const char *asked, *answered, *ids;
};

static const struct list {
    const char *service, *since;
    struct step steps[4];
} lists[] = {
    { "google_drive",
      NULL,
      { { "/files?pageSize=100&fields=nextPageToken,files(id,name,webViewLink)",
          "{\"files\":[{\"id\":\"a\",\"name\":\"A\",\"webViewLink\":\"https://x/\"},{\"name\":\"no id\"}],\"nextPageToken\":"
          "\"t &2\"}",
          "a " },
        { "/files?pageSize=100&fields=nextPageToken,files(id,name,webViewLink)&pageToken=t%20%262",
          "{\"files\":[{\"id\":\"b\"}]}", "b " } } },
    { "google_drive",
      "2026-01-01T00:00:00Z",
      { { "/files?pageSize=100&fields=nextPageToken,files(id,name,webViewLink)&q=modifiedTime%20%3E%20'2026-01-01T00%3A00%"
          "3A00Z'",
          "{\"files\":[]}", "" } } },
    { "dropbox",
      "2026-01-01T00:00:00Z",
      { { "/files/list_folder {\"path\":\"\",\"recursive\":true,\"limit\":100}",
          "{\"entries\":[{\"id\":\"id:1\",\"name\":\"A\"}],\"cursor\":\"c\\\"1\",\"has_more\":true}", "id:1 " },
        { "/files/list_folder/continue {\"cursor\":\"c\\\"1\"}",
          "{\"entries\":[{\"id\":\"id:2\",\"name\":\"B\"}],\"cursor\":\"c2\",\"has_more\":false}", "id:2 " } } },
    { "onedrive",
      NULL,
      { { "/me/drive/root/children?$top=100",
          "{\"value\":[{\"id\":\"1\",\"name\":\"A\"}],\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/next?x=1\"}",
          "1 " },
        { "https://graph.microsoft.com/v1.0/next?x=1", "{\"value\":[]}", "" } } },
    { "github",
      "2026-01-01T00:00:00Z",
      { { "/user/repos?per_page=100&since=2026-01-01T00%3A00%3A00Z&page=1", "[{\"id\":7,\"full_name\":\"a/b\"}]",
          "7 " } } },
    { "gitlab", NULL, { { "/projects?membership=true&per_page=100&page=1", "[]", "" } } },
    { "slack",
      NULL,
      { { "/conversations.list?limit=200",
          "{\"ok\":true,\"channels\":[{\"id\":\"C1\",\"name\":\"general\"}],\"response_metadata\":{\"next_cursor\":\"d==\"}}",
          "C1 " },
        { "/conversations.list?limit=200&cursor=d%3D%3D",
          "{\"ok\":true,\"channels\":[],\"response_metadata\":{\"next_cursor\":\"\"}}", "" } } },
    { "discord", NULL, { { "/users/@me/guilds?limit=200", "[{\"id\":\"9\",\"name\":\"G\"}]", "9 " } } },
    { "twitter",
      NULL,
      { { "/users/me", "{\"data\":{\"id\":\"42\"}}", NULL },
        { "/users/42/tweets?max_results=100",
          "{\"data\":[{\"id\":\"1\",\"text\":\"hi\"}],\"meta\":{\"next_token\":\"n\"}}", "1 " },
        { "/users/42/tweets?max_results=100&pagination_token=n", "{\"meta\":{\"result_count\":0}}", "" } } },
    { "linkedin", NULL, { { "/userinfo", "{\"sub\":\"x\",\"name\":\"Ann\"}", "x " } } },
};

static const char *asked_text(void *ctx, const struct provider_request *request)
{
    const char *place = request->url ? request->url : request->path;

    ck_assert_str_eq(request->key, "token");
    ck_assert_int_eq(request->method, request->body ? PROVIDER_POST : PROVIDER_GET);
    return request->body ? FORMAT(ctx, "%s %s", place, request->body) : place;
}

static const char *ids_of(void *ctx, const json_t *items)
{
    char *ids = COPY(ctx, "");
    const json_t *item;
    size_t i;

    json_array_foreach(items, i, item) ids =
        memory_check(talloc_asprintf_append(ids, "%s ", json_string_value(json_object_get(item, "id"))));
    return ids;
}

START_TEST(a_list_is_read_page_by_page)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct list *list = &lists[_i];
    const struct integration *row = find(list->service);
    struct integration_place place = { .since = list->since };
    int steps = 0;

    for (; steps < 4 && list->steps[steps].asked; steps++) {
        const struct step *step = &list->steps[steps];
        json_auto_t *answer = parsed(step->answered), *items = NULL;
        struct provider_request request;

        ck_assert(!place.over);
        integration_ask(ctx, row, &place, "token", &request);
        ck_assert_str_eq(asked_text(ctx, &request), step->asked);
        if (!step->ids) {
            ck_assert_int_eq(integration_me(ctx, row, answer, &place), 0);
            continue;
        }
        ck_assert_int_eq(integration_read(ctx, row, answer, &place, &items), 0);
        ck_assert_str_eq(ids_of(ctx, items), step->ids);
    }
    ck_assert(place.over);
}
END_TEST

/* A page as full as one can be has another behind it. */
static json_t *full_page(size_t n)
{
    json_t *page = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(page, json_pack("{s:I, s:s}", "id", (json_int_t)i + 1, "name", "x"));
    return page;
}

START_TEST(a_full_page_is_not_the_last)
{
    autotalloc void *ctx = talloc_new(NULL);
    static const struct {
        const char *service, *asked;
    } full[] = { { "gitlab", "/projects?membership=true&per_page=100&page=2" },
                 { "discord", "/users/@me/guilds?limit=200&after=200" } };

    for (size_t i = 0; i < ELEMENTS(full); i++) {
        const struct integration *row = find(full[i].service);
        json_auto_t *answer = full_page((size_t)row->size), *items = NULL;
        struct integration_place place = { 0 };
        struct provider_request request;

        ck_assert_int_eq(integration_read(ctx, row, answer, &place, &items), 0);
        ck_assert(!place.over);
        integration_ask(ctx, row, &place, "token", &request);
        ck_assert_str_eq(asked_text(ctx, &request), full[i].asked);
    }
}
END_TEST

START_TEST(a_cursor_that_stands_still_ends_the_list)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = parsed("{\"files\":[],\"nextPageToken\":\"t\"}"), *first = NULL, *second = NULL;
    struct integration_place place = { 0 };

    ck_assert_int_eq(integration_read(ctx, find("google_drive"), answer, &place, &first), 0);
    ck_assert(!place.over);
    ck_assert_int_eq(integration_read(ctx, find("google_drive"), answer, &place, &second), 0);
    ck_assert(place.over);
}
END_TEST

static const struct {
    const char *service, *answer;
    int r;
} refused[] = {
    { "slack", "{\"ok\":false,\"error\":\"invalid_auth\"}", -EACCES },
    { "slack", "{\"ok\":false,\"error\":\"token_revoked\"}", -EACCES },
    { "slack", "{\"ok\":false,\"error\":\"account_inactive\"}", -EACCES },
    { "slack", "{\"ok\":false,\"error\":\"fatal_error\"}", -EPROTO },
    { "slack", "{}", -EPROTO },
    { "github", "{\"message\":\"no list\"}", -EPROTO },
    { "github", "\"text\"", -EPROTO },
    { "google_drive", "[1]", -EPROTO },
    { "google_drive", "{\"files\":{\"id\":\"a\"}}", -EPROTO },
    { "linkedin", "[]", -EPROTO },
};

START_TEST(what_is_no_list_is_told)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = parsed(refused[_i].answer);
    struct integration_place place = { 0 };
    json_t *items = NULL;

    ck_assert_int_eq(integration_read(ctx, find(refused[_i].service), answer, &place, &items), refused[_i].r);
    ck_assert_ptr_null(items);
}
END_TEST

START_TEST(symbols_are_given)
{
    json_auto_t *config = parsed("{\"watchlist\":[\"NASDAQ:AAPL\",7,\"\",\"FX:EURUSD\"]}"), *items, *none;
    autotalloc void *ctx = talloc_new(NULL);

    items = integration_given(find("tradingview"), config);
    ck_assert_str_eq(ids_of(ctx, items), "NASDAQ:AAPL FX:EURUSD ");
    none = integration_given(find("tradingview"), NULL);
    ck_assert_uint_eq(json_array_size(none), 0);
}
END_TEST

START_TEST(each_row_has_its_provider)
{
    int count = 0;

    for (const struct integration *row = integrations; row->name; row++, count++)
        ck_assert_msg(row->given || (provider_find(row->name) && row->path && row->id && row->title), "%s", row->name);
    ck_assert_int_eq(count, 10);
    ck_assert_ptr_null(integration_find("myspace"));
}
END_TEST

SUITE(integrations)
{
    tcase_add_loop_test(tests, a_list_is_read_page_by_page, 0, ELEMENTS(lists));
    tcase_add_test(tests, a_full_page_is_not_the_last);
    tcase_add_test(tests, a_cursor_that_stands_still_ends_the_list);
    tcase_add_loop_test(tests, what_is_no_list_is_told, 0, ELEMENTS(refused));
    tcase_add_test(tests, symbols_are_given);
    tcase_add_test(tests, each_row_has_its_provider);
}
