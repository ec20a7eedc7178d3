/* SPDX-License-Identifier: GPL-3.0-or-later
 * The queue as the benchmark's programs use it: the one place that knows its functions, its SQL and the form of its
 * tickets. Whatever fails ends the process (measure.h). */
#ifndef MILLRACE_BENCH_OURS_H
#define MILLRACE_BENCH_OURS_H
#include "bench/queue/measure.h"
#include "common/redis.h"

#define OURS_QUEUE "bench"
#define OURS_KIND "bench.noop"   /* counts itself */
#define OURS_STAMP "bench.stamp" /* says when it began */

struct redis *ours_redis(void *ctx, const char *address);
/* Let jobs be reserved, as the reconciler does when all is known. */
void ours_open(struct redis *redis);

/* How jobs of the engine differ: the i-th is of tenant i % tenants, of priority i % levels below the urgent one or,
 * with 1, normal, and has key i % keys or, with 0, none. */
struct ours_mix {
    long tenants, levels, keys;
};

/* The engine alone. What goes for the queue: n pairs of a name and a value, and nothing else any more. */
void ours_set(struct redis *redis, const char *const *pairs, size_t n);
/* Put jobs of kind OURS_KIND, one for each id, from the first-th on. */
void ours_put(struct redis *redis, char ids[][ID_SIZE], int n, long first, const struct ours_mix *mix);
/* Reserve up to n and finish what came. How many those were. */
int ours_reserve_finish(struct redis *redis, int n);

/* The durable way: commit jobs (job_put), then tell Redis; redis NULL: do not. */
void ours_prepare(PGconn *pg, const char *kind, bool many);
void ours_put_durably(PGconn *pg, struct redis *redis, const char *tenants, const char *args);
/* The two halves apart, for one job: the ticket is freed by the caller. */
char *ours_commit(PGconn *pg, const char *tenants, const char *args);
void ours_tell(struct redis *redis, const char *tickets);
#endif
