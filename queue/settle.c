/* SPDX-License-Identifier: GPL-3.0-or-later
 * How jobs end: the outcome is committed with the product's rows in one transaction, then Redis forgets the job or
 * makes it ready again. The first end stands: when there is one already, nothing of ours is written. */
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/worker_state.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>

enum { BACKOFF_MAX = 3600, RETRY_MS = 500 };

enum settled { SETTLED, SETTLED_ELSEWHERE, SETTLE_LATER, SETTLE_REFUSED };

static long long due_in(int seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((long long)now.tv_sec + seconds) * 1000 + now.tv_nsec / 1000000;
}

/* Exponential back-off with full jitter above the half: between 0.5 and 1 times base * 2^(attempt - 1). */
static int backoff(const struct job *job)
{
    long long seconds = job->kind->backoff > 0 ? job->kind->backoff : 1;

    for (int i = 1; i < job->attempt && seconds < BACKOFF_MAX; i++)
        seconds *= 2;
    if (seconds > BACKOFF_MAX)
        seconds = BACKOFF_MAX;
    return (int)(seconds / 2 + randombytes_uniform((uint32_t)(seconds - seconds / 2 + 1)));
}

static enum settled commit(struct worker *worker, const struct job *job, const struct call *calls, size_t n)
{
    struct result results[2] = { 0 };
    enum settled settled = SETTLED;
    int failed = 0;

    if (database_run_all(worker->database, calls, n, results) < 0) {
        if (results[0].error == E_NONE)
            failed = 1;
        settled = results[failed].error == E_UNAVAILABLE          ? SETTLE_LATER
                  : failed == 0 && results[0].error == E_CONFLICT ? SETTLED_ELSEWHERE
                                                                  : SETTLE_REFUSED;
        log_warning("job.commit", "job=%s statement=%s sqlstate=%s error=%s", job->id, calls[failed].sql->name,
                    results[failed].sqlstate, results[failed].message);
    }
    result_clear(&results[0]);
    result_clear(&results[1]);
    return settled;
}

static enum settled commit_end(struct slot *slot, const char *outcome)
{
    struct worker *worker = slot->worker;
    struct job *job = slot->job;
    char epoch[24];
    char *result = job->result && job->outcome == JOB_DONE ? json_text(job, job->result) : NULL;

    snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)job->epoch);
    if (job->outcome == JOB_DONE)
        slot->offered = true;
    const struct call calls[] = {
        { &sql_queue_job_end, PARAMS({ "job_id", job->id }, { "outcome", outcome }, { "result", result },
                                     { "error", job->why }, { "epoch", epoch }, { "worker", worker->name }) },
        { job->kind->end, PARAMS({ "job_id", job->id }, { "outcome", outcome }, { "result", result },
                                 { "error", job->why }, { "folder", slot->stored ? slot->stored : "" }) },
    };
    return commit(worker, job, calls, job->kind->end ? 2 : 1);
}

/* An attempt that did not end the job. */
static enum settled commit_try(struct slot *slot, bool counts)
{
    struct worker *worker = slot->worker;
    struct job *job = slot->job;
    char epoch[24], delay[16];

    snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)job->epoch);
    snprintf(delay, sizeof delay, "%d", job->delay);
    const struct call call = { &sql_queue_job_try,
                               PARAMS({ "job_id", job->id }, { "epoch", epoch },
                                      { "outcome", counts ? "failed" : "snoozed" },
                                      { "counts", counts ? "true" : "false" }, { "error", job->why },
                                      { "worker", worker->name }, { "delay", delay }) };
    return commit(worker, job, &call, 1);
}

static enum settled settle_release(struct slot *slot, struct held *held)
{
    struct job *job = slot->job;
    if (!slot->excused && job->attempt >= job->tries) {
        job->outcome = JOB_BURY;
        return commit_end(slot, "buried");
    }
    if (job->delay < 0)
        job->delay = backoff(job);
    held->ended = false;
    held->due_ms = job->delay > 0 ? due_in(job->delay) : 0;
    return commit_try(slot, !slot->excused);
}

