/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fields as JSON Schema, and rows as operations of a product that there is not. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/describe/openapi.h"
#include "fcgi/describe/schema.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/fields.h"
#include "fcgi/smsagent/smsagent.h"
#include "tests/unit/suite.h"
#include <errno.h>

static const char *const sizes[] = { "small", "large", NULL };

/* clang-format off */
static const struct {
    struct field field;
    enum schema_use use;
    const char *schema;
} schemas[] = {
    { { .type = TEXT }, SCHEMA_INPUT, "{\"type\":\"string\"}" },
    { { .type = TEXT, .min = 1, .max = 9, .doc = "Nine." }, SCHEMA_INPUT,
      "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"description\":\"Nine.\"}" },
    { { .type = TEXT, .flags = NULLABLE | SECRET, .max = 9 }, SCHEMA_INPUT,
      "{\"type\":[\"string\",\"null\"],\"maxLength\":9,\"writeOnly\":true}" },
    { { .type = TEXT, .flags = SECRET }, SCHEMA_ANSWER, "{\"type\":\"string\"}" },
    { { .type = INTEGER }, SCHEMA_INPUT, "{\"type\":\"integer\"}" },
    { { .type = INTEGER, .max = 5, .standard = "2" }, SCHEMA_INPUT,
      "{\"type\":\"integer\",\"minimum\":0,\"maximum\":5,\"default\":2}" },
    { { .type = INTEGER, .min = -3, .max = -4 }, SCHEMA_INPUT, "{\"type\":\"integer\",\"minimum\":-3}" },
    { { .type = INTEGER, .min = 1, .max = 100, .flags = CLAMPED, .doc = "Many." }, SCHEMA_INPUT,
      "{\"type\":\"integer\",\"minimum\":1,\"description\":\"Many. More than 100 counts as 100.\"}" },
    { { .type = ENUM, .values = sizes, .flags = NULLABLE, .standard = "small" }, SCHEMA_INPUT,
      "{\"type\":[\"string\",\"null\"],\"enum\":[\"small\",\"large\",null],\"default\":\"small\"}" },
    { { .type = TEXT, .flags = NOT_BLANK, .min = 1 }, SCHEMA_INPUT,
      "{\"type\":\"string\",\"pattern\":\"\\\\S\",\"minLength\":1}" },
    { { .type = ID, .prefix = "img_" }, SCHEMA_INPUT, "{\"type\":\"string\",\"pattern\":\"^img_[1-9][0-9]*$\"}" },
    { { .type = EMAIL }, SCHEMA_INPUT, "{\"type\":\"string\",\"format\":\"email\",\"maxLength\":254}" },
    { { .type = DECIMAL, .flags = POSITIVE, .max = 1000 }, SCHEMA_INPUT,
      "{\"type\":[\"number\",\"string\"],\"exclusiveMinimum\":0,\"maximum\":1000}" },
    { { .type = DECIMAL }, SCHEMA_ANSWER, "{\"type\":\"string\"}" },
    { { .type = BOOLEAN, .standard = "true" }, SCHEMA_INPUT, "{\"type\":\"boolean\",\"default\":true}" },
    { { .type = OBJECT }, SCHEMA_INPUT, "{\"type\":\"object\"}" },
    { { .type = LIST, .min = 1, .max = 3, .fields = FIELDS({ .type = UUID }) }, SCHEMA_INPUT,
      "{\"type\":\"array\",\"minItems\":1,\"maxItems\":3,\"items\":{\"type\":\"string\",\"format\":\"uuid\"}}" },
    { { .type = OBJECT, .flags = NULLABLE, .fields = FIELDS(OUT(TEXT, "a"), { .name = "b", .type = NUMBER }) }, SCHEMA_ANSWER,
      "{\"type\":[\"object\",\"null\"],\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"number\"}},"
      "\"required\":[\"a\"]}" },
};

static const struct rate rates[] = { { "general", 3600, { { "*", 10 } } }, { .name = NULL } };

