/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/receipt.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "workers/fenced/text/receipt_date.h"
#include "workers/fenced/text/receipt_lines.h"
#include <ctype.h>
#include <string.h>

/* ---- vendor and date ---- */

static bool is_day(const char *line)
{
    char day[11];

    return date_find(line, false, day);
}

static unsigned digits_in(const char *text)
{
    unsigned digits = 0;

    for (; *text; text++)
        digits += isdigit((unsigned char)*text) != 0;
    return digits;
}

/* Cut a text to so many characters. */
static void cut(char *text, size_t most)
{
    size_t step;
    uint32_t c;

    for (; most > 0 && (step = utf8_next(text, &c)) > 0; most--)
        text += step;
    *text = '\0';
}

/* Without the rules and stars around it. */
static char *vendor_name(void *ctx, const char *line)
{
    static const char welcome[] = "welcome to ";
    char *name;
    size_t length;

    if (!strncasecmp(line, welcome, sizeof welcome - 1))
        line += sizeof welcome - 1;
    name = COPY(ctx, line + strspn(line, "*=-_#~|<>[]{}.: "));
    cut(name, RECEIPT_VENDOR_MAX);
    length = strlen(name);
    while (length > 0 && strchr("*=-_#~|<>[]{}: ", name[length - 1]))
        name[--length] = '\0';
    return name;
}

/* The first line near the top that names something. */
static const char *vendor_find(void *ctx, const struct receipt_lines *lines)
{
    enum { TOP = 8, LETTERS_MIN = 3 };

    for (size_t i = 0; i < lines->count && i < TOP; i++) {
        const struct receipt_line *line = &lines->list[i];
        const bool welcome = !strncasecmp(line->text, "welcome to ", 11);

        if (line->has_amount && line->role != ROLE_NONE)
            return NULL;
        if (line->has_amount || line->letters < LETTERS_MIN || line->letters <= digits_in(line->text) ||
            is_day(line->text))
            continue;
        if (line->role == ROLE_NONE || line->role == ROLE_TAX || welcome)
            return vendor_name(ctx, line->text);
    }
    return NULL;
}

/* A line that says it has the date goes before the others. */
static const char *date_of(void *ctx, const struct receipt_lines *lines)
{
    const bool month_first = lines->currency && !strcmp(lines->currency, "USD");
    char found[11], plain[PLAIN_MAX];
    const char *date = NULL;

    for (size_t i = 0; i < lines->count; i++) {
        if (!date_find(lines->list[i].text, month_first, found))
            continue;
        receipt_plain(lines->list[i].text, plain);
        if (strstr(plain, " date ") || strstr(plain, " datum ") || strstr(plain, " fecha "))
            return COPY(ctx, found);
        if (!date)
            date = COPY(ctx, found);
    }
    return date;
}

/* ---- what it adds up to ---- */

struct sums {
    long long items, discounts, subtotal, taxes, last_tax, tips;
    bool has_subtotal;
};

static struct sums sums_of(const struct receipt_lines *lines, const struct receipt *receipt)
{
    struct sums sums = { 0 };

    for (size_t i = 0; i < receipt->item_count; i++)
        sums.items += receipt->items[i].price.hundredths;
    for (size_t i = 0; i < lines->count; i++) {
        const struct receipt_line *line = &lines->list[i];
        const long long value = line->has_amount ? line->amount.hundredths : 0;

        if (line->role == ROLE_SUBTOTAL && line->has_amount) {
            sums.subtotal = value;
            sums.has_subtotal = true;
        } else if (line->role == ROLE_TAX) {
            sums.taxes += value;
            sums.last_tax = line->has_amount ? value : sums.last_tax;
        } else if (line->role == ROLE_TIP) {
            sums.tips += value;
        } else if (line->role == ROLE_DISCOUNT) {
            sums.discounts += value < 0 ? -value : value;
        }
    }
    return sums;
}

/* Taxes may be in the prices or come on top, a line may repeat them all, and a tip may or may not be part of it. */
static bool comes_to(long long base, const struct sums *sums, long long total)
{
    const long long taxes[] = { 0, sums->taxes, sums->last_tax }, tips[] = { 0, sums->tips };

    for (size_t t = 0; t < ELEMENTS(taxes); t++)
        for (size_t k = 0; k < ELEMENTS(tips); k++)
            if (base + taxes[t] + tips[k] == total || base - sums->discounts + taxes[t] + tips[k] == total)
                return true;
    return false;
}

static enum receipt_sum sum_of(const struct receipt *receipt, const struct sums *sums, long long total)
{
    const bool parts = sums->has_subtotal && comes_to(sums->subtotal, sums, total);

    if (receipt->item_count > 0 && comes_to(sums->items, sums, total))
        return SUM_RIGHT;
    if (receipt->item_count == 0 && !sums->has_subtotal)
        return SUM_UNKNOWN;
    return parts ? SUM_PARTLY : SUM_WRONG;
}

