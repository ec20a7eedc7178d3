/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/field.h"
#include "common/json.h"
#include "common/memory.h"
#include "tests/unit/suite.h"

static const char *const poses[] = { "standing", "sitting", NULL };
#define F(...)                                                                                                         \
    {                                                                                                                  \
        .name = "f", __VA_ARGS__                                                                                       \
    }
#define LONG16 "aaaaaaaaaaaaaaaa"
#define LONG64 LONG16 LONG16 LONG16 LONG16
#define LONG256 LONG64 LONG64 LONG64 LONG64

/* A field, a value as JSON (NULL: missing), and either the SQL text or the refusal. */
static const struct json_case {
    struct field field;
    const char *json, *sql, *refusal;
    enum field_reason reason;
} json_cases[] = {
    { F(.type = TEXT), "\"a\\n\\t\\r b\"", "a\n\t\r b", NULL, 0 },
    { F(.type = TEXT), "\"\"", "", NULL, 0 },
    { F(.type = TEXT, .min = 1, .max = 3), "\"\\u00e9\\u00e9\\ud83d\\ude00\"", "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80", NULL,
      0 },
    { F(.type = TEXT, .min = 1, .max = 3), "\"abcd\"", NULL, "must be at most 3 characters", FIELD_TOO_LONG },
    { F(.type = TEXT, .flags = REQUIRED, .min = 1), "\"\"", NULL, "must not be empty", FIELD_INVALID },
    { F(.type = TEXT, .flags = NOT_BLANK, .min = 1), "\"\"", NULL, "must not be empty", FIELD_INVALID },
    { F(.type = TEXT, .flags = NOT_BLANK, .min = 1), "\" \\t\\r\\n\"", NULL, "must not be blank", FIELD_INVALID },
    { F(.type = TEXT, .flags = NOT_BLANK, .min = 1),
      "\"\\u00a0\\u1680\\u2000\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff\"", NULL, "must not be blank",
      FIELD_INVALID },
    { F(.type = TEXT, .flags = NOT_BLANK, .min = 1), "\" \\u200b \"", " \xe2\x80\x8b ", NULL, 0 },
    { F(.type = TEXT, .flags = NOT_BLANK, .min = 1, .max = 3), "\" a \"", " a ", NULL, 0 },
    { F(.type = TEXT, .min = 1), "\" \"", " ", NULL, 0 },
    { F(.type = TEXT, .min = 3, .max = 9), "\"ab\"", NULL, "must be at least 3 characters", FIELD_INVALID },
    { F(.type = TEXT), "\"a\\u0007\"", NULL, "must not contain control characters", FIELD_INVALID },
    { F(.type = TEXT), "\"a\\u0085\"", NULL, "must not contain control characters", FIELD_INVALID },
    { F(.type = TEXT), "\"a\\u007f\"", NULL, "must not contain control characters", FIELD_INVALID },
    { F(.type = TEXT), "12", NULL, "must be text", FIELD_INVALID },
    { F(.type = TEXT), "null", NULL, "must not be null", FIELD_INVALID },
    { F(.type = TEXT, .flags = NULLABLE), "null", NULL, NULL, 0 },
    { F(.type = TEXT, .flags = REQUIRED | NULLABLE), "null", NULL, NULL, 0 },
    { F(.type = TEXT, .flags = REQUIRED | NULLABLE), NULL, NULL, "is required", FIELD_REQUIRED },
    { F(.type = TEXT), NULL, NULL, NULL, 0 },
    { F(.type = INTEGER, .standard = "20"), NULL, "20", NULL, 0 },
    { F(.type = INTEGER), "-9223372036854775808", "-9223372036854775808", NULL, 0 },
    { F(.type = INTEGER, .min = 1, .max = 100), "100", "100", NULL, 0 },
    { F(.type = INTEGER, .min = 1, .max = 100), "101", NULL, "must be from 1 to 100", FIELD_INVALID },
    { F(.type = INTEGER, .min = 1, .max = 100), "0", NULL, "must be from 1 to 100", FIELD_INVALID },
    { F(.type = INTEGER, .min = 1), "9223372036854775807", "9223372036854775807", NULL, 0 },
    { F(.type = INTEGER, .min = 1), "0", NULL, "must be at least 1", FIELD_INVALID },
    { F(.type = INTEGER, .min = -5, .max = 0), "1", NULL, "must be from -5 to 0", FIELD_INVALID },
    { F(.type = INTEGER), "1.0", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "\"1\"", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "true", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = BOOLEAN), "true", "true", NULL, 0 },
    { F(.type = BOOLEAN), "false", "false", NULL, 0 },
    { F(.type = BOOLEAN), "1", NULL, "must be true or false", FIELD_INVALID },
    { F(.type = BOOLEAN), "\"true\"", NULL, "must be true or false", FIELD_INVALID },
    { F(.type = ENUM, .values = poses), "\"sitting\"", "sitting", NULL, 0 },
    { F(.type = ENUM, .values = poses), "\"Sitting\"", NULL, "must be one of standing, sitting", FIELD_INVALID },
    { F(.type = ENUM, .values = poses), "\"\"", NULL, "must be one of standing, sitting", FIELD_INVALID },
    { F(.type = ENUM, .values = poses), "[]", NULL, "must be text", FIELD_INVALID },
    { F(.type = EMAIL), "\"Ann.Lee+x@Mail.Example.COM\"", "ann.lee+x@mail.example.com", NULL, 0 },
    { F(.type = EMAIL), "\"a@b.c1\"", "a@b.c1", NULL, 0 },
    { F(.type = EMAIL), "\"" LONG256 "@example.com\"", NULL, "must be at most 254 characters", FIELD_TOO_LONG },
    { F(.type = CODE, .min = 6, .max = 6), "\"012345\"", "012345", NULL, 0 },
    { F(.type = CODE, .min = 6, .max = 6), "\"12345\"", NULL, "must be 6 digits", FIELD_FORMAT },
    { F(.type = CODE, .min = 4, .max = 8), "\"12a45\"", NULL, "must be 4 to 8 digits", FIELD_FORMAT },
    { F(.type = CODE, .min = 6, .max = 6), "123456", NULL, "must be text", FIELD_INVALID },
    { F(.type = SLUG, .min = 1, .max = 8), "\"a-b-9\"", "a-b-9", NULL, 0 },
    { F(.type = SLUG, .min = 1, .max = 8), "\"A\"", NULL, "may have only lower-case letters, digits and hyphens",
      FIELD_FORMAT },
    { F(.type = SLUG, .min = 1, .max = 8), "\"aaaaaaaaa\"", NULL, "must be at most 8 characters", FIELD_TOO_LONG },
    { F(.type = UUID), "\"F81D4FAE-7dec-11d0-a765-00a0c91e6bf6\"", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", NULL, 0 },
    { F(.type = UUID), "\"f81d4fae7dec11d0a76500a0c91e6bf6\"", NULL, "must be a UUID", FIELD_FORMAT },
    { F(.type = UUID), "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf\"", NULL, "must be a UUID", FIELD_FORMAT },
    { F(.type = UUID), "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6a\"", NULL, "must be a UUID", FIELD_FORMAT },
    { F(.type = UUID), "\"\"", NULL, "must be a UUID", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"img_12\"", "12", NULL, 0 },
    { F(.type = ID, .prefix = "img_"), "\"img_9223372036854775807\"", "9223372036854775807", NULL, 0 },
    { F(.type = ID, .prefix = "img_"), "\"img_9223372036854775808\"", NULL, "must be an id such as img_1",
      FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"img_012\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"img_0\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"img_\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"img_-1\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"12\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = ID, .prefix = "img_"), "\"usr_12\"", NULL, "must be an id such as img_1", FIELD_FORMAT },
    { F(.type = TOKEN, .min = 1, .max = 9), "\"a.B_c-9\"", "a.B_c-9", NULL, 0 },
    { F(.type = TOKEN, .min = 1, .max = 9), "\"a/b\"", NULL,
      "may have only letters, digits, underscores, dots and hyphens", FIELD_FORMAT },
    { F(.type = OBJECT), "[]", NULL, "must be an object", FIELD_INVALID },
    { F(.type = LIST), "{}", NULL, "must be a list", FIELD_INVALID },
};

