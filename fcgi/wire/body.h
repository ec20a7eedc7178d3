/* SPDX-License-Identifier: GPL-3.0-or-later
 * A request's body on its way in: in memory while it is small, else in an unlinked file under TMPDIR. */
#ifndef MILLRACE_BODY_H
#define MILLRACE_BODY_H
#include "fcgi/wire/record.h"
#include "fcgi/wire/transport.h"

enum { BODY_MEMORY_MAX = 64 * 1024 };

struct body {
    size_t length, limit;
    bool too_large; /* more than limit came, or the file could not be written: nothing is kept */
    int fd;         /* the file, or -1 */
    struct buffer memory;
    size_t written;
};

void body_init(struct body *body, size_t limit);
/* Never blocks. When body_is_full() afterwards, body_write() must run before more is added. */
void body_add(struct body *body, const void *bytes, size_t n);
bool body_is_full(const struct body *body);
/* True when all of it is where it shall stay; else body_write() must run before body_finish(). */
bool body_is_settled(const struct body *body);
/* Move what is in memory to the file. Blocks: runs in the pool, or where blocking is right. */
void body_write(struct body *body);
/* Hand it over to incoming, whose ctx then owns memory and file. expected: CONTENT_LENGTH, or NULL. */
void body_finish(struct body *body, const char *expected, struct incoming *incoming);
void body_free(struct body *body);
#endif
