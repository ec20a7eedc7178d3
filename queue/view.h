/* SPDX-License-Identifier: GPL-3.0-or-later
 * What there is in a queue, for operators: script look as calls, which change nothing, and script drain. Errors are
 * those of redis_call. Times are milliseconds since 1970 by Redis' clock. What is returned hangs off ctx. */
#ifndef MILLRACE_VIEW_H
#define MILLRACE_VIEW_H
#include "queue/queue.h"

struct queue_view {
    bool open, paused, wake;
    long long known, delayed, running, waiting; /* jobs; waiting: those that are due and do not run */
    long long parked;                           /* tenants, kinds and keys at a cap or limit */
    long long workers, draining;                /* heard of within 15 s; asked to end */
    long long version;                          /* of the settings that Redis has */
};
int queue_view(struct redis *redis, const char *queue, struct queue_view *ret);

/* When the oldest of the jobs that wait for their turn was due; 0: none waits. A round trip for each 64 tenants that
 * wait, at most 512; *ret_whole: that was enough to see all. */
int queue_oldest(struct redis *redis, const char *queue, long long *ret_due, bool *ret_whole);

struct worker_view {
    const char *name;
    long long heard;         /* when */
    const char *information; /* a JSON object, what worker_hello() writes */
    bool draining;
};
/* Who was heard of within five minutes, the longest silent one first; at most 8,192. */
int queue_workers(struct redis *redis, void *ctx, const char *queue, struct worker_view **ret, size_t *ret_count);
/* Ids of what runs; at most 8,192. */
int queue_running(struct redis *redis, void *ctx, const char *queue, const char ***ret, size_t *ret_count);

enum place { PLACE_UNKNOWN, PLACE_WAITING, PLACE_DELAYED, PLACE_RUNNING };
struct job_view {
    enum place place;
    long long at;       /* when it is due, or when a running one's attempt has to end */
    const char *worker; /* this and what follows: of a running one */
    uint64_t epoch;
    int percent; /* -1: nothing was told */
    bool asked;  /* to stop */
};
/* Of at most QUEUE_BATCH ids; ret[i] is that of ids[i]. */
int queue_jobs(struct redis *redis, void *ctx, const char *queue, const char *const *ids, size_t n,
               struct job_view *ret);

/* Ask workers to end once their jobs have; at most QUEUE_BATCH. *ret_asked: how many there are. */
int queue_drain(struct redis *redis, const char *queue, const char *const *workers, size_t n, size_t *ret_asked);
#endif
