/* SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "tests/fuzz/shared/sql_text.h"
#include "common/json.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <ctype.h>
#include <errno.h>

static bool bounded(const struct field *field)
{
    return field->max > field->min || (field->max && field->max == field->min);
}

static bool within(const struct field *field, long long n)
{
    return n >= field->min && (!bounded(field) || n <= field->max);
}

/* jansson looks at UTF-8 by itself. */
static bool is_utf8(const char *text)
{
    json_auto_t *value = json_string(text);
    return value != NULL;
}

static long long characters(const char *text)
{
    long long n = 0;

    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static bool all(const char *text, int (*is)(int), const char *more)
{
    for (; *text; text++)
        if (*text & 0x80 || (!is((unsigned char)*text) && !strchr(more, *text)))
            return false;
    return true;
}

static int is_small(int c)
{
    return islower(c) || isdigit(c);
}

static int is_plain(int c)
{
    return c > ' ' && c < 0x7f;
}

/* ---- one function a type ---- */

typedef bool holds_fn(const struct field *field, const char *text);

/* Anything but white space, which is looked for as it is written in UTF-8. */
static bool says_something(const char *text)
{
    static const char *const white[] = { " ",      "\t",     "\n",     "\r",     "\u00a0", "\u1680", "\u2000", "\u2001",
                                         "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
                                         "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff" };

    for (size_t i = 0; i < ELEMENTS(white);) {
        size_t n = strlen(white[i]);
        bool here = !strncmp(text, white[i], n);
        text += here ? n : 0;
        i = here ? 0 : i + 1;
    }
    return *text;
}

static bool text_holds(const struct field *field, const char *text)
{
    for (const char *p = text; *p; p++)
        if ((iscntrl((unsigned char)*p) && !strchr("\n\r\t", *p)) ||
            (*p == '\xc2' && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0))
            return false;
    return is_utf8(text) && within(field, characters(text)) && (!(field->flags & NOT_BLANK) || says_something(text));
}

static bool integer_holds(const struct field *field, const char *text)
{
    char again[32], *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    snprintf(again, sizeof again, "%lld", value);
    return !errno && !*end && !strcmp(text, again) && ((!field->min && !field->max) || within(field, value));
}

static bool boolean_holds(const struct field *field, const char *text)
{
    (void)field;
    return !strcmp(text, "true") || !strcmp(text, "false");
}

static bool enum_holds(const struct field *field, const char *text)
{
    for (const char *const *value = field->values; *value; value++)
        if (!strcmp(*value, text))
            return true;
    return false;
}

static bool email_holds(const struct field *field, const char *text)
{
    const char *at = strchr(text, '@');

    (void)field;
    for (const char *p = text; *p; p++)
        if (isupper((unsigned char)*p))
            return false;
    return all(text, is_plain, "") && at && at > text && !strchr(at + 1, '@') && strchr(at, '.') &&
           !strpbrk(text, "<>()[],;:\\\"") && strlen(text) <= 254;
}

static bool code_holds(const struct field *field, const char *text)
{
    return all(text, isdigit, "") && within(field, (long long)strlen(text));
}

static bool slug_holds(const struct field *field, const char *text)
{
    return all(text, is_small, "-") && within(field, (long long)strlen(text));
}

static bool uuid_holds(const struct field *field, const char *text)
{
    (void)field;
    return strlen(text) == 36 && strspn(text, "0123456789abcdef-") == 36;
}

static bool id_holds(const struct field *field, const char *text)
{
    const struct field any = { .min = 0 };

    (void)field;
    return isdigit((unsigned char)*text) && *text != '0' && integer_holds(&any, text);
}

static bool token_holds(const struct field *field, const char *text)
{
    return all(text, isalnum, "_.-") && within(field, (long long)strlen(text));
}

static bool word_holds(const struct field *field, const char *text)
{
    return all(text, is_small, "_") && within(field, (long long)strlen(text));
}

static bool decimal_holds(const struct field *field, const char *text)
{
    const char *point = strchr(text, '.'), *digits = text + (*text == '-');
    long double value = strtold(text, NULL);

    if (!isdigit((unsigned char)*digits) || !all(digits, isdigit, ".") || strlen(digits) > 16)
        return false;
    if (point && (strchr(point + 1, '.') || !point[1] || strlen(point + 1) > (size_t)field->scale))
        return false;
    if (value < (long double)field->min || (field->flags & POSITIVE && value <= 0))
        return false;
    return !bounded(field) || value <= (long double)field->max;
}

/* The C library's calendar. */
static bool date_begins(const char *text)
{
    struct tm tm = { 0 }, again;
    time_t at;

    if (strlen(text) < 10 || sscanf(text, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    again = tm;
    at = timegm(&again);
    gmtime_r(&at, &again);
    return again.tm_year == tm.tm_year && again.tm_mon == tm.tm_mon && again.tm_mday == tm.tm_mday;
}

static bool clock_begins(const char *text)
{
    int hour = -1, minute = -1;

    return strlen(text) >= 5 && text[2] == ':' && sscanf(text, "%2d:%2d", &hour, &minute) == 2 && hour >= 0 &&
           hour <= 23 && minute >= 0 && minute <= 59;
}

static bool date_holds(const struct field *field, const char *text)
{
    (void)field;
    return strlen(text) == 10 && date_begins(text);
}

static bool clock_holds(const struct field *field, const char *text)
{
    (void)field;
    return strlen(text) == 5 && clock_begins(text);
}

/* What a date alone becomes where the whole of its day counts; no client can write it so. */
static bool is_day_end(const struct field *field, const char *text)
{
    return field->type == TIME && field->flags & DAY_END && date_begins(text) && !strcmp(text + 10, "T24:00:00Z");
}

static bool time_holds(const struct field *field, const char *text)
{
    if (is_day_end(field, text))
        return true;
    return date_begins(text) && strchr("T ", text[10]) && clock_begins(text + 11) && strlen(text) <= 35 &&
           all(text, isdigit, "-:.+ TZ");
}

static bool zone_holds(const struct field *field, const char *text)
{
    (void)field;
    return *text && strlen(text) <= 64 && all(text, isalnum, "_+-/");
}

static bool phone_holds(const struct field *field, const char *text)
{
    (void)field;
    return *text == '+' && text[1] != '0' && all(text + 1, isdigit, "") && strlen(text) >= 8 && strlen(text) <= 16;
}

static bool url_holds(const struct field *field, const char *text)
{
    (void)field;
    return !strncmp(text, "http", 4) && strstr(text, "://") && strlen(text) <= 2048 && all(text, is_plain, "") &&
           !strpbrk(text, "<>\"\\");
}

static bool currency_holds(const struct field *field, const char *text)
{
    (void)field;
    return strlen(text) == 3 && all(text, isupper, "");
}

static bool member_holds(const struct field *field, const json_t *value);

static bool object_holds(const struct field *field, const json_t *value)
{
    autotalloc void *scratch = talloc_new(NULL);
    size_t known = 0;

    if (!json_is_object(value))
        return false;
    if (!field->fields)
        return strlen(json_text(scratch, value)) <= (size_t)(field->max ? field->max : FIELD_OBJECT_MAX);
    for (const struct field *member = field->fields; member->name; member++) {
        const json_t *given = json_object_get(value, member->name);

        if (given ? !member_holds(member, given) : (member->flags & REQUIRED) != 0)
            return false;
        known += given != NULL;
    }
    return json_object_size(value) == known;
}

static bool list_holds(const struct field *field, const json_t *value)
{
    json_t *item;
    size_t i;

    if (!json_is_array(value) || !within(field, (long long)json_array_size(value)))
        return false;
    json_array_foreach(value, i, item) if (!member_holds(field->fields, item)) return false;
    return true;
}

static holds_fn *const types[] = {
    [TEXT] = text_holds,   [INTEGER] = integer_holds, [BOOLEAN] = boolean_holds,   [ENUM] = enum_holds,
    [EMAIL] = email_holds, [CODE] = code_holds,       [SLUG] = slug_holds,         [UUID] = uuid_holds,
    [ID] = id_holds,       [TOKEN] = token_holds,     [WORD] = word_holds,         [DECIMAL] = decimal_holds,
    [DATE] = date_holds,   [CLOCK] = clock_holds,     [TIME] = time_holds,         [ZONE_NAME] = zone_holds,
    [PHONE] = phone_holds, [URL] = url_holds,         [CURRENCY] = currency_holds,
};

/* Within objects and lists a scalar is as it was sent, and as its type is checked: looked at only by its JSON type. */
static bool member_holds(const struct field *field, const json_t *value)
{
    if (json_is_null(value))
        return field->flags & NULLABLE;
    if (field->type == OBJECT)
        return object_holds(field, value);
    if (field->type == LIST)
        return list_holds(field, value);
    if (field->type == INTEGER)
        return json_is_integer(value) &&
               ((!field->min && !field->max) || field->flags & CLAMPED || within(field, json_integer_value(value)));
    if (field->type == BOOLEAN)
        return json_is_boolean(value);
    if (field->type == DECIMAL)
        return json_is_number(value) || (json_is_string(value) && decimal_holds(field, json_string_value(value)));
    if (field->type == ENUM)
        return json_is_string(value) && enum_holds(field, json_string_value(value));
    if (field->type == TEXT)
        return json_is_string(value) && text_holds(field, json_string_value(value));
    return json_is_string(value);
}

bool sql_text_checked(const struct field *field)
{
    return field->type == OBJECT || field->type == LIST ||
           ((size_t)field->type < ELEMENTS(types) && types[field->type]);
}

void sql_text_hold(const struct field *field, const char *text)
{
    json_auto_t *value = NULL;

    if (field->type != OBJECT && field->type != LIST) {
        MUST(types[field->type](field, text));
        return;
    }
    value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    MUST(value && is_utf8(text) && !strstr(text, "\\u0000"));
    MUST(member_holds(field, value));
}

void sql_text_hold_round(void *ctx, const struct field *field, const char *text)
{
    json_auto_t *value = is_day_end(field, text) ? json_stringn(text, strlen("YYYY-MM-DD")) : field_json(field, text);
    struct field_errors errors = { 0 };
    const char *again = NULL;

    MUST(value);
    MUST(field_check_json(ctx, field, "again", value, &errors, &again) && !errors.count);
    MUST(again && !strcmp(again, text));
}
