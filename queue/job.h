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
    const struct field *in;  /* the arguments; checked when the job is put and again before it runs. SECRET ones lie
                              * sealed in the table (queue/job_args.h); none is called "sealed" */
    const struct sql *begin; /* optional: the product's row when an attempt begins (:job_id) */
    const struct sql *end;   /* optional: the product's rows when the job ends, in the transaction of its end
                              * (:job_id, :outcome done|buried|cancelled, :result, :error, :folder) */
    const struct sql *kick;  /* the product's rows when an end is undone (:job_id); a kind that has an end and no kick
                              * cannot be kicked */
    /* 0 with job->result set or not; JOB_PENDING; or what job_release() or job_bury() returned. NULL in a process
     * that does not carry the kind's code. */
    int (*run)(struct job *job);
};

/* workers/kinds.c: the one table of all kinds, linked into every program; ends with a NULL name. */
extern const struct job_kind job_kinds[];
/* NULL when there is none of that name, in job_kinds or in a table like it. */
const struct job_kind *job_kind_find(const char *name);
const struct job_kind *job_kind_in(const struct job_kind *kinds, const char *name);

/* How the place where a job runs hears of it. */
struct job_host {
    void (*progress)(struct job *job, int percent);
    void (*finished)(struct job *job, int r); /* a pending job's function is through: r as it would have returned */
    bool (*still_mine)(struct job *job);      /* ask before every effect on the outside */
};

/* What a kind that runs in the dispatcher may use. */
struct job_tools {
    const struct config *config;
    const struct keys *keys;
    const struct seal_ring *seals; /* opens the arguments; a function has no need of it */
    struct database *database;     /* blocking: short statements only */
    const struct storage *storage; /* where files go that fenced jobs leave; NULL: into the configuration's folder */
    struct transfers *transfers;   /* all waiting on the network goes through it; NULL in a worker without network */
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
    json_t *result;           /* set by the function; owned by the job */
    bool linked;              /* its end brings something about: a batch, a chain, a name given up */
    enum job_outcome outcome; /* with why and delay: set by job_release and its like */
    const char *why;
    int delay;    /* seconds; negative: the kind's back-off */
    bool limited; /* whoever shares this queue's limiter is to wait for as long */
    int percent;  /* the progress told last; 0 at first */
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

/* 0..100 (what lies outside is cut to it). Told only when it grew: an attempt's progress never goes back. */
void job_progress(struct job *job, int percent);
/* Text of an argument, NULL when it is missing, null or not a text. */
const char *job_text(const struct job *job, const char *name);
/* An argument that is an integer, a boolean (0 or 1) or a text of decimal digits; otherwise for anything else. */
long long job_number(const struct job *job, const char *name, long long otherwise);

/* A function that returned JOB_PENDING is through: r as it would have returned. The job may be gone afterwards. */
void job_finished(struct job *job, int r);
/* Whether this worker still holds the job. Ask before every effect on the outside. */
bool job_still_mine(struct job *job);

#endif
