/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
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

char *url_segment(void *ctx, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*+,;=:@";
    char *copy = memory_check(talloc_size(ctx, 3 * strlen(text) + 1)), *to = copy;

    for (; *text; text++) {
        if (strchr(plain, *text))
            *to++ = *text;
        else
            to += snprintf(to, 4, "%%%02X", (unsigned char)*text);
    }
    *to = '\0';
    return copy;
}

char *request_path(struct request *rq)
{
    char *path = COPY(rq, "");

    for (int i = 0; i < rq->segment_count; i++)
        path = memory_check(talloc_asprintf_append(path, "/%s", url_segment(rq, rq->segments[i])));
    return rq->product->dialect->slashed ? memory_check(talloc_strdup_append(path, "/")) : path;
}

char *request_prefix(struct request *rq)
{
    return FORMAT(rq, "%s%s%s", request_config(rq)->front_mount, rq->prefixed ? "/" : "",
                  rq->prefixed ? rq->product->name : "");
}
