/* SPDX-License-Identifier: GPL-3.0-or-later
 * Choosing a row of a vocabulary by words. A vocabulary is any table whose rows begin with a string of names separated
 * by spaces: the canonical one, then its synonyms. */
#ifndef MILLRACE_CROQUIS_WORDS_H
#define MILLRACE_CROQUIS_WORDS_H
#include <stddef.h>

struct words {
    const void *rows;
    size_t size; /* bytes of a row */
    size_t count;
};
#define WORDS(table)                                                                                                   \
    {                                                                                                                  \
        (table), sizeof((table)[0]), sizeof(table) / sizeof((table)[0])                                                \
    }

const char *words_names(const struct words *words, size_t i);

/* The row a filter names, whole or in one of its parts between dashes; -1 for NULL or what nobody knows. */
int words_filter(const struct words *words, const char *filter);

/* The row that the first known word of a sentence names, in any case; -1 when none does. A word preceded by "no",
 * "without" or "not" does not count. */
int words_prompt(const struct words *words, const char *prompt);
#endif