/* ---- items ---- */

static bool ends_items(const struct receipt_line *line)
{
    return line->role == ROLE_SUBTOTAL || line->role == ROLE_TOTAL || line->role == ROLE_TAX || line->role == ROLE_TIP;
}

/* The name of an item may stand on the line above. */
static const char *item_name(void *ctx, const struct receipt_lines *lines, size_t i)
{
    enum { LETTERS_MIN = 2 };
    const struct receipt_line *line = &lines->list[i], *above = i > 0 ? line - 1 : NULL;

    if (receipt_is_count(line->label) || line->letters < LETTERS_MIN) {
        if (!above || above->has_amount || above->role != ROLE_NONE || above->letters < LETTERS_MIN ||
            is_day(above->text))
            return NULL;
        return receipt_name(ctx, above->text);
    }
    return receipt_name(ctx, line->label);
}

static bool leads_with_count(const char *name)
{
    const size_t digits = strspn(name, "0123456789");

    return digits >= 1 && digits <= 2 && name[digits] == ' ' && name[digits + 1];
}

/* Where every name has a number in front, that is how many. */
static void counts_drop(struct receipt *receipt)
{
    for (size_t i = 0; i < receipt->item_count; i++)
        if (!leads_with_count(receipt->items[i].name))
            return;
    for (size_t i = 0; receipt->item_count > 1 && i < receipt->item_count; i++)
        receipt->items[i].name += strspn(receipt->items[i].name, "0123456789 ");
}

static void items_find(struct receipt *receipt, const struct receipt_lines *lines)
{
    receipt->items = memory_check(talloc_zero_array(receipt, struct receipt_item, RECEIPT_ITEMS_MAX));
    for (size_t i = 0; i < lines->count && receipt->item_count < RECEIPT_ITEMS_MAX; i++) {
        const struct receipt_line *line = &lines->list[i];
        const char *name;

        if (line->has_amount && ends_items(line))
            break;
        if (!line->has_amount || (line->role != ROLE_NONE && line->role != ROLE_HEADING) ||
            line->amount.hundredths <= 0)
            continue;
        name = item_name(receipt, lines, i);
        if (name && *name)
            receipt->items[receipt->item_count++] = (struct receipt_item){ .name = name, .price = line->amount };
    }
    counts_drop(receipt);
}

/* ---- total ---- */

/* The amount of a line, or the next one's when it has nothing else. */
static const struct amount *amount_by(const struct receipt_lines *lines, size_t i)
{
    const struct receipt_line *line = &lines->list[i];

    if (!line->has_amount && i + 1 < lines->count && line[1].has_amount && !*line[1].label)
        line++;
    return line->has_amount ? &line->amount : NULL;
}

/* Of all lines that say they have the total the one that what was read comes to; then the one that says it most; then
 * the largest. */
static void total_find(struct receipt *receipt, const struct receipt_lines *lines)
{
    const struct sums sums = sums_of(lines, receipt);
    int best = -1;

    for (size_t i = 0; i < lines->count; i++) {
        const struct amount *amount = lines->list[i].role == ROLE_TOTAL ? amount_by(lines, i) : NULL;
        enum receipt_sum sum;
        int rank;

        if (!amount || amount->hundredths <= 0)
            continue;
        sum = sum_of(receipt, &sums, amount->hundredths);
        rank = (int)sum * 10 + lines->list[i].weight;
        if (rank < best || (rank == best && amount->hundredths <= receipt->total.hundredths))
            continue;
        best = rank;
        receipt->has_total = true;
        receipt->total = *amount;
        receipt->sum = sum;
    }
}

struct receipt *receipt_parse(void *ctx, const char *text)
{
    struct receipt *receipt = NEW(ctx, struct receipt);
    struct receipt_lines lines = receipt_lines(receipt, text);

    receipt->currency = lines.currency;
    receipt->vendor = vendor_find(receipt, &lines);
    receipt->date = date_of(receipt, &lines);
    items_find(receipt, &lines);
    total_find(receipt, &lines);
    return receipt;
}

/* ---- how sure ---- */

int receipt_confidence(const struct receipt *receipt, int recognised)
{
    int sure = recognised;

    if (!receipt->has_total && receipt->item_count == 0 && !receipt->date)
        return sure / 5;
    if (!receipt->has_total)
        sure = sure * 6 / 10;
    else if (receipt->sum == SUM_RIGHT)
        sure += (100 - sure) / 2;
    else if (receipt->sum == SUM_WRONG)
        sure = sure * 7 / 10;
    if (!receipt->date)
        sure -= 5;
    if (!receipt->vendor)
        sure -= 5;
    return sure < 0 ? 0 : sure > 99 ? 99 : sure;
}
