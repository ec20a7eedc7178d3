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

bool text_listed(const char *list, const char *word)
{
    size_t length = strlen(word), n;

    for (; *list; list += n + (list[n] != '\0')) {
        list += strspn(list, " \t");
        n = strcspn(list, ", \t");
        if (n > 0 && n == length && !strncmp(list, word, n))
            return true;
    }
    return false;
}
