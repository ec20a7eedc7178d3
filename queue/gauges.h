/* SPDX-License-Identifier: GPL-3.0-or-later
 * What can be counted of the queues: a row a queue, from Redis (script gauges) and PostgreSQL. */
#ifndef MILLRACE_GAUGES_H
#define MILLRACE_GAUGES_H
#include "queue/queue_redis.h"

struct database;

struct gauge {
    const char *queue;
    bool known; /* Redis has answered: what follows up to counters holds */
    long long waiting, running, delayed;
    long long parked;                    /* tenants, kinds and keys that wait for a place or a rate */
    long long oldest_ms;                 /* how long the oldest has waited; 0 when none waits */
    long long workers, version, overdue; /* overdue: leases that ran out a minute ago and nobody has taken */
    long long now_ms;                    /* the server's clock */
    bool paused, open;
    struct count *counters; /* of hash n, by name */
    size_t count;
    long long buried, wanted_version; /* from PostgreSQL, when it answered */
    bool refusing;
    const char *why;
};
struct gauges {
    struct gauge *list; /* by name */
    size_t count;
    bool redis, database; /* has answered */
    long long term;       /* of who leads; 0: nobody */
};

/* All queues (queue_names). Never fails: what did not answer is said in it. On ctx. */
void gauges_read(void *ctx, struct database *database, struct queue_redis *redis, struct gauges *ret);
/* The sum of the counters WHAT:KIND over kinds, or of the counter WHAT. */
long long gauge_sum(const struct gauge *gauge, const char *what);
#endif
