/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/range.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Digits, if any; what is too large for us is larger than any file. False when there are none. */
static bool number_next(const char **at, uint64_t *ret)
{
    const char *start = *at;
    uint64_t value = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        unsigned digit = (unsigned)(**at - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *ret = value;
    return *at > start;
}

int range_parse(const char *text, uint64_t size, uint64_t *ret_offset, uint64_t *ret_length)
{
    uint64_t first, last;
    bool from, to;

    if (strncasecmp(text, "bytes=", 6) != 0)
        return 0;
    text += 6;
    from = number_next(&text, &first);
    if (*text++ != '-')
        return 0;
    to = number_next(&text, &last);
    if (*text || (!from && !to) || (from && to && first > last))
        return 0;
    if (!from) { /* the last so many */
        first = last < size ? size - last : 0;
        if (!last || !size)
            return -ERANGE;
    }
    if (first >= size)
        return -ERANGE;
    *ret_offset = first;
    *ret_length = (from && to && last < size ? last + 1 : size) - first;
    return 1;
}
