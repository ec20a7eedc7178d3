/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/currency.h"
#include "common/field.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/text.h"
#include "tests/unit/suite.h"

#define F(...)                                                                                                         \
    {                                                                                                                  \
        .name = "f", __VA_ARGS__                                                                                       \
    }
#define MONEY F(.type = DECIMAL, .flags = POSITIVE, .scale = 2, .max = 1000)
#define DIGITS15 "123456789012345"

/* A field, a value as JSON, and its SQL text; NULL: it is refused. */
static const struct {
    struct field field;
    const char *json, *sql;
} cases[] = {
    { MONEY, "\"250.00\"", "250.00" },
    { MONEY, "250", "250" },
    { MONEY, "0.1", "0.1" },
    { MONEY, "45.67", "45.67" },
    { MONEY, "1000.00", "1000" },
    { MONEY, "\"1000.01\"", NULL },
    { MONEY, "0.001", NULL },
    { MONEY, "10.000000000000001", NULL },
    { MONEY, "\"0.00\"", NULL },
    { MONEY, "-1", NULL },
    { MONEY, "\"1e2\"", NULL },
    { MONEY, "1e2", "100" },
    { MONEY, "\"\"", NULL },
    { MONEY, "\".5\"", NULL },
    { MONEY, "\"5.\"", NULL },
    { MONEY, "\"-\"", NULL },
    { MONEY, "\"1.2.3\"", NULL },
    { MONEY, "\" 1\"", NULL },
    { MONEY, "true", NULL },
    { F(.type = DECIMAL, .scale = 3, .min = -5, .max = 5), "\"-5.000\"", "-5.000" },
    { F(.type = DECIMAL, .scale = 3, .min = -5, .max = 5), "\"-5.001\"", NULL },
    { F(.type = DECIMAL, .scale = 3, .min = -5, .max = 5), "\"5.001\"", NULL },
    { F(.type = DECIMAL, .scale = 0), "\"" DIGITS15 "\"", DIGITS15 },
    { F(.type = DECIMAL, .scale = 0), "\"" DIGITS15 "6\"", NULL },
    { F(.type = DATE), "\"2024-02-29\"", "2024-02-29" },
    { F(.type = DATE), "\"2023-02-29\"", NULL },
    { F(.type = DATE), "\"1900-02-29\"", NULL },
    { F(.type = DATE), "\"2000-02-29\"", "2000-02-29" },
    { F(.type = DATE), "\"2024-13-01\"", NULL },
    { F(.type = DATE), "\"0000-01-01\"", NULL },
    { F(.type = DATE), "\"2024-1-1\"", NULL },
    { F(.type = DATE), "\"2024-01-01x\"", NULL },
    { F(.type = CLOCK), "\"00:00\"", "00:00" },
    { F(.type = CLOCK), "\"23:59\"", "23:59" },
    { F(.type = CLOCK), "\"24:00\"", NULL },
    { F(.type = CLOCK), "\"7:30\"", NULL },
    { F(.type = TIME), "\"2024-01-15T10:30:00Z\"", "2024-01-15T10:30:00Z" },
    { F(.type = TIME), "\"2024-01-15T10:30:00.123456+05:30\"", "2024-01-15T10:30:00.123456+05:30" },
    { F(.type = TIME), "\"2024-01-15T10:30\"", "2024-01-15T10:30" },
    { F(.type = TIME), "\"2024-01-15\"", "2024-01-15T00:00:00Z" },
    { F(.type = TIME, .flags = DAY_END), "\"2024-01-15\"", "2024-01-15T24:00:00Z" },
    { F(.type = TIME, .flags = DAY_END), "\"2024-01-15T10:30:00Z\"", "2024-01-15T10:30:00Z" },
    { F(.type = TIME), "\"2024-01-15T10:30:60Z\"", NULL },
    { F(.type = TIME), "\"2024-01-15T10:30:00+99:00\"", NULL },
    { F(.type = TIME), "\"2024-01-15T10:30:00.Z\"", NULL },
    { F(.type = TIME), "\"2024-01-15T10:30:00Z; drop\"", NULL },
    { F(.type = TIME), "\"now\"", NULL },
    { F(.type = ZONE_NAME), "\"America/Argentina/Buenos_Aires\"", "America/Argentina/Buenos_Aires" },
    { F(.type = ZONE_NAME), "\"../etc\"", NULL },
    { F(.type = ZONE_NAME), "\"\"", NULL },
    { F(.type = PHONE), "\"+15551234567\"", "+15551234567" },
    { F(.type = PHONE), "\" 15551234567\"", "+15551234567" },
    { F(.type = PHONE), "\"15551234567\"", NULL },
    { F(.type = PHONE), "\"+05551234567\"", NULL },
    { F(.type = PHONE), "\"+155512\"", NULL },
    { F(.type = PHONE), "\"+1234567890123456\"", NULL },
    { F(.type = URL), "\"https://example.org/a?b=c\"", "https://example.org/a?b=c" },
    { F(.type = URL), "\"javascript:alert(1)\"", NULL },
    { F(.type = URL), "\"https://\"", NULL },
    { F(.type = URL), "\"https://a b\"", NULL },
    { F(.type = CURRENCY), "\"usd\"", "USD" },
    { F(.type = CURRENCY), "\"XXX\"", NULL },
    { F(.type = CURRENCY), "\"US\"", NULL },
    { F(.type = WORD, .min = 1, .max = 4), "\"a_1\"", "a_1" },
    { F(.type = WORD, .min = 1, .max = 4), "\"A\"", NULL },
    { F(.type = WORD, .min = 1, .max = 4), "\"abcde\"", NULL },
    { F(.type = INTEGER, .flags = CLAMPED, .min = 1, .max = 100), "1000", "100" },
    { F(.type = INTEGER, .flags = CLAMPED, .min = 1, .max = 100), "0", NULL },
    { F(.type = OBJECT), "{\"b\":[1,{\"c\":null}],\"a\":2.5}", "{\"b\":[1,{\"c\":null}],\"a\":2.5}" },
    { F(.type = OBJECT, .max = 8), "{\"a\":\"bcdef\"}", NULL },
    { F(.type = OBJECT), "[]", NULL },
};