static void assert_outcome(const struct json_case *c, bool good, const char *sql, const struct field_errors *errors)
{
    ck_assert_msg(good == !c->refusal, "%s", good ? "accepted" : errors->list[0].message);
    ck_assert_pstr_eq(sql, good ? c->sql : "untouched");
    ck_assert_int_eq(errors->count, good ? 0 : 1);
    if (!good) {
        ck_assert_str_eq(errors->list[0].field, "f");
        ck_assert_str_eq(errors->list[0].message, c->refusal);
        ck_assert_int_eq(errors->list[0].reason, c->reason);
    }
}

START_TEST(a_value_is_checked_as_json)
{
    const struct json_case *c = &json_cases[_i];
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    const char *sql = "untouched", *why;
    json_auto_t *value = NULL;
    bool good;

    if (c->json)
        ck_assert_int_eq(json_parse_strict(ctx, c->json, strlen(c->json), &value, &why), 0);
    good = field_check_json(ctx, &c->field, "f", value, &errors, &sql);
    assert_outcome(c, good, sql, &errors);
}
END_TEST

static const struct json_case text_cases[] = {
    { F(.type = INTEGER), "12", "12", NULL, 0 },
    { F(.type = INTEGER), "-0", "0", NULL, 0 },
    { F(.type = INTEGER), "007", "7", NULL, 0 },
    { F(.type = INTEGER), "", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "-", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), " 1", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "+1", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "1e3", NULL, "must be a whole number", FIELD_INVALID },
    { F(.type = INTEGER), "9223372036854775808", NULL, "must be a whole number of 64 bits at most", FIELD_INVALID },
    { F(.type = INTEGER, .min = 1), "-9223372036854775809", NULL, "must be at least 1", FIELD_INVALID },
    { F(.type = INTEGER, .min = 1, .max = 5), "9223372036854775808", NULL, "must be from 1 to 5", FIELD_INVALID },
    { F(.type = INTEGER, .flags = REQUIRED), NULL, NULL, "is required", FIELD_REQUIRED },
    { F(.type = INTEGER, .standard = "1"), NULL, "1", NULL, 0 },
    { F(.type = BOOLEAN), "1", "true", NULL, 0 },
    { F(.type = BOOLEAN), "0", "false", NULL, 0 },
    { F(.type = BOOLEAN), "false", "false", NULL, 0 },
    { F(.type = BOOLEAN), "yes", NULL, "must be true or false", FIELD_INVALID },
    { F(.type = TEXT), "null", "null", NULL, 0 },
    { F(.type = TEXT), "a\xff", NULL, "must be UTF-8 text", FIELD_INVALID },
    { F(.type = TEXT), "a\xc0\x80", NULL, "must be UTF-8 text", FIELD_INVALID },
    { F(.type = ID, .prefix = "img_"), "img_12", "12", NULL, 0 },
    { F(.type = LIST, .max = 2, .fields = FIELDS({ .name = "n", .type = INTEGER })), "[1, 2]", "[1,2]", NULL, 0 },
    { F(.type = LIST, .max = 2, .fields = FIELDS({ .name = "n", .type = INTEGER })), "[1, 2, 3]", NULL,
      "must have at most 2 items", FIELD_TOO_LONG },
    { F(.type = LIST, .min = 1, .fields = FIELDS({ .name = "n", .type = INTEGER })), "[]", NULL,
      "must have 1 items or more", FIELD_INVALID },
    { F(.type = LIST), "[1", NULL, "must be a list", FIELD_INVALID },
};

