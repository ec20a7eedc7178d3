/* SPDX-License-Identifier: GPL-3.0-or-later
 * The broadest words of many texts: what a column must have room for, if none of them is to be broken. */
#ifndef MILLRACE_REPORT_WORDS_H
#define MILLRACE_REPORT_WORDS_H
#include <stddef.h>

enum { WORDS_KEPT = 8 };

/* Some, since only a sheet knows how wide a word is; zeroed: none. */
struct words {
    struct word {
        char *text; /* NULL: none */
        size_t breadth;
    } kept[WORDS_KEPT];
};

/* Take those of a text, parted where a line may end. On ctx. What is longer than any word is, an address or a digest,
 * is none. */
void words_take(void *ctx, struct words *words, const char *text);
#endif