static const struct sql tagged = { "tagged", "select '{}' as body, true as pending, 'x' as etag" };
static const struct endpoint rows[] = {
    { .name = "things", .method = GET, .path = "/api/v2/things/", .doc = "Things.", .list = 20,
      .in = FIELDS({ .name = "only", .in = QUERY, .type = LIST, .fields = FIELDS({ .type = TEXT }), .doc = "Of these." }),
      .out = FIELDS(OUT(TEXT, "id")) },
    { .name = "thing_make", .method = POST, .path = "/api/v2/things/", .doc = "Make one.", .status = 201, .who = ADMIN, .sql = &tagged,
      .in = FIELDS({ .name = "name", .type = TEXT, .flags = REQUIRED }), .out = FIELDS(OUT(TEXT, "id")) },
    { .name = "thing_see", .method = GET, .path = "/api/v2/things/{id}/", .doc = "One.", .who = OPTIONAL, .bare = true,
      .in = FIELDS({ .name = "id", .in = PATH, .type = ID, .flags = REQUIRED }), .out = FIELDS(OUT(TEXT, "id")) },
    { .name = "thing_wait", .method = GET, .path = "/api/v2/waits/{id}/", .doc = "One.", .job = "image.generate",
      .polls = "id", .sql = &tagged, .in = FIELDS({ .name = "id", .in = PATH, .type = UUID, .flags = REQUIRED }) },
    { .name = "thing_put", .method = POST, .path = "/api/v2/waits/", .doc = "One.", .job = "image.generate", .wait = 20,
      .after = &tagged, .status = 202, .out = FIELDS(OUT(TEXT, "id")) },
    { .name = "thing_end", .method = DELETE, .path = "/api/v2/things/{id}/", .doc = "End one.", .status = 204,
      .in = FIELDS({ .name = "id", .in = PATH, .type = ID, .flags = REQUIRED }) },
    { .name = "picture", .method = POST, .path = "/pictures", .doc = "Send one.", .who = ANYONE, .uncounted = true, .parts = true,
      .in = FIELDS({ .name = "file", .type = FILE_PART, .flags = REQUIRED }) },
    { .name = NULL },
};
/* clang-format on */

static json_t *described(const struct dialect *dialect)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct product product = {
        .name = "things", .title = "Things", .dialect = dialect, .endpoints = rows, .rates = rates
    };
    json_t *document = json_loads(openapi_text(ctx, &product, "https://things.example.org"), 0, NULL);

    ck_assert_ptr_nonnull(document);
    return document;
}

/* A value's JSON text by the names on the way to it, with blanks between, from ctx; "" when there is none. */
static const char *at(void *ctx, const json_t *value, const char *path)
{
    char *save = NULL, *names = COPY(ctx, path);

    for (char *name = strtok_r(names, " ", &save); name && value; name = strtok_r(NULL, " ", &save))
        value =
            json_is_array(value) ? json_array_get(value, (size_t)strtol(name, NULL, 10)) : json_object_get(value, name);
    return value ? json_text(ctx, value) : "";
}

START_TEST(fields_are_schemas)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *schema = field_schema(&schemas[_i].field, schemas[_i].use), *wanted;

    wanted = json_loads(schemas[_i].schema, 0, NULL);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_msg(json_equal(schema, wanted), "%s, not %s", json_text(ctx, schema), schemas[_i].schema);
}
END_TEST

START_TEST(a_list_stands_in_the_envelope_with_its_page)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);
    const char *list = "paths /api/v2/things/ get ",
               *body = "responses 200 content application/json schema properties ";

#define AT(...) at(ctx, document, FORMAT(ctx, __VA_ARGS__))
    ck_assert_str_eq(AT("%s%sdata type", list, body), "\"array\"");
    ck_assert_str_eq(AT("%s%sdata items required", list, body), "[\"id\"]");
    ck_assert_str_eq(AT("%s%smeta properties pagination properties total_pages type", list, body), "\"integer\"");
    ck_assert_str_eq(AT("%s%slinks properties next type", list, body), "[\"string\",\"null\"]");
    ck_assert_str_eq(AT("%stags", list), "[\"things\"]");
    ck_assert_str_eq(AT("%sparameters 0 content application/json schema type", list), "\"array\"");
    ck_assert_str_eq(AT("%sparameters 1 name", list), "\"page\"");
    ck_assert_str_eq(AT("%sparameters 2 name", list), "\"page_size\"");
    ck_assert_str_eq(AT("%sparameters 2 schema default", list), "20");
}
END_TEST

START_TEST(a_success_stands_in_the_envelope_unless_it_is_bare)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);

    ck_assert_str_eq(AT("paths /api/v2/things/ post responses 201 content application/json schema required"),
                     "[\"status\",\"data\",\"meta\"]");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ get responses 200 content application/json schema required"),
                     "[\"id\"]");
    ck_assert_str_eq(AT("paths /pictures post responses 200 content application/json schema required"),
                     "[\"status\",\"meta\"]");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ delete responses 204 content"), "");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ delete responses 204 description"), "\"Done; nothing to say.\"");
}
END_TEST

START_TEST(refusals_have_the_dialects_statuses)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);

    ck_assert_str_eq(AT("paths /api/v2/things/ post responses 422 $ref"), "\"#/components/responses/Invalid\"");
    ck_assert_str_eq(AT("paths /api/v2/things/ post responses 400 $ref"), "\"#/components/responses/Malformed\"");
    ck_assert_str_eq(AT("paths /api/v2/things/ post responses 403 $ref"), "\"#/components/responses/Forbidden\"");
    ck_assert_str_eq(AT("paths /api/v2/things/ post responses 429 $ref"), "\"#/components/responses/RateLimited\"");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ get responses 404 $ref"), "\"#/components/responses/NotFound\"");
    ck_assert_str_eq(AT("paths /pictures post responses 429"), "");
    ck_assert_str_eq(AT("paths /pictures post responses 401"), "");
    ck_assert_str_eq(AT("paths /pictures post responses default $ref"), "\"#/components/responses/Refused\"");
    ck_assert_str_eq(AT("paths /pictures post responses 200 headers X-RateLimit-Limit"), "");
    ck_assert_str_eq(AT("components schemas Error properties error required"), "[\"code\",\"message\",\"details\"]");
}
END_TEST