static enum settled settle(struct slot *slot, struct held *held)
{
    held->ended = true;
    switch (slot->job->outcome) {
    case JOB_DONE:
        return commit_end(slot, "done");
    case JOB_BURY:
        return commit_end(slot, "buried");
    case JOB_CANCELLED:
        return commit_end(slot, "cancelled");
    case JOB_RELEASE:
        return settle_release(slot, held);
    }
    return SETTLE_REFUSED;
}

static void log_end(const struct slot *slot, const char *how)
{
    const struct job *job = slot->job;
    static const char *const outcomes[] = {
        [JOB_DONE] = "done", [JOB_RELEASE] = "released", [JOB_BURY] = "buried", [JOB_CANCELLED] = "cancelled"
    };
    log_info("job.end", "job=%s kind=%s outcome=%s%s ms=%llu why=%s", job->id, job->kind->name, outcomes[job->outcome],
             how, (unsigned long long)(slot->worker->now - slot->started_at), job->why ? job->why : "");
}

/* The end that stands is another's, for sure. It is our own when we were not told of its commit. */
static bool end_is_anothers(struct slot *slot)
{
    autoresult struct result end = { 0 };
    const struct job *job = slot->job;

    return database_run(slot->worker->database, &sql_queue_end_get, PARAMS({ "job_id", job->id }), &end) == 0 &&
           result_rows(&end) == 1 && strtoull(result_text(&end, 0, "epoch"), NULL, 10) != job->epoch;
}

/* The statement itself failed: what this attempt made cannot be kept, and the job is tried again. When its end cannot
 * be written either, that takes somebody's help: it rests, and others go on. */
static enum settled settle_refused(struct slot *slot, struct held *held)
{
    struct job *job = slot->job;
    enum settled settled;

    slot->offered = false;
    job_release(job, -1, "the result could not be written");
    settled = settle(slot, held);
    if (settled != SETTLE_REFUSED)
        return settled;
    log_error("job.stuck", "job=%s kind=%s: not even its end can be written", job->id, job->kind->name);
    job_release(job, BACKOFF_MAX, "the end could not be written");
    held->ended = false;
    held->due_ms = due_in(job->delay);
    return commit_try(slot, false);
}

/* True when the slot's lease can be given back, with held filled in. */
static bool settle_slot(struct slot *slot, struct held *held)
{
    struct worker *worker = slot->worker;
    enum settled settled;

    worker->now = worker_clock();
    if (worker->now >= slot->safe_until) {
        slot_stop(slot, STOP_LOST);
        return false;
    }
    settled = settle(slot, held);
    if (settled == SETTLE_REFUSED)
        settled = settle_refused(slot, held);
    if (settled == SETTLE_LATER) {
        worker->retry_at = worker_clock() + RETRY_MS;
        return false;
    }
    if (settled == SETTLE_REFUSED) { /* not even that: its lease may end by itself */
        slot_stop(slot, STOP_LOST);
        return false;
    }
    if (settled == SETTLED_ELSEWHERE) {
        held->ended = true;
        if (slot->offered && end_is_anothers(slot))
            slot->offered = false;
    }
    log_end(slot, settled == SETTLED_ELSEWHERE ? "-elsewhere" : "");
    if (slot->job->outcome == JOB_DONE)
        worker->done++;
    else
        worker->failed++;
    return true;
}

void worker_settle(struct worker *worker)
{
    struct held held[QUEUE_BATCH];
    struct slot *settled[QUEUE_BATCH];
    size_t n = 0;
    int r;

    if (worker->now < worker->retry_at)
        return;
    for (int i = 0; i < worker->slot_count && n < QUEUE_BATCH; i++) {
        struct slot *slot = &worker->slots[i];

        if (slot->state != SLOT_ENDED)
            continue;
        held[n] = slot_held(slot);
        if (settle_slot(slot, &held[n]))
            settled[n++] = slot;
        else if (worker->now < worker->retry_at)
            break;
    }
    if (n == 0)
        return;
    /* When Redis does not hear this, the leases end by themselves and whoever reserves next finds what was written. */
    r = queue_finish(worker->redis, worker->options->queue, worker->name, held, n);
    if (r < 0)
        worker_complain(worker, "worker.finish", r);
    for (size_t i = 0; i < n; i++)
        slot_free(settled[i]);
}
