/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of a worker share: worker.c (the loop), reserve.c and take.c (how it comes by jobs), slot.c (a job and
 * its child), ending.c and settle.c (how jobs end). */
#ifndef MILLRACE_WORKER_STATE_H
#define MILLRACE_WORKER_STATE_H
#include "common/clock.h"
#include "common/database.h"
#include "common/storage.h"
#include "queue/counters.h"
#include "queue/fence.h"
#include "queue/forked.h"
#include "queue/queue.h"
#include "queue/queue_redis.h"
#include "queue/worker.h"

/* Milliseconds: all look after so long at the latest, and so long after something did not answer. */
enum { WORKER_IDLE_MS = 5000, WORKER_OUTAGE_MS = 500 };

enum slot_state {
    SLOT_FREE,
    SLOT_RUNNING,
    SLOT_KILLED,  /* its child was told to end and waits to be reaped; or the lease was lost and it waits to be freed */
    SLOT_ENDED,   /* the outcome is known and not committed yet */
    SLOT_PUT_OFF, /* as before, and not before settle_at: somebody else holds what its commit needs */
};

/* The children of an attempt, one after the other; of those that are not fenced one, PHASE_RUN. */
enum slot_phase { PHASE_GATHER, PHASE_RUN, PHASE_CONCLUDE, PHASE_STORE };

enum stop_reason { STOP_NONE, STOP_CANCEL, STOP_DEADLINE, STOP_LOST, STOP_SHUTDOWN };

struct slot {
    struct worker *worker;
    enum slot_state state;
    enum stop_reason stop;
    struct job *job; /* NULL when free; a talloc context that all below hangs off */
    const char *packed;
    const char *folder; /* of a fenced job */
    const char *stored; /* storage prefix its files go to; NULL: it has left none */
    const char *pieces; /* their names, as an array of SQL */
    enum slot_phase phase;
    bool offered;        /* a commit that names them was sent, so that something may refer to them */
    uint64_t started_at; /* all on the clock of clock_boot_ms, ms */
    uint64_t deadline_at, settle_at;
    uint64_t safe_until; /* nothing is written and no child lives beyond this without a renewed lease */
    bool has_child;
    struct fence_child child;
    char *report; /* bytes of an unfinished report line */
    size_t report_length;
    bool excused; /* the attempt failed by no fault of the job's: it does not count */
    bool report_closed;
    bool reported; /* the last report has come: job->outcome holds */
    int percent, told_percent;
};

struct worker {
    const struct worker_options *options;
    const struct config *config;
    struct database *database;
    struct storage storage;
    struct queue_redis *places; /* where other queues and limiters live */
    struct redis *redis, *waiter;
    char name[WORKER_NAME_SIZE];
    struct slot *slots;
    forked_safe *safe; /* of each slot, for its forked child */
    int slot_count;
    int signals; /* signalfd */
    uint64_t now;
    uint64_t touched_at, told_at, hello_at;
    uint64_t retry_at; /* nothing is reserved, noted or settled before: an outage */
    char refused[6];   /* SQLSTATE of the last commit that failed */
    bool waiting;      /* a BZPOPMIN is out on waiter */
    uint64_t waiting_until;
    bool stopping;
    uint64_t stop_at;           /* when running jobs are given back; UINT64_MAX: never, they may end */
    char *limiter;              /* the queue's, once reserve has named it; NULL: none */
    uint64_t limiter_at;        /* when to ask reserve again which one it is: operators change it */
    uint64_t tokens_at;         /* nothing is reserved before: the limiter has nothing to give */
    int budget;                 /* tokens of it that are held; negative: none are asked for */
    int need;                   /* what the next job costs at least */
    unsigned long done, failed; /* since the start */
    uint64_t started_at;
    struct counters *counters; /* not told yet */
};

int worker_lease_ms(const struct worker *worker);
/* room.c: how many jobs run, and how many more there is room for. Where kinds fill several slots, one at a time: which
 * kind comes is known once it is ours, and so no more than the last one has less room than it fills. */
int worker_busy(const struct worker *worker);
int worker_room(const struct worker *worker);
/* reserve.c */
void worker_reserve(struct worker *worker); /* for free slots, unless it waits for a wake-up */
/* The wake-up: something has come (readable), or its time may be over. */
void worker_hear_wake(struct worker *worker, bool readable);
/* Somebody else is to look for work: a wake-up may have reached us that we do not follow. */
void worker_wake_another(struct worker *worker);
/* Log that a call to Redis failed with r. Why there is no connection is told once an attempt. */
void worker_complain(struct worker *worker, const char *event, int r);

/* slot.c, hear.c */
void slot_start(struct slot *slot, struct job *job, const char *packed);
void slot_hear(struct slot *slot); /* its child has written or ended */
/* Start the job's child of that phase. -errno: it cannot be. */
int slot_phase(struct slot *slot, enum slot_phase phase);
void slot_ended(struct slot *slot);   /* its outcome is known */
void slot_stopped(struct slot *slot); /* its outcome is that of what stopped it, whatever its function says */
/* Its lease was renewed: it is surely ours until then; or it is lost, when its child has ended itself by now. */
void slot_renew(struct slot *slot, uint64_t safe_until);
/* Never frees the job: its own function may be asking. A lost one is freed by the loop. */
void slot_stop(struct slot *slot, enum stop_reason why);
void slot_free(struct slot *slot); /* forget the job, remove its folder */
/* This machine failed, not the job (a full disk, a wrong permission): the attempt does not count, and there is time for
 * somebody to mend it. */
void slot_excuse(struct slot *slot, const char *what, int r);
/* Call work(closure) in a child of the slot's: see forked_call(). */
int slot_fork(struct slot *slot, int (*work)(void *closure), void *closure);
bool slot_busy(const struct slot *slot);
struct held slot_held(const struct slot *slot);
extern const struct job_host worker_job_host;
bool worker_touch(struct worker *worker); /* renew all leases now; false: Redis did not answer */

/* store.c */
/* Of the statements piece_*: what of a slot's files they are about. */
#define PIECE_PARAMS(slot)                                                                                             \
    { "job_id", (slot)->job->id }, { "account_id", slot_account(slot) }, { "prefix", (slot)->stored },                 \
    {                                                                                                                  \
        "names", (slot)->pieces                                                                                        \
    }
const char *slot_account(const struct slot *slot); /* the job's account as text; NULL: it has none */
/* Take what the job's child has left into storage. True: that is under way, and a child of the slot's. */
bool slot_store(struct slot *slot);
void slot_stored(struct slot *slot, int status); /* that child has ended */
void slot_discard(const struct slot *slot);      /* files in storage that nothing can refer to */

/* presence.c: that it lives, what it does, and when it is to end */
void worker_hello(struct worker *worker);
void worker_leave(struct worker *worker);
/* Take no more jobs; running ones get wait_ms, UINT64_MAX: all the time they need. */
void worker_stop(struct worker *worker, const char *why, uint64_t wait_ms);

/* settle.c */
void worker_settle(struct worker *worker); /* commit what has ended */
/* Look at freshly reserved jobs: start those that may run, settle the others. */
void worker_take(struct worker *worker, const struct reservation *reservation);
#endif
