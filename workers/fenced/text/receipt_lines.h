/* SPDX-License-Identifier: GPL-3.0-or-later
 * A receipt's lines, each taken apart: what is said, and the amount at its end. */
#ifndef MILLRACE_TEXT_RECEIPT_LINES_H
#define MILLRACE_TEXT_RECEIPT_LINES_H
#include "workers/fenced/text/amount.h"
#include "workers/fenced/text/receipt_words.h"

struct receipt_line {
    const char *text;  /* all of it */
    const char *label; /* in front of the amount; all of it when there is none */
    unsigned letters;  /* of the label, of any script */
    enum receipt_role role;
    int weight; /* of a total */
    bool has_amount;
    struct amount amount;
};

struct receipt_lines {
    struct receipt_line *list;
    size_t count;
    const char *currency; /* that most amounts have, or that is named; NULL: none */
};

/* On ctx; empty lines are left out, and all past RECEIPT_LINES_MAX. */
struct receipt_lines receipt_lines(void *ctx, const char *text);
/* A label as the name of what was bought: without how many, at what price each, codes and dots that lead to the price.
 */
char *receipt_name(void *ctx, const char *label);
/* Whether it only says how many, at what price: "2 x 3.50". */
bool receipt_is_count(const char *label);
#endif
