/* SPDX-License-Identifier: GPL-3.0-or-later
 * What became of requests, kept until it is written down: a ring of a fixed size, so that a request costs a store and
 * nothing else. First in, first out. */
#ifndef MILLRACE_VISITS_H
#define MILLRACE_VISITS_H
#include "fcgi/request.h"

struct visit {
    const char *product, *operation; /* static; "": none */
    long long at;                    /* when it came, microseconds since 1970 */
    long long account;               /* 0: nobody was signed in */
    int us;                          /* until it was answered */
    int status;
    char request_id[REQUEST_ID_SIZE]; /* "" unless it was an error */
};

struct visits {
    struct visit *ring;
    unsigned room, first, count;
};

/* room: how many it holds, a power of two. */
void visits_init(void *ctx, struct visits *visits, unsigned room);
/* A place for the next one, whose old contents are to be overwritten; NULL when there is none. */
struct visit *visits_add(struct visits *visits);
/* The i-th from the oldest; i below count. */
const struct visit *visits_at(const struct visits *visits, unsigned i);
/* Forget the n oldest. */
void visits_drop(struct visits *visits, unsigned n);
#endif
