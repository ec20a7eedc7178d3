/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a receipt says, out of the text that was recognised on it. What cannot be read is NULL, or missing among the
 * items; nothing is guessed. Amounts are texts, counted in hundredths on the way. */
#ifndef MILLRACE_TEXT_RECEIPT_H
#define MILLRACE_TEXT_RECEIPT_H
#include "workers/fenced/text/amount.h"

enum {
    RECEIPT_ITEMS_MAX = 200,
    RECEIPT_LINES_MAX = 600,
    RECEIPT_NAME_MAX = 120,  /* bytes, of an item's */
    RECEIPT_VENDOR_MAX = 200 /* characters */
};

struct receipt_item {
    const char *name;
    struct amount price; /* of the line: of all that it counts */
};

enum receipt_sum {
    SUM_UNKNOWN, /* nothing to add up, or nothing to hold it against */
    SUM_WRONG,   /* what was read adds up to something else */
    SUM_PARTLY,  /* subtotal, taxes and tip come to the total, the items to something else */
    SUM_RIGHT,   /* the items come to the total */
};

struct receipt {
    const char *vendor, *date, *currency; /* date: 2024-01-14 */
    bool has_total;
    struct amount total;
    struct receipt_item *items;
    size_t item_count;
    enum receipt_sum sum;
};

/* Read a text, UTF-8, in lines. On ctx. */
struct receipt *receipt_parse(void *ctx, const char *text);

/* How sure all of it is, 0..99: recognised says how sure the recogniser was of its letters. */
int receipt_confidence(const struct receipt *receipt, int recognised);
#endif
