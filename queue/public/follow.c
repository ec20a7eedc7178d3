/* SPDX-License-Identifier: GPL-3.0-or-later
 * What becomes of jobs that were put: batches, cancel, status. */
#include "common/clock.h"
#include "common/memory.h"
#include "queue/public/library.h"
#include "queue/queue.h"
#include "queue/worker_state.h"
#include "sql.h"
#include <errno.h>

enum { LOOK_FIRST_MS = 5, LOOK_LAST_MS = 500 };

/* ---- batches ---- */

int millrace_batch_open(struct millrace *queues, const struct millrace_batch *batch, struct millrace_id *ret_id)
{
    QUIET;
    autoresult struct result row = { 0 };
    const char *product = batch->product ? batch->product : "default";
    char account[24];
    int r;

    snprintf(account, sizeof account, "%lld", batch->account_id);
    r = library_run(queues, &sql_queue_batch_open,
                    PARAMS({ "product", product }, { "tenant", batch->tenant ? batch->tenant : product },
                           { "account_id", batch->account_id ? account : NULL },
                           { "name", batch->name ? batch->name : "" }, { "finally", batch->finally }),
                    &row);
    if (r < 0)
        return r;
    snprintf(ret_id->text, sizeof ret_id->text, "%s", result_text(&row, 0, "id"));
    return 0;
}

int millrace_batch_close(struct millrace *queues, const char *batch_id)
{
    QUIET;
    autoresult struct result row = { 0 };
    const char *ticket;
    int r = library_run(queues, &sql_queue_batch_close, PARAMS({ "batch_id", batch_id }), &row);

    if (r < 0)
        return r;
    ticket = result_text(&row, 0, "ticket");
    if (ticket)
        millrace_tell(queues, ticket); /* what it does not hear, the scheduler tells it */
    return 0;
}

/* ---- cancel ---- */

int millrace_cancel(struct millrace *queues, const char *job_id)
{
    QUIET;
    autoresult struct result row = { 0 };
    const char *queue, *ticket;
    enum queue_where where;
    struct redis *redis;
    int r =
        library_run(queues, &sql_queue_cancel_soon, PARAMS({ "job_id", job_id }, { "asked_by", "its producer" }), &row);

    if (r < 0)
        return r;
    if (result_rows(&row) == 0)
        return library_fail(queues, -ENOENT, "there is no such job");
    if (*result_text(&row, 0, "ended") == 't')
        return library_fail(queues, -EALREADY, "it has ended already");
    queue = result_text(&row, 0, "queue");
    ticket = result_text(&row, 0, "ticket");
    redis = queue_redis_get(queues->redis, queue);
    /* Out of the place where it waits, and to the front: its worker ends it, with all that its kind does at an end,
     * which no other program knows. When Redis does not hear of the first, the job ends as cancelled when its turn
     * comes; of the second, the scheduler puts it there with its next look. */
    if (queue_cancel(redis, queue, job_id, CANCEL_DROP, &where) < 0)
        return 0;
    if (where == QUEUE_RUNNING)
        queue_cancel(redis, queue, job_id, CANCEL_ASK, &where);
    else if (ticket)
        millrace_tell(queues, ticket);
    return 0;
}

/* ---- status ---- */

static const struct {
    const char *outcome;
    enum millrace_state state;
} ends[] = { { "done", MILLRACE_DONE }, { "buried", MILLRACE_BURIED }, { "cancelled", MILLRACE_CANCELLED } };

/* The latest progress that Redis was told; 0 when there is none. */
static int progress_of(struct redis *redis, const char *queue, const char *job_id)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;
    int percent = 0;

    command_text(ctx, &command, "GET");
    command_text(ctx, &command, FORMAT(ctx, "%sp:%s", queue_prefix(ctx, queue), job_id));
    if (redis_do(redis, &command, &reply) == 0 && reply->type == REDIS_REPLY_STRING)
        percent = (int)strtol(reply->str, NULL, 10);
    freeReplyObject(reply);
    return percent;
}

static void state_of_open(struct millrace *queues, const char *job_id, struct millrace_status *status)
{
    struct redis *redis = queue_redis_get(queues->redis, status->queue);
    enum queue_where where;

    status->state = MILLRACE_WAITING;
    if (queue_cancel(redis, status->queue, job_id, CANCEL_LOOK, &where) < 0)
        return;
    if (where == QUEUE_RUNNING)
        status->state = MILLRACE_RUNNING;
    status->progress = progress_of(redis, status->queue, job_id);
}

static const char *kept(void *ctx, const struct result *row, const char *column)
{
    const char *text = result_text(row, 0, column);

    return text ? COPY(ctx, text) : NULL;
}

int millrace_look(struct millrace *queues, const char *job_id, struct millrace_status *ret)
{
    QUIET;
    autoresult struct result row = { 0 };
    struct millrace_status status = { .state = MILLRACE_WAITING };
    const char *outcome;
    int r = library_run(queues, &sql_queue_job_state, PARAMS({ "job_id", job_id }), &row);

    if (r < 0)
        return r;
    if (result_rows(&row) == 0)
        return library_fail(queues, -ENOENT, "there is no such job");
    talloc_free(queues->status);
    queues->status = memory_check(talloc_new(queues));
    status.kind = kept(queues->status, &row, "kind");
    status.queue = kept(queues->status, &row, "queue");
    status.result = kept(queues->status, &row, "result");
    status.error = kept(queues->status, &row, "error");
    status.failed = (int)strtol(result_text(&row, 0, "failed"), NULL, 10);
    outcome = result_text(&row, 0, "outcome");
    if (!outcome)
        state_of_open(queues, job_id, &status);
    for (size_t i = 0; outcome && i < ELEMENTS(ends); i++)
        if (!strcmp(outcome, ends[i].outcome))
            status.state = ends[i].state;
    if (status.state == MILLRACE_DONE)
        status.progress = 100;
    *ret = status;
    return 0;
}

static bool has_ended(enum millrace_state state)
{
    return state != MILLRACE_WAITING && state != MILLRACE_RUNNING;
}

int millrace_wait(struct millrace *queues, const char *job_id, int timeout_ms, struct millrace_status *ret)
{
    uint64_t began = clock_boot_ms();
    long pause = LOOK_FIRST_MS;

    for (;;) {
        struct timespec until_next = { 0, 0 };
        struct millrace_status status;
        long long left = 0;
        int r = millrace_look(queues, job_id, &status);

        if (r == 0 && has_ended(status.state))
            *ret = status;
        if (r < 0 || has_ended(status.state))
            return r;
        if (timeout_ms >= 0) {
            left = timeout_ms - (long long)(clock_boot_ms() - began);
            if (left <= 0)
                return library_fail(queues, -ETIMEDOUT, "it has not ended within %d ms", timeout_ms);
        }
        until_next.tv_nsec = (timeout_ms >= 0 && left < pause ? (long)left : pause) * 1000000;
        nanosleep(&until_next, NULL);
        pause = pause * 3 / 2 < LOOK_LAST_MS ? pause * 3 / 2 : LOOK_LAST_MS;
    }
}