START_TEST(a_value_has_its_format)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *value = json_loads(cases[_i].json, JSON_DECODE_ANY, NULL);
    struct field_errors errors = { 0 };
    const char *sql = NULL;
    bool good = field_check_json(ctx, &cases[_i].field, "f", value, &errors, &sql);

    ck_assert_msg(good == (cases[_i].sql != NULL), "%s", cases[_i].json);
    ck_assert_int_eq(errors.count, good ? 0 : 1);
    if (good)
        ck_assert_str_eq(sql, cases[_i].sql);
    else
        ck_assert(*errors.list[0].message);
}
END_TEST

START_TEST(currencies_have_their_decimals)
{
    ck_assert_int_eq(currency_digits("USD"), 2);
    ck_assert_int_eq(currency_digits("JPY"), 0);
    ck_assert_int_eq(currency_digits("KWD"), 3);
    ck_assert_int_eq(currency_digits("AED"), 2);
    ck_assert_int_eq(currency_digits("ZWL"), 2);
    ck_assert_int_eq(currency_digits("usd"), -1);
    ck_assert_int_eq(currency_digits("XXX"), -1);
    ck_assert_int_eq(currency_digits(""), -1);
}
END_TEST

START_TEST(a_word_is_found_in_a_list)
{
    ck_assert(text_listed("a,b, c", "c"));
    ck_assert(text_listed("a", "a"));
    ck_assert(!text_listed("ab,bc", "b"));
    ck_assert(!text_listed("", "a"));
    ck_assert(!text_listed(", ,", ""));
    ck_assert(!text_listed("a,b", ""));
}
END_TEST

SUITE(field_formats)
{
    tcase_add_loop_test(tests, a_value_has_its_format, 0, ELEMENTS(cases));
    tcase_add_test(tests, currencies_have_their_decimals);
    tcase_add_test(tests, a_word_is_found_in_a_list);
}
