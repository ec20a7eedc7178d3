/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/amount.h"
#include "common/memory.h"

/* Longer signs in front of those they begin with. A lone $ is most often that of the United States; kr is that of three
 * countries, so of none. */
static const struct {
    const char *sign, *code;
} signs[] = {
    { "US$", "USD" }, { "CA$", "CAD" }, { "C$", "CAD" },  { "AU$", "AUD" }, { "A$", "AUD" },  { "NZ$", "NZD" },
    { "HK$", "HKD" }, { "R$", "BRL" },  { "$", "USD" },   { "€", "EUR" },   { "£", "GBP" },   { "¥", "JPY" },
    { "₹", "INR" },   { "₩", "KRW" },   { "₪", "ILS" },   { "zł", "PLN" },  { "Kč", "CZK" },  { "Rs.", "INR" },
    { "Rs", "INR" },  { "USD", "USD" }, { "EUR", "EUR" }, { "GBP", "GBP" }, { "CHF", "CHF" }, { "CAD", "CAD" },
    { "AUD", "AUD" }, { "NZD", "NZD" }, { "JPY", "JPY" }, { "CNY", "CNY" }, { "INR", "INR" }, { "SEK", "SEK" },
    { "NOK", "NOK" }, { "DKK", "DKK" }, { "PLN", "PLN" }, { "CZK", "CZK" }, { "HUF", "HUF" }, { "BRL", "BRL" },
    { "MXN", "MXN" }, { "ZAR", "ZAR" }, { "SGD", "SGD" }, { "HKD", "HKD" }, { "KRW", "KRW" }, { "THB", "THB" },
    { "AED", "AED" }, { "ILS", "ILS" },
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A sign of letters ends where no letter follows: "Rsk" is no rupee. */
const char *currency_of(const char *word, size_t length, size_t *ret_length)
{
    for (size_t i = 0; i < ELEMENTS(signs); i++) {
        const size_t n = strlen(signs[i].sign);

        if (length < n || memcmp(word, signs[i].sign, n) != 0)
            continue;
        if (is_letter(signs[i].sign[n - 1]) && length > n && is_letter(word[n]))
            continue;
        *ret_length = n;
        return signs[i].code;
    }
    return NULL;
}

/* The same at a word's end: how much of it. */
static size_t currency_behind(const char *word, size_t length)
{
    size_t found;

    for (size_t n = length > 4 ? 4 : length; n > 0; n--)
        if (currency_of(word + length - n, n, &found) && found == n)
            return n;
    return 0;
}

/* ---- the number itself ---- */

/* A character as a digit, or -1; of letters only those that look like one. */
static int digit_of(char c, bool *ret_guessed)
{
    static const char looks[][2] = {
        { 'O', 0 }, { 'o', 0 }, { 'l', 1 }, { 'I', 1 }, { '|', 1 }, { 'S', 5 }, { 'B', 8 }
    };

    if (is_digit(c))
        return c - '0';
    for (size_t i = 0; i < ELEMENTS(looks); i++)
        if (looks[i][0] == c) {
            *ret_guessed = true;
            return looks[i][1];
        }
    return -1;
}

static bool is_point(char c)
{
    return c == '.' || c == ',' || c == '\'';
}

/* Where the decimals' point stands: two digits before the end. length: there are none. */
static size_t point_of(const char *text, size_t length)
{
    return length >= 4 && (text[length - 3] == '.' || text[length - 3] == ',') ? length - 3 : length;
}

/* Thousands stand in threes, behind points of one kind, which is not that of the decimals. */
static bool groups_hold(const char *text, size_t length, char decimal)
{
    size_t run = 0;
    char point = 0;

    for (size_t i = length; i-- > 0;) {
        if (!is_point(text[i])) {
            run++;
            continue;
        }
        if (run != 3 || text[i] == decimal || (point && text[i] != point) || i == 0)
            return false;
        point = text[i];
        run = 0;
    }
    return run > 0 && (!point || run <= 3);
}

static bool number_read(const char *text, size_t length, struct amount *ret)
{
    const size_t point = point_of(text, length);
    const char decimal = point < length ? text[point] : 0;
    long long value = 0;
    size_t digits = 0, real = 0;
    bool guessed = false;

    if (length == 0 || !groups_hold(text, point, decimal))
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit;

        if (is_point(text[i]))
            continue;
        digit = digit_of(text[i], &guessed);
        if (digit < 0 || ++digits > AMOUNT_DIGITS_MAX + (decimal ? 2 : 0))
            return false;
        real += is_digit(text[i]);
        value = value * 10 + digit;
    }
    if (guessed && (!decimal || real * 2 <= digits))
        return false;
    ret->hundredths = decimal ? value : value * 100;
    ret->whole = !decimal;
    return true;
}

/* ---- a word ---- */

/* Take a minus, whatever sort of dash it is. */
static bool minus_take(const char **word, size_t *length)
{
    static const char *const dashes[] = { "-", "−", "–" };

    for (size_t i = 0; i < ELEMENTS(dashes); i++) {
        const size_t n = strlen(dashes[i]);

        if (*length > n && !memcmp(*word, dashes[i], n)) {
            *word += n;
            *length -= n;
            return true;
        }
        if (*length > n && !memcmp(*word + *length - n, dashes[i], n)) {
            *length -= n;
            return true;
        }
    }
    return false;
}

bool amount_read(const char *word, size_t length, struct amount *ret)
{
    struct amount amount = { 0 };
    bool minus = minus_take(&word, &length);
    size_t sign;

    if (currency_of(word, length, &sign)) {
        amount.marked = true;
        word += sign;
        length -= sign;
    } else if ((sign = currency_behind(word, length)) > 0) {
        amount.marked = true;
        length -= sign;
    }
    if (!amount.marked && length > 4 && word[0] == 'S' && is_digit(word[1])) {
        amount.marked = true; /* a dollar's sign misread */
        word++;
        length--;
    }
    minus |= minus_take(&word, &length);
    while (length > 0 && (word[length - 1] == '*' || word[length - 1] == ','))
        length--; /* marks of what is taxed how, and dust */
    if (!number_read(word, length, &amount))
        return false;
    if (minus)
        amount.hundredths = -amount.hundredths;
    *ret = amount;
    return true;
}

char *amount_text(void *ctx, struct amount amount)
{
    const long long size = amount.hundredths < 0 ? -amount.hundredths : amount.hundredths;
    const char *minus = amount.hundredths < 0 ? "-" : "";

    return amount.whole ? FORMAT(ctx, "%s%lld", minus, size / 100)
                        : FORMAT(ctx, "%s%lld.%02lld", minus, size / 100, size % 100);
}
