/* SPDX-License-Identifier: GPL-3.0-or-later
 * How jobs end: outcomes are committed with the products' rows, those of several jobs in one transaction, then Redis
 * forgets the jobs or makes them ready again. The first end stands: when there is one already, nothing of ours is
 * written. A group that cannot be committed is taken apart, so that one job's trouble is only its own; who has to wait
 * is put off, and the others do not wait with it. */
#include "common/array_text.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/counters.h"
#include "queue/worker_state.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>

enum {
    BACKOFF_MAX = 3600,
    RETRY_MS = 500,
    PUT_OFF_MS = 2000,
    NEAR = 600,       /* seconds: what is put off further is told to Redis when it is near, by the scheduler */
    CALLS_OF_ALL = 3, /* statements of a group beside its products' own */
    RESULT_MAX = 256 * 1024,
};

enum settled {
    SETTLED,
    SETTLED_ELSEWHERE,
    SETTLE_LATER, /* PostgreSQL is away */
    SETTLE_BUSY,  /* it answers, and what this needs is not to be had now */
    SETTLE_REFUSED,
};

/* How one job is to be written down. */
struct ending {
    struct slot *slot;
    struct held held;
    const char *outcome; /* of its end; NULL: an attempt that did not end it */
    const char *result;
    bool counts; /* of an attempt */
};

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

/* ---- what is to be written ---- */

static void plan_again(struct ending *ending, bool counts)
{
    struct job *job = ending->slot->job;

    if (job->delay < 0)
        job->delay = backoff(job);
    ending->counts = counts;
    ending->held.ended = job->delay > NEAR;
    ending->held.due_ms = job->delay > 0 ? clock_wall_ms() + job->delay * 1000LL : 0;
}

static struct ending plan(struct slot *slot)
{
    struct ending ending = { .slot = slot, .held = slot_held(slot) };
    struct job *job = slot->job;

    if (job->outcome == JOB_DONE && job->result)
        ending.result = json_text(job, job->result);
    if (ending.result && strlen(ending.result) > RESULT_MAX) { /* another try would make it as large */
        job_bury(job, "the result is larger than %d bytes", RESULT_MAX);
        ending.result = NULL;
    }
    if (job->outcome == JOB_RELEASE && !slot->excused && job->attempt >= job->tries)
        job->outcome = JOB_BURY;
    ending.held.ended = true;
    switch (job->outcome) {
    case JOB_DONE:
        ending.outcome = "done";
        slot->offered = true;
        break;
    case JOB_BURY:
        ending.outcome = "buried";
        break;
    case JOB_CANCELLED:
        ending.outcome = "cancelled";
        break;
    case JOB_RELEASE:
        plan_again(&ending, !slot->excused);
        break;
    case JOB_SNOOZE:
        plan_again(&ending, false);
        break;
    }
    return ending;
}

/* ---- one transaction ---- */

/* The columns of job_ends and job_tries, as arrays. */
struct columns {
    struct array_text ids, epochs, outcomes, results, errors, counts, delays, linked;
    size_t rows;
};

static void column_number(void *ctx, struct array_text *column, unsigned long long value)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", value);
    array_add(ctx, column, text);
}

static void columns_add(void *ctx, struct columns *columns, const struct ending *ending)
{
    const struct job *job = ending->slot->job;

    columns->rows++;
    array_add(ctx, &columns->ids, job->id);
    column_number(ctx, &columns->epochs, job->epoch);
    array_add(ctx, &columns->outcomes, ending->outcome ? ending->outcome : ending->counts ? "failed" : "snoozed");
    array_add(ctx, &columns->results, ending->result);
    array_add(ctx, &columns->errors, job->why);
    array_add(ctx, &columns->counts, ending->counts ? "t" : "f");
    column_number(ctx, &columns->delays, (unsigned long long)(job->delay > 0 ? job->delay : 0));
    if (ending->outcome && job->linked)
        array_add(ctx, &columns->linked, job->id);
}

/* A transaction while it is put together. Parameters live on ctx. */
struct group {
    void *ctx;
    struct call calls[DATABASE_CALLS];
    size_t count;
    int ended; /* index of the statement that gives tickets; -1: none */
};

static void group_add(struct group *group, const struct sql *sql, const struct param *params, size_t n)
{
    group->calls[group->count++] =
        (struct call){ sql, memory_check(talloc_memdup(group->ctx, params, n * sizeof *params)) };
}
#define GROUP_ADD(group, sql, ...)                                                                                     \
    group_add(group, sql, PARAMS(__VA_ARGS__), sizeof(PARAMS(__VA_ARGS__)) / sizeof(struct param))

static void group_ends(struct group *group, const char *worker, struct columns *ends)
{
    void *ctx = group->ctx;

    GROUP_ADD(group, &sql_queue_job_ends, { "ids", array_end(ctx, &ends->ids) },
              { "outcomes", array_end(ctx, &ends->outcomes) }, { "results", array_end(ctx, &ends->results) },
              { "errors", array_end(ctx, &ends->errors) }, { "epochs", array_end(ctx, &ends->epochs) },
              { "worker", worker });
}

