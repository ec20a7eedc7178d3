/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/words.h"
#include "common/memory.h"
#include <pango/pango.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 40 }; /* characters */

/* About how wide it will be. */
static size_t breadth_of(const char *text, size_t length)
{
    size_t breadth = 0;

    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            breadth += strchr("fijlrtI.,:;'|!()[]", text[i])                 ? 1
                       : g_ascii_isupper(text[i]) || strchr("mw@%", text[i]) ? 3
                                                                             : 2;
    return breadth;
}

static void word_take(void *ctx, struct words *words, const char *text, size_t length)
{
    struct word *least = words->kept;
    size_t breadth = breadth_of(text, length);

    for (struct word *word = words->kept; word < words->kept + WORDS_KEPT; word++) {
        if (word->text && !strncmp(word->text, text, length) && !word->text[length])
            return;
        if (word->breadth < least->breadth)
            least = word;
    }
    if (breadth <= least->breadth)
        return;
    talloc_free(least->text);
    *least = (struct word){ .text = memory_check(talloc_strndup(ctx, text, length)), .breadth = breadth };
}

static bool is_too_narrow(const struct words *words, const char *text)
{
    size_t breadth = breadth_of(text, strlen(text));

    for (int i = 0; i < WORDS_KEPT; i++)
        if (words->kept[i].breadth < breadth)
            return false;
    return true;
}

void words_take(void *ctx, struct words *words, const char *text)
{
    autotalloc void *scratch = talloc_new(NULL);
    long count = g_utf8_strlen(text, -1), characters = 0;
    const char *begin = text, *end = text, *p = text;
    PangoLogAttr *marks;

    if (is_too_narrow(words, text))
        return;
    marks = memory_check(talloc_array(scratch, PangoLogAttr, (unsigned)count + 1));
    pango_get_log_attrs(text, (int)strlen(text), -1, pango_language_get_default(), marks, (int)count + 1);
    for (long i = 0; i <= count; i++) {
        if (i == count || marks[i].is_line_break) {
            if (characters <= WORD_MAX)
                word_take(ctx, words, begin, (size_t)(end - begin));
            begin = end = p;
            characters = 0;
        }
        if (i == count)
            break;
        p += g_utf8_skip[(unsigned char)*p];
        if (!marks[i].is_white) { /* behind a word it hangs over the end of the line */
            end = p;
            characters++;
        }
    }
}
