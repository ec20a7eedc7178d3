/* SPDX-License-Identifier: GPL-3.0-or-later
 * How attempts are written down: what each comes to, and the one transaction of several, with their products' rows. */
#ifndef MILLRACE_ENDING_H
#define MILLRACE_ENDING_H
#include "queue/worker_state.h"

enum settled {
    SETTLED,
    SETTLED_ELSEWHERE,
    SETTLE_LATER, /* PostgreSQL is away */
    SETTLE_BUSY,  /* it answers, and what this needs is not to be had now */
    SETTLE_REFUSED,
};

/* How one job is to be written down. */
struct ending {
    struct slot *slot;
    struct held held;
    const char *outcome; /* of its end; NULL: an attempt that did not end it */
    const char *result;
    bool counts; /* of an attempt */
};

/* What is to be written of a slot whose job has an outcome: retries and back-off, and what is too large. */
struct ending ending_plan(struct slot *slot);
/* Write them in one transaction and tell Redis of what it has put. */
enum settled endings_write(struct worker *worker, const struct ending *endings, size_t n);
#endif