START_TEST(callers_say_who_they_are_in_the_dialects_ways)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&smsagent_dialect);

    ck_assert_str_eq(AT("paths /api/v2/things/ get security"), "[{\"token\":[]},{\"session\":[]}]");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ get security"), "[{\"token\":[]},{\"session\":[]},{}]");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ delete security"), "[{\"token\":[]},{\"session\":[],\"csrf\":[]}]");
    ck_assert_str_eq(AT("paths /api/v2/things/{id}/ delete responses 403 $ref"),
                     "\"#/components/responses/Forbidden\"");
    ck_assert_str_eq(AT("paths /pictures post security"), "[]");
    ck_assert_str_eq(AT("components securitySchemes session in"), "\"cookie\"");
    ck_assert_str_eq(AT("components securitySchemes bearer"), "");
}
END_TEST

START_TEST(what_may_wait_says_so)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);
    const char *poll = "paths /api/v2/waits/{id}/ get ", *put = "paths /api/v2/waits/ post ",
               *see = "paths /api/v2/things/{id}/ get ";

    ck_assert_str_eq(AT("%sparameters 1 name", poll), "\"wait\"");
    ck_assert_str_eq(AT("%sparameters 2 name", poll), "\"Prefer\"");
    ck_assert_str_eq(AT("%sparameters 3 in", poll), "\"header\"");
    ck_assert_str_eq(AT("%sresponses 200 headers ETag $ref", poll), "\"#/components/headers/ETag\"");
    ck_assert_str_eq(AT("%sresponses 304 headers Retry-After $ref", poll), "\"#/components/headers/Retry-After\"");
    ck_assert_str_eq(AT("%sresponses 304 content", poll), "");
    ck_assert_str_eq(AT("%sparameters 0 name", put), "\"Prefer\"");
    ck_assert_str_eq(AT("%sresponses 304", put), "");
    ck_assert_str_eq(AT("%sresponses 200 content", put), AT("%sresponses 202 content", put));
    ck_assert_str_eq(AT("%sresponses 200 headers Preference-Applied $ref", put),
                     "\"#/components/headers/Preference-Applied\"");
    ck_assert_str_eq(AT("%sparameters 1", see), "");
    ck_assert_str_eq(AT("%sresponses 304", see), "");
    ck_assert_str_eq(AT("%sresponses 200 headers Retry-After", see), "");
}
END_TEST

START_TEST(what_may_be_sent_again_says_so)
{
    static const char *const others[] = { "/pictures post", "/api/v2/waits/ post", "/api/v2/things/ get",
                                          "/api/v2/things/{id}/ delete" };
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);
    const char *make = "paths /api/v2/things/ post ";

    ck_assert_str_eq(AT("%sparameters 0 name", make), "\"Idempotency-Key\"");
    ck_assert_str_eq(AT("%sparameters 0 in", make), "\"header\"");
    ck_assert_str_eq(AT("%sresponses 409 $ref", make), "\"#/components/responses/Conflict\"");
    ck_assert_str_eq(AT("%sresponses 201 headers Idempotent-Replayed $ref", make),
                     "\"#/components/headers/Idempotent-Replayed\"");
    for (size_t i = 0; i < ELEMENTS(others); i++) {
        ck_assert_str_eq(AT("paths %s responses 409", others[i]), "");
        ck_assert_ptr_null(strstr(AT("paths %s", others[i]), "Idempotency-Key"));
    }
}
END_TEST

START_TEST(files_come_in_parts)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *document = described(&expenses_dialect);

    ck_assert_str_eq(AT("paths /pictures post requestBody content multipart/form-data schema properties file type"),
                     "\"string\"");
    ck_assert_str_eq(AT("paths /pictures post requestBody required"), "true");
    ck_assert_str_eq(AT("paths /pictures post tags"), "[\"service\"]");
}
END_TEST

START_TEST(nobodys_product_is_not_described)
{
    ck_assert_int_eq(openapi_print("nobodys", "/", stdout), -ENOENT);
}
END_TEST

SUITE(openapi)
{
    tcase_add_loop_test(tests, fields_are_schemas, 0, (int)ELEMENTS(schemas));
    tcase_add_test(tests, a_list_stands_in_the_envelope_with_its_page);
    tcase_add_test(tests, a_success_stands_in_the_envelope_unless_it_is_bare);
    tcase_add_test(tests, refusals_have_the_dialects_statuses);
    tcase_add_test(tests, callers_say_who_they_are_in_the_dialects_ways);
    tcase_add_test(tests, what_may_wait_says_so);
    tcase_add_test(tests, what_may_be_sent_again_says_so);
    tcase_add_test(tests, files_come_in_parts);
    tcase_add_test(tests, nobodys_product_is_not_described);
}
