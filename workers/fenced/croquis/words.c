/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/words.h"
#include <stdbool.h>

enum { WORD_MAX = 32 };

const char *words_names(const struct words *words, size_t i)
{
    if (i >= words->count)
        return NULL;
    return *(const char *const *)(const void *)((const char *)words->rows + i * words->size);
}

static bool names_hold(const char *names, const char *word, size_t length)
{
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, " ");

        if (n == length && !memcmp(at, word, n))
            return true;
        at += n;
        at += strspn(at, " ");
    }
    return false;
}

static int words_find(const struct words *words, const char *word, size_t length)
{
    for (size_t i = 0; i < words->count; i++)
        if (names_hold(words_names(words, i), word, length))
            return (int)i;
    return -1;
}

/* "walks" is known where "walk" is. */
static int words_stem(const struct words *words, const char *word, size_t length)
{
    int row = words_find(words, word, length);

    if (row < 0 && length > 3 && word[length - 1] == 's')
        row = words_find(words, word, length - 1);
    return row;
}

/* Copy the next word, in lower case, of the letters and digits that count; its length, 0 at the end. Longer words are
 * cut, and no name is as long as that. */
static size_t word_next(const char **text, char word[WORD_MAX + 1])
{
    const char *at = *text;
    size_t n = 0;

    while (*at && !((*at | 32) >= 'a' && (*at | 32) <= 'z'))
        at++;
    while ((*at | 32) >= 'a' && (*at | 32) <= 'z') {
        if (n < WORD_MAX)
            word[n++] = (char)(*at | 32);
        at++;
    }
    word[n] = '\0';
    *text = at;
    return n;
}

int words_filter(const struct words *words, const char *filter)
{
    char word[WORD_MAX + 1];
    size_t length;
    int row;

    if (!filter)
        return -1;
    row = words_find(words, filter, strlen(filter));
    while (row < 0 && (length = word_next(&filter, word)) > 0)
        row = words_stem(words, word, length);
    return row;
}

int words_prompt(const struct words *words, const char *prompt)
{
    char word[WORD_MAX + 1];
    bool denied = false;
    size_t length;

    while (prompt && (length = word_next(&prompt, word)) > 0) {
        int row = denied ? -1 : words_stem(words, word, length);

        if (row >= 0)
            return row;
        denied = !strcmp(word, "no") || !strcmp(word, "not") || !strcmp(word, "without");
    }
    return -1;
}
