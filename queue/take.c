/* SPDX-License-Identifier: GPL-3.0-or-later
 * From reserved ids to running jobs: one statement fetches what PostgreSQL knows of the batch, a table of checks
 * decides what becomes of each. */
#include "common/array_text.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "queue/job_args.h"
#include "queue/worker_state.h"
#include "sql.h"
#include <errno.h>

enum { POISON_LEASES = 3, STRANGER_DELAY_MS = 10000 };

/* One reserved job with its row of job_take. */
struct taking {
    struct worker *worker;
    const struct reserved *reserved;
    const struct result *rows;
    int row; /* -1: it has no job (a restored backup) and is only cleaned up */
    struct job *job;
    json_t *args;
    uint64_t epoch;
};

static const char *value(const struct taking *taking, const char *column)
{
    return taking->row < 0 ? NULL : result_text(taking->rows, taking->row, column);
}

static bool yes(const struct taking *taking, const char *column)
{
    const char *text = value(taking, column);
    return text && *text == 't';
}

static long long number(const struct taking *taking, const char *column)
{
    const char *text = value(taking, column);
    return text ? strtoll(text, NULL, 10) : 0;
}

/* Give it back to Redis without running it. */
static void give_back(const struct taking *taking, bool ended, long long due_ms)
{
    const struct held held = { .id = taking->reserved->id,
                               .packed = taking->reserved->packed,
                               .epoch = taking->epoch,
                               .ended = ended,
                               .due_ms = due_ms };
    queue_finish(taking->worker->redis, taking->worker->options->queue, taking->worker->name, &held, 1, NULL, 0);
}

static int job_destroy(struct job *job)
{
    json_decref(job->args);
    json_decref(job->gathered);
    json_decref(job->result);
    return 0;
}

static struct job *job_make(const struct taking *taking, const struct job_kind *kind)
{
    struct job *job = NEW(NULL, struct job);
    const char *why;

    talloc_set_destructor(job, job_destroy);
    memcpy(job->id, taking->reserved->id, JOB_ID_SIZE);
    job->kind = kind;
    job->product = COPY(job, value(taking, "product"));
    job->account_id = number(taking, "account_id");
    job->request_id = COPY(job, value(taking, "request_id"));
    job->epoch = taking->epoch;
    job->attempt = (int)number(taking, "counted") + 1;
    job->deadline = (int)number(taking, "deadline");
    job->tries = (int)number(taking, "tries");
    job->linked = yes(taking, "linked");
    if (json_parse_strict(job, value(taking, "args"), strlen(value(taking, "args")), &job->args, &why) < 0)
        job->args = NULL;
    return job;
}

static void ignore_value(void *closure, const char *name, const char *text)
{
    (void)closure;
    (void)name;
    (void)text;
}

/* Put what the producer said in the place of what lies in the table. */
static bool args_open(const struct worker *worker, struct job *job)
{
    json_t *opened;
    const char *why;

    if (!json_is_object(job->args)) {
        job_bury(job, "the arguments are not an object");
        return false;
    }
    if (job_args_open(job, worker->options->tools->seals, job->kind, job->args, &opened, &why) < 0) {
        job_bury(job, "the arguments cannot be opened: %s", why);
        return false;
    }
    json_decref(job->args);
    job->args = opened;
    return true;
}

static bool args_hold(const struct worker *worker, struct job *job)
{
    struct field_errors errors = { 0 };

    if (!args_open(worker, job))
        return false;
    if (field_check_object(job, job->kind->in, job->args, &errors, ignore_value, NULL))
        return true;
    job_bury(job, "bad argument %s: %s", errors.list[0].field, errors.list[0].message);
    return false;
}

/* Whether the job may run; else its outcome has been set. */
static bool may_run(struct taking *taking, struct job *job)
{
    if (yes(taking, "cancelled")) {
        job->outcome = JOB_CANCELLED;
        job->why = "cancelled before it started";
    } else if (yes(taking, "expired")) {
        job_bury(job, "expired before it could start");
    } else if (number(taking, "lost") >= POISON_LEASES) {
        job_bury(job, "its workers were lost %lld times: it may be what kills them", number(taking, "lost"));
    } else if (number(taking, "counted") >= number(taking, "tries")) {
        job_bury(job, "all %lld tries have failed", number(taking, "tries"));
    } else {
        return args_hold(taking->worker, job);
    }
    return false;
}

static void mark_begun(struct worker *worker, const struct job *job)
{
    autoresult struct result result = { 0 };

    if (job->kind->begin &&
        database_run(worker->database, job->kind->begin, PARAMS({ "job_id", job->id }), &result) < 0)
        log_warning("job.begin", "job=%s error=%s", job->id, result.message);
}

static struct slot *free_slot(struct worker *worker)
{
    for (int i = 0; i < worker->slot_count; i++)
        if (!slot_busy(&worker->slots[i]))
            return &worker->slots[i];
    return NULL;
}

