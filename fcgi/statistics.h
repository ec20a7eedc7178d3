/* SPDX-License-Identifier: GPL-3.0-or-later
 * Statistics: what became of each request, written to PostgreSQL in batches, by one statement on a leased connection,
 * two seconds after the first, or as soon as there are a thousand. A batch that fails is tried again, and counts once
 * whether or not its answer is lost. What comes when thousands wait is not kept, only counted: the log tells. */
#ifndef MILLRACE_STATISTICS_H
#define MILLRACE_STATISTICS_H
#include "fcgi/request.h"

struct statistics;
/* 0 or -errno. */
int statistics_new(void *ctx, struct loop *loop, struct lanes *lanes, struct statistics **ret);
/* A request is decided. */
void statistics_note(struct statistics *statistics, const struct request *rq);
/* Microseconds of CLOCK_MONOTONIC: what rq->began is to be. */
uint64_t statistics_clock(void);
/* Write all that waits, then call done, at most two seconds later: what could not be written by then is lost. May call
 * it at once. */
void statistics_finish(struct statistics *statistics, void (*done)(void *closure), void *closure);
#endif
