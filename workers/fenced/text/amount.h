/* SPDX-License-Identifier: GPL-3.0-or-later
 * Amounts of money as receipts print them: "1,234.50", "1.234,50", "$12.50", "12,50 EUR", "9.99-". They are counted in
 * hundredths and never pass through a double. */
#ifndef MILLRACE_TEXT_AMOUNT_H
#define MILLRACE_TEXT_AMOUNT_H
#include <stdbool.h>
#include <stddef.h>

struct amount {
    long long hundredths; /* below zero for a minus in front or behind */
    bool whole;           /* printed without decimals */
    bool marked;          /* with a currency's sign or code */
};

enum { AMOUNT_DIGITS_MAX = 9 }; /* before the decimals */

/* Whether a word is an amount, and which. Letters that are taken for digits (O, l, S) are read as those where the rest
 * is a number with decimals. A number without decimals is one as well, with whole set. */
bool amount_read(const char *word, size_t length, struct amount *ret);
/* "12.50", or "12" when it is whole; on ctx. */
char *amount_text(void *ctx, struct amount amount);

/* The currency that a word stands for, as the sign or the code at its begin: "USD" for "$5". *ret_length is how much of
 * it that is. NULL: none. */
const char *currency_of(const char *word, size_t length, size_t *ret_length);
#endif
