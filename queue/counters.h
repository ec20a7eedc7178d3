/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a worker has counted since it last told Redis: ends, attempts, times. Names are those of hash `n`
 * (docs/queue.md): WHAT:KIND, or WHAT:KIND:BUCKET of a histogram, whose bucket is an upper bound in milliseconds. */
#ifndef MILLRACE_COUNTERS_H
#define MILLRACE_COUNTERS_H
#include "queue/queue.h"

enum { COUNTERS_MAX = 512 };

struct counters {
    struct count list[COUNTERS_MAX]; /* names hang off ctx */
    size_t count;
    void *ctx;
};

/* Empty, its names on ctx. */
struct counters *counters_new(void *ctx);
/* Beyond COUNTERS_MAX names, what is new is not counted. */
void counters_add(struct counters *counters, const char *what, const char *kind, long long n);
/* One observation: WHAT:KIND:BUCKET (or inf), and its sum WHAT_ms:KIND. */
void counters_observe(struct counters *counters, const char *what, const char *kind, long long ms);
void counters_clear(struct counters *counters);

/* Upper bounds of the buckets in ms, ascending; ends with 0. */
extern const long long counters_bounds[];
#endif
