/* SPDX-License-Identifier: GPL-3.0-or-later
 * libmillrace-queue: put jobs into Millrace's queues, and run them, from programs of your own. C and C++; link with
 * what `pkg-config --cflags --libs millrace-queue` says. docs/queue-library.md has whole programs, and
 * libmillrace-queue(3) is this page as a manual.
 *
 * Functions that can fail return 0 or more, or a negative errno; what they give comes last and is untouched on failure.
 * Texts are UTF-8 and end with a zero byte. In the structures that you fill, what is 0 or NULL stands for the default
 * that is named; fill them by name, so that what a later version adds is 0, and leave `reserved` alone. When memory
 * runs out the program ends. */
#ifndef MILLRACE_QUEUE_PUBLIC_H
#define MILLRACE_QUEUE_PUBLIC_H
#include <stddef.h>

#ifdef __GNUC__
#define MILLRACE_PUBLIC __attribute__((__visibility__("default")))
#define MILLRACE_FORMAT(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define MILLRACE_PUBLIC
#define MILLRACE_FORMAT(text, first)
#endif
#ifdef __cplusplus
extern "C" {
#endif

enum { MILLRACE_ID_SIZE = 37, MILLRACE_WHY_SIZE = 512, MILLRACE_JOBS_MAX = 1000 };

/* A job's or a batch's id as text. */
struct millrace_id {
    char text[MILLRACE_ID_SIZE];
};

/* ---- the queues' servers ---- */

/* A connection to PostgreSQL and one to each Redis that its queues live in, made when first used and again after a
 * loss. For one thread at a time; after fork(2) only the parent may use it. */
struct millrace;

/* By Millrace's configuration: file, NULL for the file that MILLRACE_CONFIG names or else none; then what the
 * environment says (MILLRACE_DATABASE_URL ...). -EINVAL, -ENOENT ...: it does not hold, and why (MILLRACE_WHY_SIZE
 * bytes, or NULL) says what is wrong. Nothing is connected yet. */
MILLRACE_PUBLIC int millrace_open(const char *file, struct millrace **ret, char *why);
/* By addresses alone: database as PQconnectdb() takes it; redis the path of a unix socket, or host:port. Without the
 * master secret, so that it cannot put what is to lie sealed. */
MILLRACE_PUBLIC int millrace_open_at(const char *database, const char *redis, struct millrace **ret);
/* NULL is let pass. */
MILLRACE_PUBLIC void millrace_close(struct millrace *queues);
/* What the last call that failed has to say: a sentence, valid until the next call. */
MILLRACE_PUBLIC const char *millrace_error(const struct millrace *queues);

/* Of all functions below that take a struct millrace:
 *   -EINVAL    what was given does not hold: a value, a name, JSON that is none
 *   -ENOENT    there is no such job or batch
 *   -EALREADY  it has ended already
 *   -E2BIG     more than may be put: 64 KiB of arguments, MILLRACE_JOBS_MAX jobs
 *   -EAGAIN    not now, and nothing was done: the queue takes no more jobs, or nobody has registered the kind
 *   -EIO       PostgreSQL cannot be reached, or broke off: it may have been done or not
 *   -EPROTO    PostgreSQL refuses it: no tables (millrace migrate), no permission
 * Redis away is no failure of a put: what it was not told of, the scheduler tells it. */

/* ---- producers ---- */

enum millrace_priority { MILLRACE_NORMAL, MILLRACE_URGENT, MILLRACE_HIGH, MILLRACE_LOW };

/* A job to put. Only kind must be said. */
struct millrace_spec {
    const char *kind;
    const char *args;    /* a JSON object; NULL: {} */
    const char *product; /* whose job it is; NULL: "default" */
    const char *tenant;  /* among whom the queue is shared fairly: 128 bytes without blanks and |; NULL: product */
    long long account_id;
    const char *request_id; /* for the log */
    enum millrace_priority priority;
    int delay;          /* seconds until it may start */
    int expires;        /* seconds until it may not start any more; 0: it always may */
    const char *key;    /* one job of a key runs at a time; as tenant; NULL: no key */
    int cost;           /* what rate limits charge; 0: 1 */
    const char *unique; /* only one open job may have this name, 200 characters */
    int unique_for;     /* seconds until the name is free again at the latest; 0: a day */
    const char *batch;  /* id of an open batch; NULL: none */
    const char *chain;  /* what follows when it is done: a JSON list of {"kind": ..., "args": ...}; NULL: nothing */
    int sealed;         /* 1: its arguments lie encrypted, as with queue.encrypt = yes */
    const void *reserved[4];
};

/* Put one job. 0, and its id; or 1: an open job has the name in spec->unique, nothing was put, and the id is that
 * job's. ret_id may be NULL. A put with a name may be repeated when it is not known whether it was done. */
MILLRACE_PUBLIC int millrace_put(struct millrace *queues, const struct millrace_spec *spec, struct millrace_id *ret_id);
/* Put n jobs in one transaction: all or none. Their ids in order; how many names were taken. ret_ids has room for n, or
 * is NULL. */
MILLRACE_PUBLIC int millrace_put_many(struct millrace *queues, const struct millrace_spec *specs, size_t n,
                                      struct millrace_id *ret_ids);

/* Put within a transaction of your own: transaction is a PGconn of libpq, connected to Millrace's database, on which
 * you have said BEGIN. As millrace_put_many(), and *ret_ticket is what Redis is to be told; free() it. After the COMMIT
 * hand it to millrace_tell(); after a ROLLBACK only free() it. A failure leaves the transaction as any failed statement
 * does: roll it back. -EIO is for that connection. */
struct pg_conn;
MILLRACE_PUBLIC int millrace_put_in(struct millrace *queues, struct pg_conn *transaction,
                                    const struct millrace_spec *specs, size_t n, struct millrace_id *ret_ids,
                                    char **ret_ticket);
/* Tell Redis of jobs that are committed: lines of tickets, also those of SQL's job_ticket(). May be repeated. -EIO:
 * Redis was not told; the scheduler will tell it within seconds. */
MILLRACE_PUBLIC int millrace_tell(struct millrace *queues, const char *ticket);

/* A batch: jobs that belong together, and perhaps one more when all have ended. */
struct millrace_batch {
    const char *product, *tenant; /* as in millrace_spec */
    long long account_id;
    const char *name;
    const char *finally; /* the job that follows: {"kind": ..., "args": ..., "previous": "batch"}; previous names the
                          * argument that is to hold the batch's id. NULL: nothing follows */
    const void *reserved[4];
};
MILLRACE_PUBLIC int millrace_batch_open(struct millrace *queues, const struct millrace_batch *batch,
                                        struct millrace_id *ret_id);
/* All its jobs are put. Without this it is never complete. */
MILLRACE_PUBLIC int millrace_batch_close(struct millrace *queues, const char *batch_id);

/* Ask for a job's end, in which it will be MILLRACE_CANCELLED: one that runs is stopped within seconds; one that waits
 * comes to the front of its queue, where a worker ends it without running it. One that ends by itself before stays as
 * it ended. */
MILLRACE_PUBLIC int millrace_cancel(struct millrace *queues, const char *job_id);

enum millrace_state {
    MILLRACE_WAITING, /* it is ready or delayed, or Redis does not say */
    MILLRACE_RUNNING,
    MILLRACE_DONE,
    MILLRACE_BURIED, /* it failed for good: error says why */
    MILLRACE_CANCELLED
};

struct millrace_status {
    enum millrace_state state;
    int progress;             /* per cent */
    int failed;               /* attempts that failed */
    const char *kind, *queue; /* these texts are valid until the next call with the same struct millrace */
    const char *result;       /* JSON, of a job that is done; NULL: it gave none */
    const char *error;        /* why it ended, or why its last attempt failed; NULL: nothing was said */
    const void *reserved[4];
};
MILLRACE_PUBLIC int millrace_look(struct millrace *queues, const char *job_id, struct millrace_status *ret);
/* As millrace_look(), once the job has ended; looks again and again, at most twice a second for long. -ETIMEDOUT when
 * timeout_ms have passed before; negative: wait for ever. */
MILLRACE_PUBLIC int millrace_wait(struct millrace *queues, const char *job_id, int timeout_ms,
                                  struct millrace_status *ret);

/* ---- workers ---- */

/* A job as its function sees it; gone when the function returns. */
struct millrace_job;

/* A kind of job. */
struct millrace_kind {
    const char *name; /* object.verb: lower-case letters, digits, and - _ . after the first, 64 bytes */
    /* Run one attempt. It has a process of its own, forked from the worker's: it may block, be slow, crash. That
     * process is killed (SIGKILL, with all it has started and left in its process group) when the job is cancelled or
     * passes its deadline, when the worker has lost its lease or has to stop, and when the function has returned.
     * Return what millrace_job_done() and its like return; a negative errno is a failed attempt with that reason. */
    int (*run)(struct millrace_job *job, void *closure);
    void *closure; /* handed to run as it was when the worker started */
    int deadline;  /* seconds one attempt may run; 0: 60 */
    int tries;     /* attempts that may fail before the job is buried; 0: 3 */
    int backoff;   /* seconds before the second attempt; doubles with each, with jitter, up to an hour; 0: 5 */
    int version;   /* raise it when the arguments change their shape; 0: 1 */
    const void *reserved[4];
};

/* Make kinds known, so that jobs of them can be put; a worker does so when it starts. A kind stays in the queue in
 * which it was registered first: -EEXIST when that is another. queue: lower-case letters, digits and -, 32 bytes. The
 * scheduler opens a new queue within queue.reconcile seconds. */
MILLRACE_PUBLIC int millrace_kinds_register(struct millrace *queues, const char *queue,
                                            const struct millrace_kind *kinds, size_t n);

/* Be a worker of one queue, by the configuration in file (as millrace_open() takes it; worker.slots says how many jobs
 * run at once): register the kinds, then run their jobs until SIGTERM or SIGINT; those that run get worker.stop seconds
 * to end and then go back without a try. 0, or a negative errno when it cannot start, and the log, on standard error,
 * says why. The calling process must have one thread. It ignores SIGPIPE and keeps both signals blocked meanwhile; both
 * are as they were afterwards. kinds must stay. */
MILLRACE_PUBLIC int millrace_worker_run(const char *file, const char *queue, const struct millrace_kind *kinds,
                                        size_t n);

/* What is known of the job; texts are valid until the function returns. attempt: 1 on the first that counts. epoch:
 * grows with every attempt of any job; what carries it in its name cannot be mistaken for another attempt's. */
MILLRACE_PUBLIC const char *millrace_job_id(const struct millrace_job *job);
MILLRACE_PUBLIC const char *millrace_job_kind(const struct millrace_job *job);
MILLRACE_PUBLIC const char *millrace_job_product(const struct millrace_job *job);
MILLRACE_PUBLIC const char *millrace_job_request_id(const struct millrace_job *job);
MILLRACE_PUBLIC long long millrace_job_account_id(const struct millrace_job *job);
MILLRACE_PUBLIC unsigned long long millrace_job_epoch(const struct millrace_job *job);
MILLRACE_PUBLIC int millrace_job_attempt(const struct millrace_job *job);
MILLRACE_PUBLIC int millrace_job_deadline(const struct millrace_job *job);
/* The arguments as JSON; or one of them by name: a text (NULL when it is missing or none), a number (otherwise when it
 * is missing or none; true is 1, digits in a text count). */
MILLRACE_PUBLIC const char *millrace_job_args(struct millrace_job *job);
MILLRACE_PUBLIC const char *millrace_job_text(const struct millrace_job *job, const char *name);
MILLRACE_PUBLIC long long millrace_job_number(const struct millrace_job *job, const char *name, long long otherwise);

/* 1 while this attempt surely holds the job, else 0. Ask before every effect on the outside: another worker may have
 * the job when this machine was asleep. */
MILLRACE_PUBLIC int millrace_job_still_mine(struct millrace_job *job);
/* Per cent, as whoever asks for the status sees it; it never goes back within an attempt. */
MILLRACE_PUBLIC void millrace_job_progress(struct millrace_job *job, int percent);

/* How the attempt ended: return what these return. done: result is JSON of 256 KiB at most, NULL: none; -EINVAL or
 * -E2BIG when it is not. release: try again after delay seconds (negative: the kind's back-off), buried when that was
 * the last try. snooze: not now, and this was no try. bury: no further try would help. The reason is kept with the job
 * and shown to whoever asks, 1,000 bytes of it. */
MILLRACE_PUBLIC int millrace_job_done(struct millrace_job *job, const char *result);
MILLRACE_PUBLIC int millrace_job_release(struct millrace_job *job, int delay, const char *format, ...)
    MILLRACE_FORMAT(3, 4);
MILLRACE_PUBLIC int millrace_job_snooze(struct millrace_job *job, int delay, const char *format, ...)
    MILLRACE_FORMAT(3, 4);
MILLRACE_PUBLIC int millrace_job_bury(struct millrace_job *job, const char *format, ...) MILLRACE_FORMAT(2, 3);

#ifdef __cplusplus
}
#endif
#endif
