/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job as its function sees it, and the row that describes a kind of job. The same function signature serves both
 * places a job may run: the worker's dispatcher (kinds that wait on the network) and the fenced runner (kinds that
 * chew on bytes). */
#ifndef MILLRACE_JOB_H
#define MILLRACE_JOB_H
#include "common/field.h"
#include "common/statement.h"
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { JOB_ID_SIZE = 37 };

enum job_outcome { JOB_DONE, JOB_RELEASE, JOB_SNOOZE, JOB_BURY, JOB_CANCELLED };

struct config;
struct database;
struct job;
struct keys;
struct queue_redis;
struct seal_ring;
struct transfers;

struct job_kind {
    const char *name;        /* object.verb: image.generate */
    const char *queue;       /* image */
    int version;             /* of the arguments' shape; a worker gives back what is newer than it knows */
    int deadline;            /* seconds one attempt may run */
    int tries;               /* attempts that count, before it is buried */
    int backoff;             /* seconds before the second attempt; doubles with each, with jitter, up to an hour */
    bool fenced;             /* runs in a child inside the fence; */
    bool forked;             /* or in a plain child of the dispatcher; else in the dispatcher, which must not block */
    const char *runner;      /* fenced kinds: the function is in the program worker.runner with -RUNNER behind; NULL: in
                              * the one that setting names */
    int memory;              /* MiB of address space behind the fence; 0: as worker.memory says */
    int file_size;           /* MiB of one file that it may write there; 0: 256 */
    int slots;               /* of a worker's that it fills; 0: one */
    const struct field *in;  /* the arguments; checked when the job is put and again before it runs. SECRET ones lie
                              * sealed in the table (queue/job_args.h); none is called "sealed" */
    const struct field *out; /* fenced kinds: what the function may say as its result, whose words go into rows; what is
                              * not named is dropped, what breaks a rule buries the job. NULL: anything */
    const struct sql *begin; /* optional: the product's row when an attempt begins (:job_id) */
    const struct sql *end;   /* optional: the product's rows when the job ends, in the transaction of its end
                              * (:job_id, :outcome done|buried|cancelled, :result, :error, :folder). Jobs that it puts
                              * are told to Redis at once when it gives their tickets, a row each, as column ticket */
    const struct sql *kick;  /* the product's rows when an end is undone (:job_id); a kind that has an end and no kick
                              * cannot be kicked */
    /* 0 with job->result set or not; JOB_PENDING; or what job_release() or job_bury() returned. NULL in a process
     * that does not carry the kind's code. */
    int (*run)(struct job *job);
    /* Fenced kinds, optional: what needs the outside, before and after. They run in a plain child of the dispatcher, as
     * forked kinds do: with network, database and storage, and may block; they return as run does (never JOB_PENDING).
     * gather puts what the fenced function is to read into job->folder/in (job_input()), and may leave a small object
     * in job->result, which the fenced function finds as job->gathered. conclude sees job->gathered, the folder, and
     * job->result as the fenced function has left it, and may replace it. The folder's "in" is not kept: whatever
     * else is in the folder when the last of them is through goes to storage. */
    int (*gather)(struct job *job);
    int (*conclude)(struct job *job);
};

/* workers/kinds.c: the one table of all kinds, linked into every program; ends with a NULL name. */
extern const struct job_kind job_kinds[];
/* NULL when there is none of that name, in job_kinds or in a table like it. */
const struct job_kind *job_kind_find(const char *name);
const struct job_kind *job_kind_in(const struct job_kind *kinds, const char *name);

/* How the place where a job runs hears of it. */
struct job_host {
    bool may_block; /* a child of the dispatcher */
    void (*progress)(struct job *job, int percent);
    void (*finished)(struct job *job, int r); /* a pending job's function is through: r as it would have returned */
    bool (*still_mine)(struct job *job);      /* ask before every effect on the outside */
};

/* What a kind that runs in the dispatcher may use. */
struct job_tools {
    const struct config *config;
    const struct keys *keys;
    const struct seal_ring *seals; /* opens the arguments; a function has no need of it */
    struct database *database;     /* blocking: short statements only, but for forked functions, which have one each */
    struct queue_redis *places;    /* where limiters live; NULL: there are none. Forked functions have their own */
    const struct storage *storage; /* where files go that fenced jobs leave; NULL: into the configuration's folder */
    struct transfers *transfers;   /* all waiting on the network goes through it; NULL in a worker without network and
                                    * in forked functions, which may block or make their own */
    const void *closure; /* of whoever runs the worker, for its functions: a forked job has a copy of these tools */
};

