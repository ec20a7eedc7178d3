/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/queue.h"
#include "common/memory.h"
#include "common/token.h"
#include "scripts.h"
#include <errno.h>

char *queue_prefix(void *ctx, const char *queue)
{
    return FORMAT(ctx, "mr1:{q:%s}:", queue);
}

static struct command begin(void *ctx, const char *queue)
{
    struct command command = { 0 };
    command_text(ctx, &command, queue_prefix(ctx, queue));
    return command;
}

static void add_epoch(void *ctx, struct command *command, uint64_t epoch)
{
    command_number(ctx, command, (long long)epoch);
}

/* ---- put ---- */

/* line is cut into the parts that the ticket names. */
static int ticket_cut(char *line, struct ticket *ret)
{
    char *id = strchr(line, ' '), *packed = id ? strchr(id + 1, ' ') : NULL;

    if (!packed || packed - id != JOB_ID_SIZE)
        return -EPROTO;
    *id = *packed = '\0';
    *ret = (struct ticket){ .queue = line, .id = id + 1, .packed = packed + 1 };
    return 0;
}

int ticket_parse(void *ctx, const char *lines, struct ticket **ret, size_t *ret_count)
{
    struct ticket *tickets = memory_check(talloc_array(ctx, struct ticket, QUEUE_BATCH));
    char *save = NULL, *text = COPY(tickets, lines);
    size_t n = 0;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        int r = n == QUEUE_BATCH ? -E2BIG : ticket_cut(line, &tickets[n++]);
        if (r < 0) {
            talloc_free(tickets);
            return r;
        }
    }
    *ret = tickets;
    *ret_count = n;
    return 0;
}

static int by_queue(const void *a, const void *b)
{
    return strcmp(((const struct ticket *)a)->queue, ((const struct ticket *)b)->queue);
}

int ticket_rows(void *ctx, const struct result *rows, struct ticket **ret, size_t *ret_count)
{
    int count = result_rows(rows);
    struct ticket *tickets = memory_check(talloc_array(ctx, struct ticket, (size_t)count + 1));
    size_t n = 0;

    for (int i = 0; i < count; i++) {
        const char *line = result_text(rows, i, "ticket");

        if (line && ticket_cut(COPY(tickets, line), &tickets[n++]) < 0) {
            talloc_free(tickets);
            return -EPROTO;
        }
    }
    qsort(tickets, n, sizeof *tickets, by_queue);
    *ret = tickets;
    *ret_count = n;
    return 0;
}

void queue_put_command(void *ctx, struct command *command, const struct ticket *tickets, size_t n)
{
    *command = begin(ctx, tickets[0].queue);
    for (size_t i = 0; i < n; i++) {
        command_text(ctx, command, tickets[i].id);
        command_text(ctx, command, tickets[i].packed);
    }
}

int queue_put(struct redis *redis, const struct ticket *tickets, size_t n, size_t *ret_added)
{
    size_t added = 0;

    for (size_t from = 0, to; from < n; from = to) {
        autotalloc void *ctx = talloc_new(NULL);
        autoreply redisReply *reply = NULL;
        struct command command;
        int r;

        for (to = from + 1; to < n && to - from < QUEUE_BATCH; to++)
            if (strcmp(tickets[to].queue, tickets[from].queue) != 0)
                break;
        queue_put_command(ctx, &command, tickets + from, to - from);
        r = redis_call(redis, &script_put, 1, &command, &reply);
        if (r < 0)
            return r;
        added += (size_t)reply->integer;
    }
    *ret_added = added;
    return 0;
}

/* ---- reserve ---- */

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

/* A job is three elements of the reply: id, packed, whose lost lease it was. */
static int read_job(void *ctx, redisReply *const *from, struct reserved *to)
{
    char *bar;

    if (!is_text(from[0]) || !is_text(from[1]) || !is_text(from[2]) || from[0]->len != JOB_ID_SIZE - 1)
        return -EPROTO;
    memcpy(to->id, from[0]->str, JOB_ID_SIZE);
    to->packed = COPY(ctx, from[1]->str);
    to->lost_epoch = strtoull(from[2]->str, &bar, 10);
    to->lost_worker = to->lost_epoch && *bar == '|' ? COPY(ctx, bar + 1) : "";
    return 0;
}

int packed_cost(const char *packed)
{
    const char *at = packed;

    for (int bars = 0; bars < 6 && at; bars++)
        at = (at = strchr(at, '|')) ? at + 1 : NULL;
    return at ? (int)strtol(at, NULL, 10) : 1;
}

static const struct {
    long long code;
    enum queue_door door;
} doors[] = { { -2, QUEUE_CLOSED }, { -3, QUEUE_PAUSED }, { -4, QUEUE_SHARES } };

static int read_reservation(void *ctx, const redisReply *reply, struct reservation *ret)
{
    int r = 0;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 3 || reply->elements < 3 ||
        reply->elements > 3 + 3 * QUEUE_BATCH || !is_text(reply->element[0]) ||
        reply->element[1]->type != REDIS_REPLY_INTEGER)
        return -EPROTO;
    *ret = (struct reservation){ .epoch = strtoull(reply->element[0]->str, NULL, 10),
                                 .next_ms = (long)reply->element[1]->integer,
                                 .count = reply->elements / 3 - 1 };
    for (size_t i = 0; i < ELEMENTS(doors); i++)
        if (doors[i].code == reply->element[1]->integer)
            ret->door = doors[i].door;
    if (is_text(reply->element[2]))
        ret->limiter = COPY(ctx, reply->element[2]->str);
    else
        ret->need = (int)reply->element[2]->integer;
    for (size_t i = 0; i < ret->count && r == 0; i++)
        r = read_job(ctx, reply->element + 3 * (i + 1), &ret->jobs[i]);
    return r;
}