START_TEST(a_value_is_checked_as_text)
{
    const struct json_case *c = &text_cases[_i];
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    const char *sql = "untouched";
    bool good = field_check_text(ctx, &c->field, "f", c->json, &errors, &sql);

    assert_outcome(c, good, sql, &errors);
}
END_TEST

static const char *const bad_emails[] = {
    "",
    "a",
    "@b.example",
    "a@",
    "a@b",
    "a@@b.example",
    "a@b@c.example",
    "a b@c.example",
    "a@b.example\r\nBcc: x@y.example",
    "a@b.example\n",
    "<a@b.example>",
    "a,b@c.example",
    "\"a\"@b.example",
    ".a@b.example",
    "a.@b.example",
    "a..b@c.example",
    "a@-b.example",
    "a@b-.example",
    "a@b..example",
    "a@.example",
    "a@b.example.",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@b_c.example",
    "\xc3\xa9@b.example",
    "a@b\xc3\xa9.example",
    LONG64 "a@b.example",
    "a@" LONG64 ".example",
};

START_TEST(an_email_cannot_carry_anything_else)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct field field = F(.type = EMAIL);
    struct field_errors errors = { 0 };
    const char *sql = NULL;

    ck_assert(!field_check_text(ctx, &field, "f", bad_emails[_i], &errors, &sql));
    ck_assert_str_eq(errors.list[0].message, "must be a valid e-mail address");
    ck_assert_int_eq(errors.list[0].reason, FIELD_FORMAT);
}
END_TEST

/* What set() was told, as "name=value;". */
static void note(void *closure, const char *name, const char *value)
{
    char **notes = closure;
    *notes = memory_check(talloc_asprintf_append(*notes, "%s=%s;", name, value ? value : "(null)"));
}

static bool check_object(void *ctx, const struct field *fields, const char *json, struct field_errors *errors,
                         char **notes)
{
    json_auto_t *value = NULL;
    const char *why;

    *notes = COPY(ctx, "");
    ck_assert_int_eq(json_parse_strict(ctx, json, strlen(json), &value, &why), 0);
    return field_check_object(ctx, fields, value, errors, note, notes);
}

#define FILTERS                                                                                                        \
    FIELDS({ .name = "pose", .type = ENUM, .flags = REQUIRED, .values = poses },                                       \
           { .name = "note", .type = TEXT, .flags = NULLABLE, .max = 4 },                                              \
           { .name = "image", .type = ID, .prefix = "img_" },                                                          \
           { .name = "light", .type = OBJECT, .fields = FIELDS({ .name = "angle", .type = INTEGER, .max = 360 }) })
