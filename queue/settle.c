/* SPDX-License-Identifier: GPL-3.0-or-later
 * How jobs end: outcomes are committed, those of several jobs in one transaction (ending.h), then Redis forgets the
 * jobs or makes them ready again. The first end stands: when there is one already, nothing of ours is written. A group
 * that cannot be committed is taken apart, so that one job's trouble is only its own; who has to wait is put off, and
 * the others do not wait with it. */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/counters.h"
#include "queue/ending.h"
#include "sql.h"

/* CALLS_OF_ALL: statements of a transaction beside those of each job's own, which are CALLS_OF_ONE at most. STUCK:
 * seconds that rests whose end cannot be written. */
enum { RETRY_MS = 500, PUT_OFF_MS = 2000, CALLS_OF_ALL = 3, CALLS_OF_ONE = 2, STUCK = 3600 };

/* ---- one job alone ---- */

/* The end that stands is another's, for sure. It is our own when we were not told of its commit. */
static bool end_is_anothers(struct slot *slot)
{
    autoresult struct result end = { 0 };
    const struct job *job = slot->job;

    return database_run(slot->worker->database, &sql_queue_end_get, PARAMS({ "job_id", job->id }), &end) == 0 &&
           result_rows(&end) == 1 && strtoull(result_text(&end, 0, "epoch"), NULL, 10) != job->epoch;
}

/* What the database cannot take: a value out of bounds, a name that breaks a rule, the same thing twice. */
static bool is_about_values(const char *sqlstate)
{
    static const char *const states[] = { "22", "21000", "23502", "23505", "23514" };
    size_t i = 0;

    while (i < ELEMENTS(states) && strncmp(states[i], sqlstate, strlen(states[i])) != 0)
        i++;
    return i < ELEMENTS(states);
}

/* The statement itself failed: what this attempt made cannot be kept, and the job is tried again; not when that is what
 * somebody behind the fence says, who would say it again. When its end cannot be written either, that takes somebody's
 * help: it rests, and others go on. */
static enum settled settle_refused(struct ending *ending)
{
    struct slot *slot = ending->slot;
    struct job *job = slot->job;
    enum settled settled;

    slot->offered = false;
    if (job->kind->fenced && job->outcome == JOB_DONE && is_about_values(slot->worker->refused))
        job_bury(job, "the result cannot be taken");
    else
        job_release(job, -1, "the result could not be written");
    *ending = ending_plan(slot);
    settled = endings_write(slot->worker, ending, 1);
    if (settled != SETTLE_REFUSED)
        return settled;
    log_error("job.stuck", "job=%s kind=%s: not even its end can be written", job->id, job->kind->name);
    job_snooze(job, STUCK, "the end could not be written");
    *ending = ending_plan(slot);
    return endings_write(slot->worker, ending, 1);
}

/* settled: what came of committing it alone. */
static enum settled settle_alone(struct ending *ending, enum settled settled)
{
    struct slot *slot = ending->slot;

    if (settled == SETTLE_REFUSED)
        settled = settle_refused(ending);
    if (settled == SETTLE_REFUSED) /* not even that: its lease may end by itself */
        slot_stop(slot, STOP_LOST);
    if (settled == SETTLED_ELSEWHERE) {
        ending->held.ended = true;
        if (slot->offered && end_is_anothers(slot))
            slot->offered = false;
    }
    return settled;
}

/* ---- what has been settled ---- */

static const struct {
    const char *logged, *counted;
} outcomes[] = {
    [JOB_DONE] = { "done", "done" },
    [JOB_RELEASE] = { "released", "failed" },
    [JOB_SNOOZE] = { "snoozed", "snoozed" },
    [JOB_BURY] = { "buried", "buried" },
    [JOB_CANCELLED] = { "cancelled", "cancelled" },
};

