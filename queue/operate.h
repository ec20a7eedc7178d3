/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do to jobs, queues and workers, each written to table audit in the transaction that does it.
 * PostgreSQL is told first; when Redis does not hear of it the scheduler tells it, and the verdict says so. */
#ifndef MILLRACE_OPERATE_H
#define MILLRACE_OPERATE_H
#include "common/database.h"
#include "queue/queue.h"

struct queue_redis;

struct actor {
    struct database *database;
    struct queue_redis *redis;
    const char *who;
};

/* What came of it: E_NONE and what was done; or why nothing was, to be shown to the operator. E_INVALID: what was asked
 * for makes no sense; E_NOT_FOUND: there is no such thing; E_CONFLICT, E_QUOTA: it cannot be done in this state. */
struct verdict {
    enum error error;
    char said[400];
};

/* Whether there is such a queue, or such a kind: of this program's, or one that others have registered. E_NONE;
 * E_NOT_FOUND; or why the database cannot tell. */
struct verdict queue_known(struct database *database, const char *queue);
struct verdict kind_known(struct database *database, const char *kind);

/* End a job that waits, with what its kind does at an end, what its end brings about (a name given up, a batch
 * complete), and what that puts; ask the worker of one that runs to stop it. */
struct verdict operate_cancel(const struct actor *actor, const char *id);
/* Undo the end of a job that was buried or cancelled, with its kind's own rows: it is put again with all its tries. */
struct verdict operate_kick(const struct actor *actor, const char *id);
/* Change what goes for a queue: a row of queue_setting; value NULL: as if nothing had been said. */
struct verdict operate_set(const struct actor *actor, const char *queue, const char *name, const char *value);
/* Change the rate that queues share; rate NULL: there is none any more. Units a second, and how many at once. */
struct verdict operate_limiter(const struct actor *actor, const char *name, const char *rate, const char *burst);
/* Ask workers of a queue to end once their jobs have. E_NOT_FOUND when none of them is there. */
struct verdict operate_drain(const struct actor *actor, const char *queue, const char *const *workers, size_t n);
#endif