static void group_tries(struct group *group, const char *worker, struct columns *tries)
{
    void *ctx = group->ctx;

    GROUP_ADD(group, &sql_queue_job_tries, { "ids", array_end(ctx, &tries->ids) },
              { "epochs", array_end(ctx, &tries->epochs) }, { "outcomes", array_end(ctx, &tries->outcomes) },
              { "counts", array_end(ctx, &tries->counts) }, { "errors", array_end(ctx, &tries->errors) },
              { "delays", array_end(ctx, &tries->delays) }, { "worker", worker });
}

static void group_make(struct group *group, const struct worker *worker, const struct ending *endings, size_t n)
{
    struct columns ends = { .rows = 0 }, tries = { .rows = 0 };

    group->ended = -1;
    for (size_t i = 0; i < n; i++)
        columns_add(group->ctx, endings[i].outcome ? &ends : &tries, &endings[i]);
    if (ends.rows) /* first: when one of them has ended already, nothing else is done */
        group_ends(group, worker->name, &ends);
    if (tries.rows)
        group_tries(group, worker->name, &tries);
    for (size_t i = 0; i < n; i++)
        if (endings[i].outcome && endings[i].slot->job->kind->end)
            GROUP_ADD(group, endings[i].slot->job->kind->end, { "job_id", endings[i].slot->job->id },
                      { "outcome", endings[i].outcome }, { "result", endings[i].result },
                      { "error", endings[i].slot->job->why },
                      { "folder", endings[i].slot->stored ? endings[i].slot->stored : "" });
    if (ends.linked.length) {
        group->ended = (int)group->count;
        GROUP_ADD(group, &sql_queue_job_ended, { "ids", array_end(group->ctx, &ends.linked) });
    }
}

/* A row that somebody holds for longer than a statement may take, a deadlock, a queue that takes no more. */
static bool is_busy(const struct result *failed)
{
    static const char *const states[] = { "57014", "55P03", "40001", "40P01", "MR503" };
    size_t i = 0;

    while (i < ELEMENTS(states) && strcmp(failed->sqlstate, states[i]) != 0)
        i++;
    return i < ELEMENTS(states);
}

static enum settled commit(struct worker *worker, const struct ending *endings, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct group group = { .ctx = ctx };
    struct result results[DATABASE_CALLS] = { 0 };
    enum settled settled = SETTLED;
    size_t failed = 0;

    group_make(&group, worker, endings, n);
    if (database_run_all(worker->database, group.calls, group.count, results) < 0) {
        while (results[failed].error == E_NONE)
            failed++;
        settled = is_busy(&results[failed])                       ? SETTLE_BUSY
                  : results[failed].error == E_UNAVAILABLE        ? SETTLE_LATER
                  : failed == 0 && results[0].error == E_CONFLICT ? SETTLED_ELSEWHERE
                                                                  : SETTLE_REFUSED;
        log_warning("job.commit", "jobs=%zu first=%s statement=%s sqlstate=%s error=%s", n, endings->slot->job->id,
                    group.calls[failed].sql->name, results[failed].sqlstate, results[failed].message);
    } else if (group.ended >= 0 && queue_redis_put_rows(worker->places, &results[group.ended]) < 0) {
        log_info("worker.put", "first=%s: what follows is left to the scheduler", endings->slot->job->id);
    }
    for (size_t i = 0; i < group.count; i++)
        result_clear(&results[i]);
    return settled;
}

/* ---- one job alone ---- */

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
static enum settled settle_refused(struct ending *ending)
{
    struct slot *slot = ending->slot;
    struct job *job = slot->job;
    enum settled settled;

    slot->offered = false;
    job_release(job, -1, "the result could not be written");
    *ending = plan(slot);
    settled = commit(slot->worker, ending, 1);
    if (settled != SETTLE_REFUSED)
        return settled;
    log_error("job.stuck", "job=%s kind=%s: not even its end can be written", job->id, job->kind->name);
    job_snooze(job, BACKOFF_MAX, "the end could not be written");
    *ending = plan(slot);
    return commit(slot->worker, ending, 1);
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
    for (int i = 0; i < worker->slot_count && n < QUEUE_BATCH && own < DATABASE_CALLS - CALLS_OF_ALL; i++) {
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
        endings[at] = plan(slot);
        own += slot->job->kind->end != NULL;
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
    enum settled together = commit(worker, endings, n), settled = together;
    bool alone = together != SETTLED && together != SETTLE_LATER;
    size_t kept = 0;

    for (size_t i = 0; i < n && settled != SETTLE_LATER; i++) {
        if (alone && !is_still_ours(endings[i].slot)) {
            slot_stop(endings[i].slot, STOP_LOST);
            continue;
        }
        if (alone)
            settled = settle_alone(&endings[i], n == 1 ? together : commit(worker, &endings[i], 1));
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
