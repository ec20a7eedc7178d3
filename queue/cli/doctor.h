/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace doctor. doctor.c: the table of checks, and what is printed; doctor_servers.c: configuration, PostgreSQL,
 * Redis; doctor_bucket.c: storage in S3; doctor_queues.c: who leads, and what goes for queues; doctor_orphans.c: jobs
 * of which the two stores think differently; doctor_sweep.c: what Redis holds, key by key. */
#ifndef MILLRACE_DOCTOR_H
#define MILLRACE_DOCTOR_H
#include "queue/cli/command.h"
#include "queue/gauges.h"
#include "queue/queue_redis.h"

enum health { WELL, MENDED, WARNING, BAD };

struct finding {
    const char *check;
    enum health health;
    const char *text;
};

struct doctor {
    struct operation *operation;
    bool repair;
    const char *check; /* the one that runs */
    struct gauges gauges;
    struct redis *redis; /* of the queue that is looked at */
    struct finding *findings;
    size_t count;
};

/* Note what the running check has found: a sentence that says what to do, unless all is well. */
void doctor_say(struct doctor *doctor, enum health health, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* n things of a queue are wrong, `example` is one of them; they have been mended when this is a repair. Nothing is
 * noted when n is 0. */
void doctor_count(struct doctor *doctor, const char *queue, size_t n, const char *example, const char *what);

/* Turn to the i-th queue: its Redis is asked from now on. */
void doctor_turn(struct doctor *doctor, size_t i);

void check_configuration(struct doctor *doctor);
void check_folders(struct doctor *doctor);
void check_bucket(struct doctor *doctor);
void check_postgresql(struct doctor *doctor);
void check_schema(struct doctor *doctor);
void check_weeks(struct doctor *doctor);
void check_redis(struct doctor *doctor);
void check_clocks(struct doctor *doctor);

void check_scheduler(struct doctor *doctor);
void check_queues(struct doctor *doctor);
void check_settings(struct doctor *doctor);
void check_leases(struct doctor *doctor);

void check_unknown(struct doctor *doctor);
void check_ended(struct doctor *doctor);

void check_lists(struct doctor *doctor);
void check_running(struct doctor *doctor);
void check_parked(struct doctor *doctor);

/* Up to QUEUE_BATCH items for the script inspect. fixed: its word before the items, or NULL. */
struct inspection {
    struct doctor *doctor;
    const char *queue, *what, *fixed;
    const char *items[QUEUE_BATCH];
    size_t count, wrong;
    void *ctx; /* the items' */
    char example[160];
};
void inspection_begin(struct inspection *inspection, struct doctor *doctor, const char *queue, const char *what);
/* Add an item (of seats: two calls); looks at them when there are enough. 0 or -errno. */
int inspection_add(struct inspection *inspection, const char *item);
/* Look at those that are left. */
int inspection_end(struct inspection *inspection);

/* Walk over a hash, set or sorted set (HSCAN, SSCAN, ZSCAN): each member once or more. 0 or what see() returned. */
int redis_walk(struct doctor *doctor, const char *verb, const char *key, int (*see)(void *closure, const char *member),
               void *closure);
#endif