int queue_reserve(struct redis *redis, void *ctx, const char *queue, int n, int lease_ms, const char *worker,
                  int budget, struct reservation *ret)
{
    struct command command;
    autoreply redisReply *reply = NULL;
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    command = begin(ctx, queue);
    command_number(ctx, &command, n < QUEUE_BATCH ? n : QUEUE_BATCH);
    command_number(ctx, &command, lease_ms);
    command_text(ctx, &command, worker);
    command_text(ctx, &command, redis_run_id(redis));
    if (budget < 0)
        command_text(ctx, &command, "");
    else
        command_number(ctx, &command, budget);
    r = redis_call(redis, &script_reserve, 1, &command, &reply);
    return r < 0 ? r : read_reservation(ctx, reply, ret);
}

/* ---- touch, finish, progress ---- */

static const char *const verdicts[] = {
    [TOUCH_OK] = "ok",
    [TOUCH_LOST] = "lost",
    [TOUCH_CANCEL] = "cancel",
    [TOUCH_LATE] = "late",
};

int queue_touch(struct redis *redis, const char *queue, int lease_ms, const char *worker, struct held *jobs, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command;
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    command = begin(ctx, queue);
    command_number(ctx, &command, lease_ms);
    command_text(ctx, &command, worker);
    command_text(ctx, &command, redis_run_id(redis));
    for (size_t i = 0; i < n; i++) {
        command_text(ctx, &command, jobs[i].id);
        add_epoch(ctx, &command, jobs[i].epoch);
        command_text(ctx, &command, jobs[i].packed);
    }
    r = redis_call(redis, &script_touch, 1, &command, &reply);
    if (r < 0)
        return r;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != n)
        return -EPROTO;
    for (size_t i = 0; i < n; i++) {
        jobs[i].verdict = TOUCH_LOST;
        for (size_t k = 0; k < ELEMENTS(verdicts); k++)
            if (is_text(reply->element[i]) && !strcmp(reply->element[i]->str, verdicts[k]))
                jobs[i].verdict = (enum touch_verdict)k;
    }
    return 0;
}

int queue_finish(struct redis *redis, const char *queue, const char *worker, const struct held *jobs, size_t n,
                 const struct count *counts, size_t count)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = begin(ctx, queue);

    command_text(ctx, &command, worker);
    command_number(ctx, &command, (long long)n);
    for (size_t i = 0; i < n; i++) {
        command_text(ctx, &command, jobs[i].id);
        add_epoch(ctx, &command, jobs[i].epoch);
        if (jobs[i].ended)
            command_text(ctx, &command, "");
        else
            command_number(ctx, &command, jobs[i].due_ms);
    }
    for (size_t i = 0; i < count; i++) {
        command_text(ctx, &command, counts[i].name);
        command_number(ctx, &command, counts[i].n);
    }
    return redis_call(redis, &script_finish, 1, &command, &reply);
}

int queue_progress(struct redis *redis, const char *queue, const char *worker, const struct held *jobs, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = begin(ctx, queue);

    command_text(ctx, &command, worker);
    for (size_t i = 0; i < n; i++) {
        command_text(ctx, &command, jobs[i].id);
        add_epoch(ctx, &command, jobs[i].epoch);
        command_number(ctx, &command, jobs[i].percent);
    }
    return redis_call(redis, &script_progress, 1, &command, &reply);
}

/* ---- workers and settings ---- */

int queue_hello(struct redis *redis, const char *queue, const char *worker, const char *information, bool *ret_drain)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = begin(ctx, queue);
    int r;

    command_text(ctx, &command, worker);
    command_text(ctx, &command, information ? information : "");
    r = redis_call(redis, &script_hello, 1, &command, &reply);
    if (r == 0)
        *ret_drain = is_text(reply) && !strcmp(reply->str, "drain");
    return r;
}

int queue_settings(struct redis *redis, const char *queue, const char *version, const char *const *pairs, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = begin(ctx, queue);

    command_text(ctx, &command, version);
    for (size_t i = 0; i < 2 * n; i++)
        command_text(ctx, &command, pairs[i]);
    return redis_call(redis, &script_settings, 1, &command, &reply);
}

/* ---- cancel ---- */

int queue_cancel(struct redis *redis, const char *queue, const char *id, enum queue_cancel mode, enum queue_where *ret)
{
    static const char *const modes[] = { [CANCEL_LOOK] = "look", [CANCEL_ASK] = "ask", [CANCEL_DROP] = "drop" };
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = begin(ctx, queue);
    int r;

    command_text(ctx, &command, id);
    command_text(ctx, &command, modes[mode]);
    r = redis_call(redis, &script_cancel, 1, &command, &reply);
    if (r < 0)
        return r;
    if (!is_text(reply))
        return -EPROTO;
    *ret = !strcmp(reply->str, "running")   ? QUEUE_RUNNING
           : !strcmp(reply->str, "waiting") ? QUEUE_WAITING
                                            : QUEUE_UNKNOWN;
    return 0;
}
