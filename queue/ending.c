/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/ending.h"
#include "common/array_text.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "sql.h"
#include <sodium.h>

enum {
    BACKOFF_MAX = 3600,
    NEAR = 600, /* seconds: what is put off further is told to Redis when it is near, by the scheduler */
    RESULT_MAX = 256 * 1024,
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

struct ending ending_plan(struct slot *slot)
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

/* The product's rows of a job's end, and what of its files they do not name. */
static void group_end(struct group *group, const struct ending *ending)
{
    const struct slot *slot = ending->slot;

    if (slot->job->kind->end)
        GROUP_ADD(group, slot->job->kind->end, { "job_id", slot->job->id }, { "outcome", ending->outcome },
                  { "result", ending->result }, { "error", slot->job->why },
                  { "folder", slot->stored ? slot->stored : "" });
    if (slot->stored && !strcmp(ending->outcome, "done"))
        GROUP_ADD(group, &sql_queue_piece_keep, PIECE_PARAMS(slot));
}

static void group_make(struct group *group, const struct worker *worker, const struct ending *endings, size_t n)
{
    struct columns ends = { .rows = 0 }, tries = { .rows = 0 };

    for (size_t i = 0; i < n; i++)
        columns_add(group->ctx, endings[i].outcome ? &ends : &tries, &endings[i]);
    if (ends.rows) /* first: when one of them has ended already, nothing else is done */
        group_ends(group, worker->name, &ends);
    if (tries.rows)
        group_tries(group, worker->name, &tries);
    for (size_t i = 0; i < n; i++)
        if (endings[i].outcome)
            group_end(group, &endings[i]);
    if (ends.linked.length)
        GROUP_ADD(group, &sql_queue_job_ended, { "ids", array_end(group->ctx, &ends.linked) });
}

/* Tell Redis of the jobs that the ends have brought about: what a statement gives as column ticket. */
static void tell_tickets(struct worker *worker, const struct group *group, const struct result *results)
{
    for (size_t i = 0; i < group->count; i++)
        if (PQfnumber(results[i].rows, "ticket") >= 0 && queue_redis_put_rows(worker->places, &results[i]) < 0)
            log_info("worker.put", "statement=%s: what follows is left to the scheduler", group->calls[i].sql->name);
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

enum settled endings_write(struct worker *worker, const struct ending *endings, size_t n)
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
        snprintf(worker->refused, sizeof worker->refused, "%s", results[failed].sqlstate);
        settled = is_busy(&results[failed])                       ? SETTLE_BUSY
                  : results[failed].error == E_UNAVAILABLE        ? SETTLE_LATER
                  : failed == 0 && results[0].error == E_CONFLICT ? SETTLED_ELSEWHERE
                                                                  : SETTLE_REFUSED;
        log_warning("job.commit", "jobs=%zu first=%s statement=%s sqlstate=%s error=%s", n, endings->slot->job->id,
                    group.calls[failed].sql->name, results[failed].sqlstate, results[failed].message);
    } else {
        tell_tickets(worker, &group, results);
    }
    for (size_t i = 0; i < group.count; i++)
        result_clear(&results[i]);
    return settled;
}
