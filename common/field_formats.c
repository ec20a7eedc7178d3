/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rules of texts with a format that a standard gives: decimals, dates and times, addresses, codes. */
#include "common/currency.h"
#include "common/field_types.h"
#include "common/memory.h"

#define DIGITS "0123456789"

enum { PHONE_LEAST = 7, PHONE_MOST = 15, URL_MAX = 2048, ZONE_MAX = 64, DECIMAL_DIGITS = 15 };

static const char *refuse(struct field_refusal *ret, enum field_reason reason, const char *message)
{
    *ret = (struct field_refusal){ reason, message };
    return NULL;
}

/* ---- decimals ---- */

/* n of the smallest units of a plain decimal (no exponent, no sign but a minus). False when it is none, or has more
 * than the scale's decimals or fifteen digits in all. */
static bool decimal_units(const char *text, int scale, long long *ret, const char **ret_why)
{
    bool negative = *text == '-';
    long long units = 0;
    int digits = 0, decimals = -1;

    for (text += negative; *text; text++) {
        if (*text == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || ++digits > DECIMAL_DIGITS) {
            *ret_why = digits > DECIMAL_DIGITS ? "has too many digits" : "must be a decimal number";
            return false;
        }
        decimals += decimals >= 0;
        units = units * 10 + *text - '0';
    }
    if (!digits || !decimals || decimals > scale) {
        *ret_why = digits && decimals ? "has too many decimals" : "must be a decimal number";
        return false;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < scale; i++)
        if (__builtin_mul_overflow(units, 10, &units)) {
            *ret_why = "has too many digits";
            return false;
        }
    *ret = negative ? -units : units;
    return true;
}

/* Kept as the text it is. */
const char *field_rule_decimal(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    long long units, unit = 1;
    const char *why;

    if (!decimal_units(text, field->scale, &units, &why))
        return refuse(ret, FIELD_INVALID, why);
    for (int i = 0; i < field->scale; i++)
        unit *= 10;
    if (field->flags & POSITIVE && units <= 0)
        return refuse(ret, FIELD_INVALID, "must be greater than 0");
    if (units < field->min * unit)
        return refuse(ret, FIELD_INVALID, FORMAT(ctx, "must be at least %lld", field->min));
    if (field_bounded(field) && units > field->max * unit)
        return refuse(ret, FIELD_INVALID, FORMAT(ctx, "must be at most %lld", field->max));
    return text;
}

/* ---- dates and times ---- */

/* The number of exactly n digits; -1 when there are none. */
static int digits_of(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + text[i] - '0';
    }
    return value;
}

/* YYYY-MM-DD at the beginning of text, of the Gregorian calendar. */
static bool is_date(const char *text)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day;

    if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
        return false;
    year = digits_of(text, 4);
    month = digits_of(text + 5, 2);
    day = digits_of(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* HH:MM at the beginning of text. */
static bool is_clock(const char *text)
{
    int hour, minute;

    if (strnlen(text, 5) < 5 || text[2] != ':')
        return false;
    hour = digits_of(text, 2);
    minute = digits_of(text + 3, 2);
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

const char *field_rule_date(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    (void)ctx;
    (void)field;
    return is_date(text) && !text[10] ? text : refuse(ret, FIELD_FORMAT, "must be a date such as 2024-01-15");
}

const char *field_rule_clock(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    (void)ctx;
    (void)field;
    return is_clock(text) && !text[5] ? text : refuse(ret, FIELD_FORMAT, "must be a time such as 08:30");
}

/* Behind the seconds: a fraction and a zone, both optional. */
static bool is_time_end(const char *text)
{
    if (*text == '.') {
        size_t n = strspn(text + 1, DIGITS);
        if (n < 1 || n > 9)
            return false;
        text += n + 1;
    }
    if (!*text || !strcmp(text, "Z"))
        return true;
    return (*text == '+' || *text == '-') && is_clock(text + 1) && digits_of(text + 1, 2) <= 15 && !text[6];
}

const char *field_rule_time(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    if (is_date(text) && !text[10])
        return FORMAT(ctx, "%sT%s:00:00Z", text, field->flags & DAY_END ? "24" : "00");
    if (is_date(text) && (text[10] == 'T' || text[10] == ' ') && is_clock(text + 11) &&
        (!text[16] ||
         (text[16] == ':' && digits_of(text + 17, 2) >= 0 && digits_of(text + 17, 2) < 60 && is_time_end(text + 19))))
        return text;
    return refuse(ret, FIELD_FORMAT, "must be a time such as 2024-01-15T10:30:00Z");
}

const char *field_rule_zone(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    (void)ctx;
    (void)field;
    if (!*text || strlen(text) > ZONE_MAX ||
        text[strspn(text, DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_+-/")])
        return refuse(ret, FIELD_FORMAT, "must be a time zone such as Europe/Berlin");
    return text;
}

/* ---- addresses and codes ---- */

/* E.164. In a query or a form a plus that was not escaped has become a blank. */
const char *field_rule_phone(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    const char *digits = text + 1;
    size_t n;

    (void)field;
    if (*text != '+' && *text != ' ')
        return refuse(ret, FIELD_FORMAT, "must be a phone number such as +15551234567");
    n = strspn(digits, DIGITS);
    if (digits[n] || n < PHONE_LEAST || n > PHONE_MOST || *digits == '0')
        return refuse(ret, FIELD_FORMAT, "must be a phone number such as +15551234567");
    return FORMAT(ctx, "+%s", digits);
}

const char *field_rule_url(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    size_t scheme = !strncmp(text, "https://", 8) ? 8 : !strncmp(text, "http://", 7) ? 7 : 0;

    (void)ctx;
    (void)field;
    if (strlen(text) > URL_MAX)
        return refuse(ret, FIELD_TOO_LONG, "must be at most 2048 characters");
    if (!scheme || !text[scheme] || strchr("/?#:@", text[scheme]))
        return refuse(ret, FIELD_FORMAT, "must be a URL such as https://example.org/");
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == '<' || *p == '>' || *p == '\\' || (unsigned char)*p >= 0x7f)
            return refuse(ret, FIELD_FORMAT, "must be a URL such as https://example.org/");
    return text;
}

const char *field_rule_currency(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    char code[4] = "";

    (void)field;
    if (strlen(text) != 3)
        return refuse(ret, FIELD_FORMAT, "must be a currency code such as USD");
    for (int i = 0; i < 3; i++)
        code[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    return currency_digits(code) < 0 ? refuse(ret, FIELD_UNKNOWN_REFERENCE, "is not a currency that is known")
                                     : COPY(ctx, code);
}

const char *field_rule_word(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    if (text[strspn(text, DIGITS "abcdefghijklmnopqrstuvwxyz_")])
        return refuse(ret, FIELD_FORMAT, "may have only lower-case letters, digits and underscores");
    return field_sized(ctx, field, text, (long long)strlen(text), ret);
}
