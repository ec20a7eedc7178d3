/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/gauges.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/queue_names.h"
#include "scripts.h"
#include "sql.h"
#include <errno.h>

/* ---- Redis ---- */

static int by_counter(const void *a, const void *b)
{
    return strcmp(((const struct count *)a)->name, ((const struct count *)b)->name);
}

static void read_counters(void *ctx, const redisReply *reply, struct gauge *gauge)
{
    gauge->counters = memory_check(talloc_array(ctx, struct count, reply->elements / 2 + 1));
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        gauge->counters[gauge->count++] =
            (struct count){ COPY(ctx, reply->element[i]->str), strtoll(reply->element[i + 1]->str, NULL, 10) };
    qsort(gauge->counters, gauge->count, sizeof *gauge->counters, by_counter);
}

enum { WAITING, RUNNING, DELAYED, PARKED, OLDEST, PAUSED, OPEN, WORKERS, VERSION, OVERDUE, NOW, COUNTERS, PARTS };

static int read_reply(void *ctx, const redisReply *reply, struct gauge *gauge)
{
    redisReply **parts = reply->element;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != PARTS || parts[COUNTERS]->type != REDIS_REPLY_ARRAY)
        return -EPROTO;
    for (int i = 0; i < COUNTERS; i++)
        if (parts[i]->type != REDIS_REPLY_INTEGER)
            return -EPROTO;
    gauge->waiting = parts[WAITING]->integer;
    gauge->running = parts[RUNNING]->integer;
    gauge->delayed = parts[DELAYED]->integer;
    gauge->parked = parts[PARKED]->integer;
    gauge->now_ms = parts[NOW]->integer;
    if (parts[OLDEST]->integer >= 0 && parts[OLDEST]->integer < gauge->now_ms)
        gauge->oldest_ms = gauge->now_ms - parts[OLDEST]->integer;
    gauge->paused = parts[PAUSED]->integer == 1;
    gauge->open = parts[OPEN]->integer == 1;
    gauge->workers = parts[WORKERS]->integer;
    gauge->version = parts[VERSION]->integer;
    gauge->overdue = parts[OVERDUE]->integer;
    read_counters(ctx, parts[COUNTERS], gauge);
    gauge->known = true;
    return 0;
}

static int ask_redis(void *ctx, struct redis *redis, struct gauge *gauge)
{
    struct command command = { 0 };
    redisReply *reply = NULL;
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    command_text(ctx, &command, queue_prefix(ctx, gauge->queue));
    command_text(ctx, &command, redis_run_id(redis));
    r = redis_call(redis, &script_gauges, 1, &command, &reply);
    if (r == 0)
        r = read_reply(ctx, reply, gauge);
    freeReplyObject(reply);
    return r;
}

/* ---- PostgreSQL ---- */

static void ask_database(void *ctx, struct database *database, struct gauges *gauges)
{
    autoresult struct result rows = { 0 };

    if (database_run(database, &sql_queue_gauges, NO_PARAMS, &rows) < 0)
        return;
    gauges->database = true;
    for (int i = 0; i < result_rows(&rows); i++) {
        gauges->term = strtoll(result_text(&rows, i, "term"), NULL, 10);
        for (size_t k = 0; k < gauges->count; k++) {
            struct gauge *gauge = &gauges->list[k];
            if (strcmp(gauge->queue, result_text(&rows, i, "name")) != 0)
                continue;
            gauge->buried = strtoll(result_text(&rows, i, "buried"), NULL, 10);
            gauge->wanted_version = strtoll(result_text(&rows, i, "version"), NULL, 10);
            gauge->refusing = *result_text(&rows, i, "refusing") == 't';
            gauge->why = COPY(ctx, result_text(&rows, i, "why"));
        }
    }
}

void gauges_read(void *ctx, struct database *database, struct queue_redis *redis, struct gauges *ret)
{
    const char **names = queue_names(ctx, database, NULL);
    struct gauges gauges = { .redis = true };

    while (names[gauges.count])
        gauges.count++;
    gauges.list = memory_check(talloc_zero_array(ctx, struct gauge, gauges.count + 1));
    for (size_t i = 0; i < gauges.count; i++) {
        gauges.list[i].queue = names[i];
        gauges.list[i].why = "";
        if (ask_redis(ctx, queue_redis_get(redis, names[i]), &gauges.list[i]) < 0)
            gauges.redis = false;
    }
    ask_database(ctx, database, &gauges);
    *ret = gauges;
}

long long gauge_sum(const struct gauge *gauge, const char *what)
{
    size_t length = strlen(what);
    long long sum = 0;

    for (size_t i = 0; i < gauge->count; i++) {
        const char *name = gauge->counters[i].name;
        if (!strncmp(name, what, length) && (!name[length] || (name[length] == ':' && !strchr(name + length + 1, ':'))))
            sum += gauge->counters[i].n;
    }
    return sum;
}
