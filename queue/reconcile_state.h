/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of the reconciler share: reconcile.c (the loop, who leads), look.c (queues, and what Redis does not
 * know), settings.c (what operators have set, and when a queue takes no more), house.c (once an hour), rollup.c (once a
 * minute), requests.c (every ten seconds), listen.c (metrics, in a process of its own). */
#ifndef MILLRACE_RECONCILE_STATE_H
#define MILLRACE_RECONCILE_STATE_H
#include "common/config.h"
#include "common/database.h"
#include "common/token.h"
#include "queue/listen.h"
#include "queue/queue.h"

enum { QUEUES_MAX = 1024 };

struct queue_redis;

struct queue_state {
    const char *name;
    struct redis *redis;
    char run_id[64]; /* of its Redis, when it was looked at last */
    int put_error;   /* of the last pass: 0, or why its tickets could not be told */
    int open_jobs;   /* that the pass has seen */
    size_t added;    /* those of them that Redis did not know */
    bool missed;     /* its Redis was away while a pass had something for it: it needs a whole one */
    bool rebuilding;
    bool may_open; /* nobody can hold a job any more without having said so: this look puts all and opens it */
    char token[JTI_HEX + 1]; /* of the rebuild */
    uint64_t closed_at;      /* when it began */
    uint64_t open_at;        /* when live workers have had the time to re-assert their leases */
    char version[24];        /* of the settings that Redis was told last; "": not known */
};

struct reconciler {
    const struct config *config;
    struct database *database;
    struct queue_redis *redis;
    char name[JTI_HEX + 1];
    struct queue_state *queues; /* moved when one is added, which is between two looks */
    size_t queue_count;
    long long term;   /* 0: does not lead */
    uint64_t lead_at; /* when that was asked for last */
    uint64_t now, full_at, house_at, look_at, schedules_at, requests_at;
    uint64_t looked_at;        /* when the last look began that put all it found */
    long long minute;          /* whose roll-up was written last, since 1970 */
    struct listener *listener; /* NULL: none */
    int signals;
};

/* Log that a call to a queue's Redis failed with r. Why there is no connection is told once an attempt. */
void reconcile_complain(const char *event, const struct queue_state *queue, int r);

/* Keep the lead while a pass takes long: renews it when it is time to. False when it is lost, which was logged; then
 * what is under way is the next leader's. */
bool lead_keep(struct reconciler *reconciler);

/* look.c: rebuild queues that are not whole, put what Redis does not know, flag what is to be cancelled. */
void look(struct reconciler *reconciler);
bool look_is_rebuilding(const struct reconciler *reconciler);

/* settings.c: tell Redis what goes for a queue, at least once after each of its runs; 0 or -errno. */
int settings_tell(struct reconciler *reconciler, struct queue_state *queue);
/* Whether queues take more jobs, and the rates that queues share. Also while Redis is away. */
void settings_look(struct reconciler *reconciler);

/* house.c */
void keep_house(struct reconciler *reconciler);

/* rollup.c */
void roll_up(struct reconciler *reconciler);

/* requests.c: what fronts have told of their requests, summed up by hours. */
void roll_up_requests(struct reconciler *reconciler);
#endif
