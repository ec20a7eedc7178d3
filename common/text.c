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
