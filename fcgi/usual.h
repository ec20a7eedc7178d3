/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long attempts of a kind usually run: the median of what its queue has counted (hash `n`, docs/queue.md). Known
 * from the last look, which is made beside the requests, every ten seconds at most and only while somebody asks. */
#ifndef MILLRACE_USUAL_H
#define MILLRACE_USUAL_H
#include "fcgi/queue_links.h"
#include "queue/job.h"

struct usual;
struct usual *usual_new(void *ctx, struct loop *loop, struct queue_links *links);
/* When to ask for a job again that has not ended, in seconds from 1 to 60: when it has run as long as usual; when it
 * has run longer, after another tenth of that. */
int usual_retry_after(struct usual *usual, const struct job_kind *kind, const char *job_id);

/* Made known for tests. The median of counts of counters_bounds' buckets and, behind them, of what is beyond; -1: there
 * are none. */
long long usual_median(const long long *counts);
int usual_left(long long usual_ms, long long elapsed_ms);
#endif
