/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/serve.h"
#include <ctype.h>
#include <errno.h>

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

int url_decode(char *text, bool plus)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        int byte = (unsigned char)*from;
        if (byte == '+' && plus) {
            byte = ' ';
        } else if (byte == '%') {
            int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return -EINVAL;
            byte = high * 16 + low;
            from += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return 0;
}