struct job {
    char id[JOB_ID_SIZE];
    const struct job_kind *kind;
    const struct job_host *host;
    void *closure;                 /* the host's */
    const struct job_tools *tools; /* NULL in the fence */
    const char *product;           /* may be "" */
    long long account_id;          /* 0: none */
    const char *request_id;        /* of the request that put it; may be "" */
    uint64_t epoch;                /* of this lease: grows with each */
    int attempt;                   /* 1 on the first run that counts */
    int deadline;             /* seconds this attempt may run, and how many attempts may count: the kind's when the */
    int tries;                /* job was put; 0 in the fence */
    const char *folder;       /* the job's own, fenced kinds only: what it leaves there goes to storage */
    json_t *args;             /* object, checked against kind->in; owned by the job */
    json_t *gathered;         /* what gather has left as result; NULL: none */
    json_t *result;           /* set by the function; owned by the job */
    bool linked;              /* its end brings something about: a batch, a chain, a name given up */
    enum job_outcome outcome; /* with why and delay: set by job_release and its like */
    const char *why;
    int delay;        /* seconds; negative: the kind's back-off */
    bool limited;     /* whoever shares this queue's limiter is to wait for as long */
    int percent;      /* the progress told last; 0 at first */
    uint64_t ends_at; /* when this attempt's time is over (clock_boot_ms()); 0: it is not told */
    const char *turn; /* the limiter of which it has a turn that no call has used yet; NULL: of none */
    bool turned;      /* it has had one in this attempt (in this child) */
};

enum { JOB_PENDING = 1 };

/* Say how an attempt ended; all return a negative number for the job function to return. why is kept with the
 * attempt and, when the job is buried, shown to whoever asks: no secrets. release: try again after delay seconds
 * (negative: the kind's back-off), buried when that was the last try. bury: no further try would help. why hangs off
 * the job, which is a talloc object; past 1,000 bytes it is cut. */
int job_release(struct job *job, int delay, const char *format, ...) __attribute__((format(printf, 3, 4)));
int job_bury(struct job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not now: run it again after delay seconds; the attempt does not count. */
int job_snooze(struct job *job, int delay, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As job_snooze, because a provider wants fewer calls: nobody who shares the queue's limiter gets a token until then.
 */
int job_limited(struct job *job, int delay, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Before a call that counts for a limiter (millrace limiter), which need not be that of the job's queue: 0, and the
 * turn is in hand (job->turn) until job_turn_use(); or what the function is to return. To have it in hand already is 0,
 * so who writes down that he is about to call asks before that. limiter lives as long as the job. The turn is the
 * job's: who waits is not passed by others. The first of an attempt puts the job off until it comes. A further one
 * never does, or a job of several calls would begin anew at each: where a function may block it is waited for, and when
 * it does not come within half of the time that the attempt has left, the job is released; in the dispatcher the call
 * goes without. */
int job_turn(struct job *job, const char *limiter);
/* As job_turn(), for a call that is made now: the turn is used. */
int job_turn_use(struct job *job, const char *limiter);
/* Nobody, wherever it runs, gets a turn or a token of a limiter for so many seconds: a provider wants fewer calls. */
void job_hold(struct job *job, const char *limiter, int seconds);

/* 0..100 (what lies outside is cut to it). Told only when it grew: an attempt's progress never goes back. */
void job_progress(struct job *job, int percent);
/* Text of an argument, NULL when it is missing, null or not a text. */
const char *job_text(const struct job *job, const char *name);
/* An argument that is an integer, a boolean (0 or 1) or a text of decimal digits; otherwise for anything else. */
long long job_number(const struct job *job, const char *name, long long otherwise);

/* gather: a copy of a stored file as in/NAME of the folder, readable only. Not of more than max bytes: -EFBIG. -ENOENT:
 * there is none of that key; else what storage_open() says. */
int job_input(struct job *job, const char *key, const char *name, uint64_t max);

/* A function that returned JOB_PENDING is through: r as it would have returned. The job may be gone afterwards. */
void job_finished(struct job *job, int r);
/* Whether this worker still holds the job. Ask before every effect on the outside. */
bool job_still_mine(struct job *job);

#endif
