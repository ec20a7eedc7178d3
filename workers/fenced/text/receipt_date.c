/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/receipt_date.h"
#include "common/memory.h"
#include "common/text.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { YEAR_MIN = 1990, YEAR_MAX = 2099 };

static const char *const months[] = {
    "jan january januar janvier janv enero ene gennaio gen",
    "feb february februar fevrier fevr febrero febbraio",
    "mar march marz maerz mars marzo mrz",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag",
    "jun june juni juin junio giugno giu",
    "jul july juli juillet juil julio luglio lug",
    "aug august aout agosto ago",
    "sep sept september septembre septiembre settembre set",
    "oct october oktober okt octobre octubre ottobre ott",
    "nov november novembre noviembre",
    "dec december dezember dez decembre diciembre dic dicembre",
};

/* A place in a line. */
struct cursor {
    const char *at;
};

static int number_take(struct cursor *cursor, int *ret_digits)
{
    int value = 0, digits = 0;

    for (; isdigit((unsigned char)*cursor->at) && digits < 5; cursor->at++, digits++)
        value = value * 10 + (*cursor->at - '0');
    *ret_digits = digits;
    return value;
}

/* The twelfth part of the year that a word names, or 0. */
static int month_take(struct cursor *cursor)
{
    char word[16];
    size_t n = 0;

    while (isalpha((unsigned char)cursor->at[n]) && n < sizeof word - 1)
        n++;
    for (size_t i = 0; i < n; i++)
        word[i] = (char)tolower((unsigned char)cursor->at[i]);
    word[n] = '\0';
    if (n < 3)
        return 0;
    for (size_t i = 0; i < ELEMENTS(months); i++)
        if (text_listed(months[i], word)) {
            cursor->at += n;
            return (int)i + 1;
        }
    return 0;
}

static void pass(struct cursor *cursor, const char *of)
{
    cursor->at += strspn(cursor->at, of);
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (month == 2 && leap);
}

static bool write_day(int year, int digits, int month, int day, char ret[static 11])
{
    if (digits == 2)
        year += 2000;
    else if (digits != 4)
        return false;
    if (!is_day(year, month, day))
        return false;
    snprintf(ret, 11, "%04d-%02d-%02d", year % 10000, month % 100, day % 100);
    return true;
}

/* Three numbers with one sort of mark between. */
static bool numbers_read(struct cursor cursor, bool month_first, char ret[static 11])
{
    int value[3], digits[3];
    char mark = 0;

    for (int i = 0; i < 3; i++) {
        value[i] = number_take(&cursor, &digits[i]);
        if (digits[i] == 0)
            return false;
        if (i == 2)
            break;
        pass(&cursor, " ");
        if (!*cursor.at || !strchr("-/.", *cursor.at) || (mark && *cursor.at != mark))
            return false;
        mark = *cursor.at++;
        pass(&cursor, " ");
    }
    if (isalnum((unsigned char)*cursor.at) && *cursor.at != 'T')
        return false;
    if (digits[0] == 4)
        return digits[1] <= 2 && digits[2] <= 2 && write_day(value[0], 4, value[1], value[2], ret);
    if (digits[0] > 2 || digits[1] > 2)
        return false;
    if ((month_first && mark != '.' && value[0] <= 12) || value[1] > 12)
        return write_day(value[2], digits[2], value[0], value[1], ret);
    return write_day(value[2], digits[2], value[1], value[0], ret);
}

/* 14 Jan 2024, 14. Januar 2024, 14-Jan-24. */
static bool day_month_read(struct cursor cursor, char ret[static 11])
{
    int digits, day = number_take(&cursor, &digits), month, year;

    if (digits == 0 || digits > 2)
        return false;
    pass(&cursor, " .-/");
    month = month_take(&cursor);
    if (!month)
        return false;
    pass(&cursor, " .,-/'");
    year = number_take(&cursor, &digits);
    return write_day(year, digits, month, day, ret);
}

/* Jan 14, 2024; January 14th 2024. */
static bool month_day_read(struct cursor cursor, char ret[static 11])
{
    int digits, month = month_take(&cursor), day, year;

    if (!month)
        return false;
    pass(&cursor, " .-/");
    day = number_take(&cursor, &digits);
    if (digits == 0 || digits > 2)
        return false;
    pass(&cursor, "stndrh");
    pass(&cursor, " ,.-/'");
    year = number_take(&cursor, &digits);
    return write_day(year, digits, month, day, ret);
}

bool date_find(const char *line, bool month_first, char ret[static 11])
{
    for (const char *at = line; *at; at++) {
        const struct cursor cursor = { at };

        if (at > line && isalnum((unsigned char)at[-1]))
            continue; /* within a word */
        if (isdigit((unsigned char)*at) && (numbers_read(cursor, month_first, ret) || day_month_read(cursor, ret)))
            return true;
        if (isalpha((unsigned char)*at) && month_day_read(cursor, ret))
            return true;
    }
    return false;
}
