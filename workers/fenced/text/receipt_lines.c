/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/receipt_lines.h"
#include "common/memory.h"
#include "common/text.h"
#include "common/utf8.h"
#include "workers/fenced/text/receipt.h"
#include <ctype.h>
#include <string.h>

#define NAME_EDGES ".:_-=~*|[]{}<>, "

enum { WORDS_MAX = 64, CURRENCIES_MAX = 16 };

struct word {
    const char *at;
    size_t length;
};

static size_t words_of(const char *line, struct word words[static WORDS_MAX])
{
    size_t n = 0;

    while (n < WORDS_MAX) {
        line += strspn(line, " \t");
        if (!*line)
            break;
        words[n].at = line;
        words[n].length = strcspn(line, " \t");
        line += words[n++].length;
    }
    return n;
}

/* Of any script: what lies between U+2000 and U+2BFF are dashes, marks and signs. */
static unsigned letters_in(const char *text)
{
    unsigned letters = 0;
    uint32_t c;
    size_t step;

    for (; (step = utf8_next(text, &c)) > 0; text += step)
        letters += c < 128 ? isalpha((int)c) != 0 : c >= 0xc0 && (c < 0x2000 || c >= 0x2c00);
    return letters;
}

/* ---- the amount at the end ---- */

/* A letter, digit or star behind an amount says how it is taxed. */
static bool is_mark(const struct word *word)
{
    if (word->length == 1)
        return isalnum((unsigned char)word->at[0]) || strchr("*#%", word->at[0]);
    return word->length == 2 && isupper((unsigned char)word->at[0]) && isalnum((unsigned char)word->at[1]);
}

/* What the paper's edge was taken for. */
static bool is_dust(const struct word *word)
{
    size_t length;

    for (size_t i = 0; i < word->length; i++)
        if (isalnum((unsigned char)word->at[i]))
            return false;
    return !currency_of(word->at, word->length, &length);
}

static bool is_currency(const struct word *word)
{
    size_t length;

    return currency_of(word->at, word->length, &length) && length == word->length;
}

/* Without decimals a number may be anything, unless a currency stands beside it. */
static bool counts(const struct amount *amount, bool beside)
{
    return !amount->whole || amount->marked || beside;
}

/* The amount that ends a line, and how many of its words are in front of it; false when there is none. */
static bool amount_find(const struct word *words, size_t n, struct amount *ret, size_t *ret_before)
{
    bool beside = false;
    size_t last = n;

    while (last > 1 && is_dust(&words[last - 1]))
        last--;
    if (last > 1 && is_mark(&words[last - 1]) && !is_currency(&words[last - 1]))
        last--;
    if (last > 1 && is_currency(&words[last - 1])) {
        beside = true;
        last--;
    }
    if (last == 0 || !amount_read(words[last - 1].at, words[last - 1].length, ret))
        return false;
    last--;
    if (last > 0 && is_currency(&words[last - 1])) {
        beside = true;
        last--;
    }
    if (!counts(ret, beside))
        return false;
    *ret_before = last;
    return true;
}

static struct receipt_line line_of(void *ctx, char *text)
{
    struct receipt_line line = { .text = text, .label = text };
    struct word words[WORDS_MAX];
    size_t n = words_of(text, words), before;

    if (n > 0 && amount_find(words, n, &line.amount, &before)) {
        line.has_amount = true;
        line.label = text_trim(memory_check(talloc_strndup(ctx, text, (size_t)(words[before].at - text))));
    }
    line.letters = letters_in(line.label);
    line.role = receipt_role(line.label, &line.weight);
    return line;
}

/* ---- the currency ---- */

struct tally {
    const char *code;
    unsigned count;
};

static void tally_add(struct tally *tally, const char *code, unsigned weight)
{
    size_t i = 0;

    while (i < CURRENCIES_MAX - 1 && tally[i].code && strcmp(tally[i].code, code) != 0)
        i++;
    tally[i].code = code;
    tally[i].count += weight;
}

/* Signs and codes anywhere but within a word. A code says more than a sign that several countries have. */
static void tally_line(struct tally *tally, const char *line)
{
    enum { OF_SIGN = 1, OF_CODE = 5 };

    for (const char *at = line; *at; at++) {
        size_t length;
        const char *code = currency_of(at, strlen(at), &length);

        if (!code || (at > line && isalpha((unsigned char)at[0]) && isalpha((unsigned char)at[-1])))
            continue;
        tally_add(tally, code, length == 3 && !memcmp(at, code, 3) ? OF_CODE : OF_SIGN);
        at += length - 1;
    }
}

