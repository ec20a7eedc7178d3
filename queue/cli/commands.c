/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database.h"
#include "common/error.h"
#include "common/memory.h"
#include "queue/cli/command.h"
#include "queue/cli/migrate.h"
#include "queue/job_args.h"
#include "queue/queue.h"
#include "queue/queue_redis.h"
#include "sql.h"
#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

int command_migrate(struct operation *operation)
{
    /* A migration may take longer than a statement of daily work. */
    struct database *database = database_new(operation->ctx, operation->config->database_url, 600000);
    return migrate(database) < 0 ? FAILED : DONE;
}

int command_config(struct operation *operation)
{
    config_print(operation->config, stdout);
    return DONE;
}

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "millrace: %s: %s\n", what, why);
    return FAILED;
}

/* The job's row of job_show; *ret_status is set when there is none. */
static int job_find(struct operation *operation, const char *id, struct result *ret, int *ret_status)
{
    struct field_errors errors = { 0 };
    const struct field field = { .name = "ID", .type = UUID, .flags = REQUIRED };
    const char *clean;

    if (!field_check_text(operation->ctx, &field, "ID", id, &errors, &clean)) {
        *ret_status = complain(id, "is not a job's id");
        return -1;
    }
    if (database_run(operation->database, &sql_queue_job_show, PARAMS({ "job_id", clean }), ret) < 0) {
        *ret_status = complain("PostgreSQL", ret->message);
        return -1;
    }
    if (result_rows(ret) == 0) {
        complain(id, "there is no such job");
        *ret_status = NOT_THERE;
        return -1;
    }
    return 0;
}

static void show(const char *name, const char *value)
{
    if (value && *value)
        printf("%-10s %s\n", name, value);
}

int command_job(struct operation *operation)
{
    static const char *const columns[] = { "id",       "kind",    "queue",    "product",         "tenant",
                                           "priority", "made_at", "due_at",   "request_id",      "outcome",
                                           "error",    "worker",  "ended_at", "cancel_asked_by", "tries" };
    static const char *const places[] = {
        [QUEUE_UNKNOWN] = "not in Redis", [QUEUE_WAITING] = "waiting", [QUEUE_RUNNING] = "running"
    };
    autoresult struct result job = { 0 };
    enum queue_where where;
    struct redis *redis;
    int status;

    if (job_find(operation, operation->words[0], &job, &status) < 0)
        return status;
    for (size_t i = 0; i < ELEMENTS(columns); i++)
        show(columns[i], result_text(&job, 0, columns[i]));
    show("args",
         job_args_shown(operation->ctx, job_kind_find(result_text(&job, 0, "kind")), result_text(&job, 0, "args")));
    if (result_text(&job, 0, "outcome"))
        return DONE;
    redis = queue_redis_get(operation->redis, result_text(&job, 0, "queue"));
    if (queue_cancel(redis, result_text(&job, 0, "queue"), result_text(&job, 0, "id"), CANCEL_LOOK, &where) < 0)
        show("state", FORMAT(operation->ctx, "unknown: Redis: %s", redis_error(redis)));
    else
        show("state", places[where]);
    return DONE;
}

/* Tell Redis what the end has put. When it does not hear, the reconciler tells it. */
static void put_followers(struct operation *operation, const struct result *rows)
{
    for (int i = 0; i < result_rows(rows); i++) {
        const char *line = result_text(rows, i, "ticket");
        struct ticket *tickets;
        size_t n;

        if (line && ticket_parse(operation->ctx, line, &tickets, &n) == 0)
            queue_redis_put(operation->redis, tickets, n);
    }
}

/* When Redis does not hear of it, reserve finds that the job has ended. A worker that has just reserved it is asked to
 * stop: nothing of what it does can count any more. */
static void forget_waiting(struct operation *operation, const char *queue, const char *id)
{
    struct redis *redis = queue_redis_get(operation->redis, queue);
    enum queue_where where;

    if (queue_cancel(redis, queue, id, CANCEL_DROP, &where) == 0 && where == QUEUE_RUNNING)
        queue_cancel(redis, queue, id, CANCEL_ASK, &where);
    printf("%s was waiting and is cancelled\n", id);
}

/* A job that waits ends here, with what its kind does at an end (refunds) and what any end brings about. */
static int cancel_waiting(struct operation *operation, const struct result *job)
{
    const char *id = result_text(job, 0, "id"), *why = "cancelled by an operator";
    const struct job_kind *kind = job_kind_find(result_text(job, 0, "kind"));
    struct result results[3] = { 0 };
    const struct sql *end = kind ? kind->end : NULL;
    const struct call calls[] = {
        { &sql_queue_job_end, PARAMS({ "job_id", id }, { "outcome", "cancelled" }, { "result", NULL }, { "error", why },
                                     { "epoch", "0" }, { "worker", "operator" }) },
        { &sql_queue_job_ended, PARAMS({ "ids", FORMAT(operation->ctx, "{%s}", id) }) },
        { end, PARAMS({ "job_id", id }, { "outcome", "cancelled" }, { "result", NULL }, { "error", why },
                      { "folder", "" }) },
    };
    size_t n = end ? 3 : 2, failed = 0;
    int status = DONE, r;

    r = database_run_all(operation->database, calls, n, results);
    while (r < 0 && results[failed].error == E_NONE)
        failed++;
    if (r < 0 && failed == 0 && results[0].error == E_CONFLICT) {
        complain(id, "it has just ended");
        status = NOT_NOW;
    } else if (r < 0) {
        status = complain("PostgreSQL", results[failed].message);
    } else {
        forget_waiting(operation, result_text(job, 0, "queue"), id);
        put_followers(operation, &results[1]);
    }
    for (size_t i = 0; i < n; i++)
        result_clear(&results[i]);
    return status;
}

static int cancel_running(struct operation *operation, const struct result *job)
{
    const char *id = result_text(job, 0, "id"), *queue = result_text(job, 0, "queue");
    struct redis *redis = queue_redis_get(operation->redis, queue);
    const struct passwd *who = getpwuid(getuid());
    autoresult struct result result = { 0 };
    enum queue_where where;

    if (database_run(operation->database, &sql_queue_cancel_ask,
                     PARAMS({ "job_id", id }, { "asked_by", who ? who->pw_name : "operator" }), &result) < 0)
        return complain("PostgreSQL", result.message);
    if (queue_cancel(redis, queue, id, CANCEL_ASK, &where) < 0) {
        complain("Redis", redis_error(redis));
        return complain(id, "the reconciler will ask its worker to stop it when Redis answers");
    }
    printf("%s is running: its worker has been asked to stop it\n", id);
    return DONE;
}

int command_cancel(struct operation *operation)
{
    autoresult struct result job = { 0 };
    enum queue_where where = QUEUE_UNKNOWN;
    const char *queue;
    int status;

    if (job_find(operation, operation->words[0], &job, &status) < 0)
        return status;
    if (result_text(&job, 0, "outcome")) {
        complain(operation->words[0], "it has ended already");
        return NOT_NOW;
    }
    /* What Redis does not know cannot be running. When Redis is down a waiting job is ended all the same: the first end
     * stands, and a worker that has it notices. */
    queue = result_text(&job, 0, "queue");
    queue_cancel(queue_redis_get(operation->redis, queue), queue, result_text(&job, 0, "id"), CANCEL_LOOK, &where);
    return where == QUEUE_RUNNING ? cancel_running(operation, &job) : cancel_waiting(operation, &job);
}