#define GENERATE                                                                                                       \
    FIELDS({ .name = "filters", .type = OBJECT, .flags = REQUIRED, .fields = FILTERS },                                \
           { .name = "items", .type = LIST, .max = 100, .fields = FIELDS({ .name = "item", .type = EMAIL }) },         \
           { .name = "count", .type = INTEGER, .min = 1, .max = 8, .standard = "1" },                                  \
           { .name = "page", .in = QUERY, .type = INTEGER, .flags = REQUIRED })

START_TEST(an_object_is_made_of_known_members_in_the_tables_order)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    char *notes;

    ck_assert(check_object(
        ctx, GENERATE,
        "{\"items\":[\"A@b.example\"],\"x\":1,\"filters\":{\"light\":{\"angle\":90,\"y\":[]},\"note\":null,"
        "\"z\":{},\"image\":\"img_7\",\"pose\":\"sitting\"}}",
        &errors, &notes));
    ck_assert_int_eq(errors.count, 0);
    ck_assert_str_eq(notes, "filters={\"pose\":\"sitting\",\"note\":null,\"image\":\"img_7\",\"light\":{\"angle\":90}};"
                            "items=[\"A@b.example\"];count=1;");
}
END_TEST

START_TEST(all_refusals_come_at_once_with_their_paths)
{
    static const struct {
        const char *field, *message;
    } expected[] = {
        { "filters.pose", "is required" },
        { "filters.note", "must be at most 4 characters" },
        { "filters.light.angle", "must be from 0 to 360" },
        { "items[0]", "must be a valid e-mail address" },
        { "items[2]", "must be text" },
        { "count", "must not be null" },
    };
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    char *notes;

    ck_assert(
        !check_object(ctx, GENERATE,
                      "{\"filters\":{\"note\":\"abcde\",\"light\":{\"angle\":361}},\"items\":[\"x\",\"a@b.example\",3],"
                      "\"count\":null}",
                      &errors, &notes));
    ck_assert_str_eq(notes, "");
    ck_assert_uint_eq((size_t)errors.count, ELEMENTS(expected));
    for (size_t i = 0; i < ELEMENTS(expected); i++) {
        ck_assert_str_eq(errors.list[i].field, expected[i].field);
        ck_assert_str_eq(errors.list[i].message, expected[i].message);
    }
}
END_TEST

START_TEST(a_missing_body_misses_its_members_and_a_list_is_no_body)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    char *notes = COPY(ctx, "");

    ck_assert(!field_check_object(ctx, GENERATE, NULL, &errors, note, &notes));
    ck_assert_str_eq(notes, "items=(null);count=1;");
    ck_assert_int_eq(errors.count, 1);
    ck_assert_str_eq(errors.list[0].field, "filters");
    ck_assert(!check_object(ctx, GENERATE, "[]", &errors, &notes));
    ck_assert_str_eq(errors.list[1].message, "must be an object");
}
END_TEST

START_TEST(refusals_are_bounded)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct field_errors errors = { 0 };
    char *notes, *json = COPY(ctx, "{\"filters\":{\"pose\":\"sitting\"},\"items\":[0");

    for (int i = 1; i < 100; i++)
        json = memory_check(talloc_strdup_append(json, ",0"));
    ck_assert(!check_object(ctx, GENERATE, FORMAT(ctx, "%s]}", json), &errors, &notes));
    ck_assert_int_eq(errors.count, FIELD_ERRORS_MAX);
    ck_assert_str_eq(errors.list[31].field, "items[31]");
}
END_TEST

START_TEST(a_checked_value_outlives_the_json_it_came_from)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct field field = F(.type = TEXT);
    struct field_errors errors = { 0 };
    json_t *value = json_string("kept");
    const char *sql;

    ck_assert(field_check_json(ctx, &field, "f", value, &errors, &sql));
    json_decref(value);
    ck_assert_str_eq(sql, "kept");
    ck_assert_ptr_eq(talloc_parent(sql), ctx);
}
END_TEST

SUITE(field)
{
    tcase_add_loop_test(tests, a_value_is_checked_as_json, 0, ELEMENTS(json_cases));
    tcase_add_loop_test(tests, a_value_is_checked_as_text, 0, ELEMENTS(text_cases));
    tcase_add_loop_test(tests, an_email_cannot_carry_anything_else, 0, ELEMENTS(bad_emails));
    tcase_add_test(tests, an_object_is_made_of_known_members_in_the_tables_order);
    tcase_add_test(tests, all_refusals_come_at_once_with_their_paths);
    tcase_add_test(tests, a_missing_body_misses_its_members_and_a_list_is_no_body);
    tcase_add_test(tests, refusals_are_bounded);
    tcase_add_test(tests, a_checked_value_outlives_the_json_it_came_from);
}
