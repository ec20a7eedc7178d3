/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cells as people read them, and as programs do. Numbers are digits from the first to the last step: no amount ever
 * passes through a double. */
#ifndef MILLRACE_REPORT_FORMAT_H
#define MILLRACE_REPORT_FORMAT_H
#include "workers/report_file.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a money cell says. */
struct money {
    int64_t minor;
    char currency[4];
    int digits; /* of the currency's minor unit */
};

/* "-1250 EUR". False when it is not money of a currency that is known. */
bool money_read(const char *cell, struct money *ret);
/* -12.50; grouped: -12,500.00. */
const char *money_amount(void *ctx, const struct money *money, bool grouped);
/* A cell that is a whole number within 64 bits. */
bool integer_read(const char *cell, int64_t *ret);

/* As it stands in a document: 1,250; 12.50 EUR; 38.4 %; 31 Jan 2024. What is not of its type stays as it is, a null
 * is "". On ctx, or the cell itself. */
const char *cell_shown(void *ctx, enum report_type type, const char *cell);

/* Text that may be drawn: no control characters (white space becomes blanks), bytes that are not UTF-8 become U+FFFD,
 * and of more than most characters the first with an ellipsis. On ctx, or the text itself when nothing is to be done.
 */
const char *text_clean(void *ctx, const char *text, size_t most);
#endif
