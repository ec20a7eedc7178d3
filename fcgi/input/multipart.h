/* SPDX-License-Identifier: GPL-3.0-or-later
 * multipart/form-data (RFC 7578, RFC 2046) in pieces of any size, as they come: nothing is kept but a part's header
 * lines and what might be the beginning of a boundary. */
#ifndef MILLRACE_MULTIPART_H
#define MILLRACE_MULTIPART_H
#include <stdbool.h>
#include <stddef.h>

enum { BOUNDARY_MAX = 70, PART_HEAD_MAX = 4096, PARTS_MAX = 64, PART_NAME_MAX = 255 };

struct part {
    char name[PART_NAME_MAX + 1];     /* "" when it has none */
    char filename[PART_NAME_MAX + 1]; /* as sent; what a path had in front is cut off */
    bool file;                        /* there is a filename */
};

/* What is told; a function that gives a negative number ends it all, with that number. */
struct multipart_told {
    void *closure;
    int (*begin)(void *closure, const struct part *part);
    int (*data)(void *closure, const char *bytes, size_t n);
    int (*end)(void *closure);
};

struct multipart {
    struct multipart_told told;
    /* private */
    char mark[BOUNDARY_MAX + 5]; /* CR LF - - and the boundary */
    size_t mark_length, matched;
    char head[PART_HEAD_MAX + 1];
    size_t head_length;
    int parts;
    enum {
        MULTIPART_PREAMBLE,
        MULTIPART_MARKED,
        MULTIPART_LAST,
        MULTIPART_LINE,
        MULTIPART_HEAD,
        MULTIPART_DATA,
        MULTIPART_OVER
    } state;
};

/* content_type: "multipart/form-data; boundary=..." -EINVAL when it is another, or has no boundary that may be one. */
int multipart_begin(struct multipart *multipart, const char *content_type, const struct multipart_told *told);
/* -EINVAL when it is malformed, -E2BIG when a part's head or the number of parts is too large. */
int multipart_feed(struct multipart *multipart, const char *bytes, size_t n);
/* -EINVAL when the last boundary has not come. */
int multipart_finish(const struct multipart *multipart);
#endif
