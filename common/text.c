/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/text.h"
#include <ctype.h>
#include <string.h>

char *text_trim(char *text)
{
    char *end;

    while (isspace((unsigned char)*text))
        text++;
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

static bool listed(const char *list, const char *word, bool prefixes)
{
    size_t length = strlen(word), n;

    for (; *list; list += n + (list[n] != '\0')) {
        list += strspn(list, " \t");
        n = strcspn(list, ", \t");
        if (n > 0 && n == length && !strncmp(list, word, n))
            return true;
        if (prefixes && n > 0 && list[n - 1] == '*' && !strncmp(list, word, n - 1))
            return true;
    }
    return false;
}

bool text_listed(const char *list, const char *word)
{
    return listed(list, word, false);
}

bool text_listed_prefix(const char *list, const char *word)
{
    return listed(list, word, true);
}