static void settled_note(const struct ending *ending, enum settled settled)
{
    const struct slot *slot = ending->slot;
    const struct job *job = slot->job;
    struct worker *worker = slot->worker;
    long long ran = (long long)(worker->now - slot->started_at);

    log_info("job.end", "job=%s kind=%s outcome=%s%s ms=%lld why=%s", job->id, job->kind->name,
             outcomes[job->outcome].logged, settled == SETTLED_ELSEWHERE ? "-elsewhere" : "", ran,
             job->why ? job->why : "");
    counters_add(worker->counters, outcomes[job->outcome].counted, job->kind->name, 1);
    counters_observe(worker->counters, "run", job->kind->name, ran);
    if (job->outcome == JOB_DONE)
        worker->done++;
    else
        worker->failed++;
    if (job->limited && worker->limiter)
        limiter_block(queue_redis_limiter(worker->places, worker->limiter), worker->limiter,
                      (long long)job->delay * 1000);
}

/* Ended slots whose leases are surely ours, in the order of their ids: so two workers that change the same rows do not
 * wait for each other in a circle. Not more than fit into one transaction. */
static size_t endings_collect(struct worker *worker, struct ending *endings)
{
    size_t n = 0, own = 0;

    worker->now = clock_boot_ms();
    for (int i = 0; i < worker->slot_count && n < QUEUE_BATCH && own <= DATABASE_CALLS - CALLS_OF_ALL - CALLS_OF_ONE;
         i++) {
        struct slot *slot = &worker->slots[i];
        size_t at = n;

        if (slot->state != SLOT_ENDED && (slot->state != SLOT_PUT_OFF || worker->now < slot->settle_at))
            continue;
        if (worker->now >= slot->safe_until) {
            slot_stop(slot, STOP_LOST);
            continue;
        }
        for (; at > 0 && strcmp(endings[at - 1].slot->job->id, slot->job->id) > 0; at--)
            endings[at] = endings[at - 1];
        endings[at] = ending_plan(slot);
        own += (slot->job->kind->end != NULL) + (slot->stored != NULL);
        n++;
    }
    return n;
}

/* Whether a lease is surely ours still. What goes before may have taken long: then it is renewed first. */
static bool is_still_ours(const struct slot *slot)
{
    struct worker *worker = slot->worker;

    if (clock_boot_ms() - worker->touched_at > (uint64_t)worker_lease_ms(worker) / 6)
        worker_touch(worker);
    return slot->stop != STOP_LOST && clock_boot_ms() < slot->safe_until;
}

/* Commit them, together or else each alone, up to the first that has to wait; the settled come first afterwards. Their
 * number. */
static size_t endings_commit(struct worker *worker, struct ending *endings, size_t n)
{
    enum settled together = endings_write(worker, endings, n), settled = together;
    bool alone = together != SETTLED && together != SETTLE_LATER;
    size_t kept = 0;

    for (size_t i = 0; i < n && settled != SETTLE_LATER; i++) {
        if (alone && !is_still_ours(endings[i].slot)) {
            slot_stop(endings[i].slot, STOP_LOST);
            continue;
        }
        if (alone)
            settled = settle_alone(&endings[i], n == 1 ? together : endings_write(worker, &endings[i], 1));
        if (settled == SETTLE_BUSY) { /* the others are tried again without it */
            endings[i].slot->state = SLOT_PUT_OFF;
            endings[i].slot->settle_at = clock_boot_ms() + PUT_OFF_MS;
            break;
        }
        if (settled == SETTLE_LATER || settled == SETTLE_REFUSED)
            continue;
        settled_note(&endings[i], settled);
        endings[kept++] = endings[i];
    }
    if (settled == SETTLE_LATER || settled == SETTLE_BUSY)
        worker->retry_at = clock_boot_ms() + RETRY_MS;
    return kept;
}

void worker_settle(struct worker *worker)
{
    struct ending endings[QUEUE_BATCH];
    struct held held[QUEUE_BATCH];
    size_t n;
    int r;

    if (worker->now < worker->retry_at)
        return;
    n = endings_collect(worker, endings);
    if (n > 0)
        n = endings_commit(worker, endings, n);
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        held[i] = endings[i].held;
    /* When Redis does not hear this, the leases end by themselves and whoever reserves next finds what was written. */
    r = queue_finish(worker->redis, worker->options->queue, worker->name, held, n, worker->counters->list,
                     worker->counters->count);
    if (r < 0)
        worker_complain(worker, "worker.finish", r);
    else
        counters_clear(worker->counters);
    for (size_t i = 0; i < n; i++)
        slot_free(endings[i].slot);
}
