/* SPDX-License-Identifier: GPL-3.0-or-later
 * Once a minute: a row a queue of what became of it, and the rows of long ago go. */
#include "common/array_text.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/reconcile_state.h"
#include "scripts.h"
#include "sql.h"
#include <errno.h>

static const char *const columns[] = { "waiting", "running", "delayed", "put", "done", "failed", "buried" };
enum { COLUMNS = ELEMENTS(columns) };

/* One queue's minute, added to the columns. */
static int add_queue(void *ctx, struct redis *redis, const char *queue, long long minute, struct array_text *arrays)
{
    struct command command = { 0 };
    redisReply *reply = NULL;
    int r;

    command_text(ctx, &command, queue_prefix(ctx, queue));
    command_number(ctx, &command, minute);
    r = redis_call(redis, &script_rollup, 1, &command, &reply);
    if (r == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements != COLUMNS))
        r = -EPROTO;
    for (size_t i = 0; r == 0 && i < COLUMNS; i++)
        array_add(ctx, &arrays[i], FORMAT(ctx, "%lld", reply->element[i]->integer));
    freeReplyObject(reply);
    return r;
}

static int write_minute(struct reconciler *reconciler, long long minute)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result result = { 0 };
    struct array_text queues = { 0 }, arrays[COLUMNS] = { 0 };
    struct param params[COLUMNS + 3] = { { "minute", FORMAT(ctx, "%lld", minute) } };

    for (size_t i = 0; i < reconciler->queue_count; i++) {
        if (add_queue(ctx, reconciler->queues[i].redis, reconciler->queues[i].name, minute, arrays) < 0)
            continue; /* its Redis is away: it has no such minute */
        array_add(ctx, &queues, reconciler->queues[i].name);
    }
    params[1] = (struct param){ "queues", array_end(ctx, &queues) };
    for (size_t i = 0; i < COLUMNS; i++)
        params[i + 2] = (struct param){ columns[i], array_end(ctx, &arrays[i]) };
    if (database_run(reconciler->database, &sql_queue_minute_put, params, &result) < 0)
        log_warning("rollup.put", "error=%s", result.message);
    return result.error ? -EIO : 0;
}

void roll_up(struct reconciler *reconciler)
{
    autoresult struct result dropped = { 0 };
    long long minute = (long long)time(NULL) / 60;

    if (minute == reconciler->minute)
        return;
    if (write_minute(reconciler, minute) < 0)
        return; /* asked again within the minute, Redis says the same again */
    reconciler->minute = minute;
    if (database_run(reconciler->database, &sql_queue_minute_drop, NO_PARAMS, &dropped) < 0)
        log_warning("rollup.drop", "error=%s", dropped.message);
}
