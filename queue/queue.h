/* SPDX-License-Identifier: GPL-3.0-or-later
 * The queue's scripts as calls. One queue is one Redis slot, prefix "mr1:{q:NAME}:"; docs/queue.md lists its keys. Each
 * call is one round trip and one atomic transition over at most QUEUE_BATCH jobs. Errors are those of redis_call. */
#ifndef MILLRACE_QUEUE_H
#define MILLRACE_QUEUE_H
#include "common/database.h"
#include "common/redis.h"
#include "queue/job.h"

enum { QUEUE_BATCH = 64, QUEUE_NAME_SIZE = 33, WORKER_NAME_SIZE = 96 };

/* "mr1:{q:NAME}:" on ctx. */
char *queue_prefix(void *ctx, const char *queue);

/* What Redis is told of a job: SQL's job_ticket(), "QUEUE ID PACKED". */
struct ticket {
    const char *queue, *id, *packed;
};
/* Split lines of tickets; on ctx. -EPROTO when one is malformed, -E2BIG above QUEUE_BATCH. */
int ticket_parse(void *ctx, const char *lines, struct ticket **ret, size_t *ret_count);
/* The tickets in the column `ticket` of any number of rows, by queue; a row may have none. On ctx. -EPROTO when one is
 * malformed. */
int ticket_rows(void *ctx, const struct result *rows, struct ticket **ret, size_t *ret_count);
/* The put script's words for n tickets of one queue (all of tickets[0]'s). One key. */
void queue_put_command(void *ctx, struct command *command, const struct ticket *tickets, size_t n);
/* Put tickets of any queues, a round trip each queue. *ret_added: how many Redis did not know yet. */
int queue_put(struct redis *redis, const struct ticket *tickets, size_t n, size_t *ret_added);

struct reserved {
    char id[JOB_ID_SIZE];
    const char *packed;
    uint64_t lost_epoch; /* of a lease that ran out and is not written down yet; 0: none */
    const char *lost_worker;
};
enum queue_door {
    QUEUE_OPEN,
    QUEUE_CLOSED, /* it waits for the reconciler */
    QUEUE_PAUSED, /* by an operator */
    QUEUE_SHARES, /* its rate is limited together with other queues': ask limiter_take() of `limiter`, reserve with a
                     budget */
};
struct reservation {
    enum queue_door door;
    uint64_t epoch;
    long next_ms; /* until something may be ready; -1: nothing is known */
    const char *limiter;
    int need; /* what the job costs that the budget did not suffice for; 0: none */
    size_t count;
    struct reserved jobs[QUEUE_BATCH];
};
/* budget: what the jobs may cost together; negative: none is held. What hangs off the reservation is on ctx. */
int queue_reserve(struct redis *redis, void *ctx, const char *queue, int n, int lease_ms, const char *worker,
                  int budget, struct reservation *ret);
/* The cost of a packed job. */
int packed_cost(const char *packed);

/* A job that is held, for touch, finish and progress. */
enum touch_verdict { TOUCH_OK, TOUCH_LOST, TOUCH_CANCEL, TOUCH_LATE };
struct held {
    const char *id, *packed;
    uint64_t epoch;
    enum touch_verdict verdict; /* set by queue_touch */
    bool ended;                 /* queue_finish: forget it; else ready again at due_ms */
    long long due_ms;           /* since 1970; 0: at once */
    int percent;                /* queue_progress */
};
int queue_touch(struct redis *redis, const char *queue, int lease_ms, const char *worker, struct held *jobs, size_t n);
/* What has happened since the last time, added to the queue's counters; docs/queue.md lists their names. */
struct count {
    const char *name;
    long long n;
};
int queue_finish(struct redis *redis, const char *queue, const char *worker, const struct held *jobs, size_t n,
                 const struct count *counts, size_t count);
int queue_progress(struct redis *redis, const char *queue, const char *worker, const struct held *jobs, size_t n);

/* Tell that a worker lives, with what it does as a JSON object; NULL: it leaves. *ret_drain: an operator wants it to
 * end. */
int queue_hello(struct redis *redis, const char *queue, const char *worker, const char *information, bool *ret_drain);

/* Tell all settings of a queue: pairs of name and value. Older versions than Redis has are ignored. */
int queue_settings(struct redis *redis, const char *queue, const char *version, const char *const *pairs, size_t n);

/* A rate that several queues share. take: up to n tokens, but none below least; *ret_ms: until there may be as many
 * (again). turn: one for the job of that id; *ret_ms is 0, or until its turn comes, which is kept for it for a quarter
 * of an hour. give: those that were not used. block: none for ms milliseconds, at most an hour, since what says so is
 * not ours and stops all that share it; 0 ends that. rate: units a second and burst as text; NULL: no limit. */
enum { LIMITER_BLOCK_MAX = 3600 * 1000 };
char *limiter_prefix(void *ctx, const char *name); /* "mr1:{l:NAME}:" */
int limiter_take(struct redis *redis, const char *name, int n, int least, int *ret, long *ret_ms);
int limiter_turn(struct redis *redis, const char *name, const char *job, long *ret_ms);
int limiter_give(struct redis *redis, const char *name, int n);
int limiter_block(struct redis *redis, const char *name, long long ms);
int limiter_rate(struct redis *redis, const char *name, const char *rate, const char *burst);

/* Where a job is; ask: also flag a running one; drop: also forget a waiting one whose end is committed. */
enum queue_where { QUEUE_UNKNOWN, QUEUE_WAITING, QUEUE_RUNNING };
enum queue_cancel { CANCEL_LOOK, CANCEL_ASK, CANCEL_DROP };
int queue_cancel(struct redis *redis, const char *queue, const char *id, enum queue_cancel mode, enum queue_where *ret);

/* Whether reserve is open for this run of the server. */
int queue_is_open(struct redis *redis, const char *queue, bool *ret);
/* A rebuild: close the queue, wipe it, wait until its workers have said what they hold, put all open jobs, open it.
 * token names it, and none other goes on beside it. *ret is false when there is nothing to go on with: somebody else
 * rebuilds (queue_close), or the rebuild of this token is over, for it was not kept for 15 s, Redis was flushed, or
 * started anew. queue_wipe: unlink what jobs have left there. What a server that crashed has read back need not be
 * whole: Redis may cut its file in the middle of a transaction and apply that half of it with the next start. */
int queue_close(struct redis *redis, const char *queue, const char *token, bool *ret);
int queue_wipe(struct redis *redis, const char *queue, const char *token, bool *ret);
int queue_keep(struct redis *redis, const char *queue, const char *token, bool *ret);
int queue_open(struct redis *redis, const char *queue, const char *token, bool *ret);
#endif