/* What a worker that died on this machine left in its folder. Its lease is over, and it lets no child outlive that. */
static void remove_left_behind(const struct taking *taking)
{
    autotalloc char *path = FORMAT(NULL, "%s/%s.%llu", taking->worker->config->worker_folder, taking->reserved->id,
                                   (unsigned long long)taking->reserved->lost_epoch);
    int r = folder_remove(path);

    if (r < 0)
        log_warning("job.folder", "folder=%s error=%s", path, strerror(-r));
}

/* Whether a lease that was reserved at worker->now is surely ours still, however long PostgreSQL took to tell of its
 * job, or to hear that it begins. */
static bool is_ours(const struct worker *worker)
{
    return clock_boot_ms() < worker->now + (uint64_t)worker_lease_ms(worker) * 2 / 3;
}

static void take_one(struct taking *taking)
{
    struct worker *worker = taking->worker;
    const char *name = value(taking, "kind");
    const struct job_kind *kind = name ? job_kind_in(worker->options->kinds, name) : NULL;
    struct slot *slot = free_slot(worker);
    struct job *job;

    if (taking->reserved->lost_epoch)
        remove_left_behind(taking);
    if (!name || yes(taking, "ended")) {
        give_back(taking, true, 0);
        return;
    }
    if (!kind || (!kind->fenced && !kind->run) || number(taking, "version") > kind->version || !slot) {
        log_info("job.stranger", "job=%s kind=%s version=%s", taking->reserved->id, name, value(taking, "version"));
        give_back(taking, false, clock_wall_ms() + STRANGER_DELAY_MS);
        return;
    }
    if ((number(taking, "wait") > 0 && !yes(taking, "cancelled")) || !is_ours(worker)) {
        give_back(taking, false, clock_wall_ms() + number(taking, "wait"));
        return;
    }
    job = job_make(taking, kind);
    if (may_run(taking, job)) {
        mark_begun(worker, job);
        if (!is_ours(worker)) {
            talloc_free(job);
            give_back(taking, false, clock_wall_ms());
            return;
        }
        if (job->attempt == 1 && !number(taking, "lost"))
            counters_observe(worker->counters, "wait", kind->name, clock_wall_ms() - number(taking, "due_ms"));
        slot_start(slot, job, taking->reserved->packed);
    } else {
        *slot = (struct slot){ .worker = worker,
                               .state = SLOT_ENDED,
                               .job = job,
                               .packed = talloc_steal(job, taking->reserved->packed),
                               .started_at = worker->now,
                               .safe_until = worker->now + (uint64_t)worker_lease_ms(worker) * 2 / 3 };
    }
}

/* The row of an id, -1: none. Rows come by id, and jobs nearly do: it looks from the last one's on. */
static int row_of(const struct result *rows, const char *id, int from)
{
    int n = result_rows(rows);

    for (int i = 0; i < n; i++) {
        int row = (from + i) % n;

        if (!strcmp(result_text(rows, row, "id"), id))
            return row;
    }
    return -1;
}

void worker_take(struct worker *worker, const struct reservation *reservation)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *first = reservation->jobs[0].id, *last = first; /* texts of UUIDs order as they do */
    struct array_text ids = { 0 }, lost_ids = { 0 }, lost_epochs = { 0 }, lost_workers = { 0 };
    struct result results[2] = { 0 };

    for (size_t i = 0; i < reservation->count; i++) {
        const struct reserved *reserved = &reservation->jobs[i];

        array_add(ctx, &ids, reserved->id);
        first = strcmp(reserved->id, first) < 0 ? reserved->id : first;
        last = strcmp(reserved->id, last) > 0 ? reserved->id : last;
        if (!reserved->lost_epoch)
            continue;
        array_add(ctx, &lost_ids, reserved->id);
        array_add(ctx, &lost_epochs, FORMAT(ctx, "%llu", (unsigned long long)reserved->lost_epoch));
        array_add(ctx, &lost_workers, reserved->lost_worker);
    }
    bool any_lost = lost_ids.length > 0;
    const struct call calls[] = {
        { &sql_queue_job_lost, PARAMS({ "ids", array_end(ctx, &lost_ids) }, { "epochs", array_end(ctx, &lost_epochs) },
                                      { "workers", array_end(ctx, &lost_workers) }) },
        { &sql_queue_job_take, PARAMS({ "ids", array_end(ctx, &ids) }, { "first", first }, { "last", last }) },
    };
    size_t n = any_lost ? 2 : 1;
    int r = database_run_all(worker->database, any_lost ? calls : calls + 1, n, results);
    int at = 0;

    for (size_t i = 0; i < reservation->count; i++) {
        struct taking taking = { .worker = worker,
                                 .reserved = &reservation->jobs[i],
                                 .rows = &results[n - 1],
                                 .row = row_of(&results[n - 1], reservation->jobs[i].id, at),
                                 .epoch = reservation->epoch };
        at = taking.row + 1;
        if (r == 0)
            take_one(&taking);
        else
            give_back(&taking, false, clock_wall_ms() + 1000);
    }
    if (r < 0) {
        log_warning("worker.take", "jobs=%zu error=%s", reservation->count, results[n - 1].message);
        worker->retry_at = worker->now + 1000;
    }
    result_clear(&results[0]);
    result_clear(&results[1]);
}