static const char *tally_best(const struct tally *tally)
{
    const struct tally *best = &tally[0];

    for (size_t i = 1; i < CURRENCIES_MAX; i++)
        if (tally[i].count > best->count)
            best = &tally[i];
    return best->code;
}

/* "LUIGI 'S": an apostrophe has little ink, and looks like a gap. */
static void genitive_mend(char *line)
{
    for (char *at = strstr(line, " '"); at; at = strstr(at + 1, " '"))
        if ((at[2] == 's' || at[2] == 'S') && (at[3] == ' ' || !at[3]))
            memmove(at, at + 1, strlen(at));
}

struct receipt_lines receipt_lines(void *ctx, const char *text)
{
    struct receipt_lines lines = { .list =
                                       memory_check(talloc_zero_array(ctx, struct receipt_line, RECEIPT_LINES_MAX)) };
    struct tally tally[CURRENCIES_MAX] = { 0 };

    while (*text && lines.count < RECEIPT_LINES_MAX) {
        const size_t length = strcspn(text, "\r\n\f");
        char *line = text_trim(memory_check(talloc_strndup(lines.list, text, length)));

        text += length + (text[length] != '\0');
        if (!*line)
            continue;
        genitive_mend(line);
        tally_line(tally, line);
        lines.list[lines.count++] = line_of(lines.list, line);
    }
    lines.currency = tally_best(tally);
    return lines;
}

/* ---- names ---- */

static bool is_number(const struct word *word, size_t min, size_t max)
{
    return word->length >= min && word->length <= max && strspn(word->at, "0123456789") >= word->length;
}

static bool is_times(const struct word *word)
{
    static const char *const forms[] = { "x", "X", "*", "@", "×", "à", "ea", "each", "Stk", "Stk." };

    for (size_t i = 0; i < ELEMENTS(forms); i++)
        if (word->length == strlen(forms[i]) && !memcmp(word->at, forms[i], word->length))
            return true;
    return false;
}

/* "2x" */
static bool is_so_many(const struct word *word)
{
    const struct word number = { word->at, word->length - 1 };

    return word->length >= 2 && strchr("xX", word->at[word->length - 1]) && is_number(&number, 1, 3);
}

static bool is_price(const struct word *word)
{
    struct amount amount;

    return amount_read(word->at, word->length, &amount) && (!amount.whole || amount.marked);
}

static bool is_code(const struct word *word)
{
    return is_number(word, 5, 20);
}

/* From the end: "2 x 9.00", "@ 9.00 ea", codes. */
static size_t end_cut(const struct word *words, size_t first, size_t n)
{
    bool cut = false;

    while (n > first && (is_times(&words[n - 1]) || is_price(&words[n - 1]) || is_so_many(&words[n - 1]))) {
        n--;
        cut = true;
    }
    if (cut && n > first && is_number(&words[n - 1], 1, 3))
        n--;
    while (n > first && is_code(&words[n - 1]))
        n--;
    return n;
}

static size_t begin_cut(const struct word *words, size_t n)
{
    size_t first = 0;

    while (first < n && is_code(&words[first]))
        first++;
    if (first < n && is_so_many(&words[first]))
        return first + 1;
    if (first + 1 < n && is_number(&words[first], 1, 3) && is_times(&words[first + 1])) {
        first += 2;
        while (first < n && is_price(&words[first]))
            first++;
    }
    return first;
}

char *receipt_name(void *ctx, const char *label)
{
    struct word words[WORDS_MAX];
    const size_t n = words_of(label, words), first = begin_cut(words, n), last = end_cut(words, first, n);
    char *name = COPY(ctx, "");
    size_t length;

    for (size_t i = first; i < last && strlen(name) + words[i].length < RECEIPT_NAME_MAX; i++)
        name = memory_check(
            talloc_asprintf_append(name, "%s%.*s", i > first ? " " : "", (int)words[i].length, words[i].at));
    length = strlen(name);
    while (length > 0 && strchr(NAME_EDGES, name[length - 1]))
        name[--length] = '\0';
    return name + strspn(name, NAME_EDGES);
}

bool receipt_is_count(const char *label)
{
    struct word words[WORDS_MAX];
    const size_t n = words_of(label, words), first = begin_cut(words, n);

    return n > 0 && (first == n || end_cut(words, first, n) == first);
}
