/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the tables that say what goes for a queue to Redis, and back: when Redis is short of memory, or a queue has too
 * many open jobs, the table says that it takes no more, which job_put() looks at. */
#include "queue/settings.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/queue_redis.h"
#include "queue/reconcile_state.h"
#include "sql.h"
#include <errno.h>

int settings_row(const struct result *list, const char *queue)
{
    for (int i = 0; i < result_rows(list); i++)
        if (!strcmp(result_text(list, i, "name"), queue))
            return i;
    return -1;
}

int settings_send(struct redis *redis, const char *queue, const struct result *list, int row, size_t *ret_count)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *settings = NULL;
    const char *version = row < 0 ? "0" : result_text(list, row, "version");
    const char *text = row < 0 ? "{}" : result_text(list, row, "settings"), *why, *name;
    const char **pairs;
    json_t *value;
    size_t n = 0;
    int r;

    if (json_parse_strict(ctx, text, strlen(text), &settings, &why) < 0)
        return -EPROTO;
    pairs = memory_check(talloc_array(ctx, const char *, 2 * json_object_size(settings) + 1));
    json_object_foreach(settings, name, value)
    {
        pairs[2 * n] = name;
        pairs[2 * n++ + 1] = json_string_value(value);
    }
    r = queue_settings(redis, queue, version, pairs, n);
    if (r == 0)
        *ret_count = n;
    return r;
}

static int tell(struct queue_state *queue, const struct result *list)
{
    int row = settings_row(list, queue->name), r;
    const char *version = row < 0 ? "0" : result_text(list, row, "version");
    size_t n;

    if (!strcmp(queue->version, version))
        return 0;
    r = settings_send(queue->redis, queue->name, list, row, &n);
    if (r < 0)
        return r;
    snprintf(queue->version, sizeof queue->version, "%s", version);
    log_info("reconcile.settings", "queue=%s version=%s settings=%zu", queue->name, version, n);
    return 0;
}

/* ---- whether a queue takes more ---- */

/* A number of INFO memory, 0 when it is not there. */
static unsigned long long info_number(const char *info, const char *name)
{
    const char *at = strstr(info, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static bool short_of_memory(const struct reconciler *reconciler, struct redis *redis)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;
    unsigned long long used = 0, most = 0;

    command_text(ctx, &command, "INFO");
    command_text(ctx, &command, "memory");
    if (redis_do(redis, &command, &reply) == 0 && reply->type == REDIS_REPLY_STRING) {
        used = info_number(reply->str, "\nused_memory:");
        most = info_number(reply->str, "\nmaxmemory:");
    }
    freeReplyObject(reply);
    return most && used >= most / 100 * (unsigned long long)reconciler->config->queue_memory;
}

/* Open jobs of a queue: those that Redis knows, or while it cannot be asked those that PostgreSQL counts up to most. */
static long long backlog(struct reconciler *reconciler, const struct queue_state *queue, const char *most)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result counted = { 0 };
    struct command command = { 0 };
    redisReply *reply = NULL;
    long long n = -1;

    command_text(ctx, &command, "HLEN");
    command_text(ctx, &command, FORMAT(ctx, "%sj", queue_prefix(ctx, queue->name)));
    if (redis_do(queue->redis, &command, &reply) == 0 && reply->type == REDIS_REPLY_INTEGER)
        n = reply->integer;
    freeReplyObject(reply);
    if (n >= 0)
        return n;
    if (database_run(reconciler->database, &sql_queue_backlog, PARAMS({ "queue", queue->name }, { "most", most }),
                     &counted) < 0) {
        log_warning("reconcile.backlog", "queue=%s error=%s", queue->name, counted.message);
        return 0;
    }
    return strtoll(result_text(&counted, 0, "open"), NULL, 10);
}

/* The queue's own setting, else the configuration's. */
static const char *backlog_limit(void *ctx, const struct reconciler *reconciler, const struct result *list, int row)
{
    json_auto_t *settings = row < 0 ? NULL : json_loads(result_text(list, row, "settings"), 0, NULL);
    const char *own = json_string_value(json_object_get(settings, "backlog"));

    return own ? COPY(ctx, own) : FORMAT(ctx, "%d", reconciler->config->queue_backlog);
}

static void watch(struct reconciler *reconciler, const struct queue_state *queue, const struct result *list)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result result = { 0 };
    int row = settings_row(list, queue->name);
    const char *most = backlog_limit(ctx, reconciler, list, row), *why = "";
    const char *was = row < 0 ? "" : result_text(list, row, "why");

    if (short_of_memory(reconciler, queue->redis))
        why = "Redis is short of memory";
    else if (backlog(reconciler, queue, most) >= strtoll(most, NULL, 10))
        why = "too many jobs are open";
    if (!strcmp(was, why))
        return;
    if (database_run(reconciler->database, &sql_queue_queue_refuse,
                     PARAMS({ "queue", queue->name }, { "refusing", *why ? "true" : "false" }, { "why", why }),
                     &result) < 0)
        log_error("reconcile.refuse", "queue=%s error=%s", queue->name, result.message);
    else
        log_warning("reconcile.refuse", "queue=%s why=%s", queue->name, *why ? why : "over");
}

static int tell_limiters(struct reconciler *reconciler)
{
    autoresult struct result list = { 0 };
    int r = database_run(reconciler->database, &sql_queue_limiter_list, NO_PARAMS, &list);

    for (int i = 0; i < result_rows(&list) && r == 0; i++)
        r = limiter_rate(queue_redis_limiter(reconciler->redis, result_text(&list, i, "name")),
                         result_text(&list, i, "name"), result_text(&list, i, "rate"), result_text(&list, i, "burst"));
    return r;
}

int settings_tell(struct reconciler *reconciler, struct queue_state *queue)
{
    autoresult struct result list = { 0 };
    int r = database_run(reconciler->database, &sql_queue_queue_list, NO_PARAMS, &list);

    if (r == 0)
        r = tell(queue, &list);
    /* The queue will be open then. Limiters live elsewhere perhaps; one that is not reached lets nobody take tokens. */
    if (r == 0)
        tell_limiters(reconciler);
    return r;
}

void settings_look(struct reconciler *reconciler)
{
    autoresult struct result list = { 0 };

    if (database_run(reconciler->database, &sql_queue_queue_list, NO_PARAMS, &list) < 0)
        return;
    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];
        int r;

        watch(reconciler, queue, &list);
        r = tell(queue, &list);
        if (r < 0)
            reconcile_complain("reconcile.settings", queue, r);
    }
    tell_limiters(reconciler);
}
