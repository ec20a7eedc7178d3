/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/view.h"
#include "common/memory.h"
#include "scripts.h"
#include <errno.h>

enum { PAGES = 512, MEMBERS = 8192 };

/* One call of look with words, n of them. -EPROTO when the answer is no list of at least `least`. */
static int look(struct redis *redis, const char *queue, const char *const *words, size_t n, size_t least,
                redisReply **ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;
    int r;

    command_text(ctx, &command, queue_prefix(ctx, queue));
    for (size_t i = 0; i < n; i++)
        command_text(ctx, &command, words[i]);
    r = redis_call(redis, &script_look, 1, &command, &reply);
    if (r == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements < least))
        r = -EPROTO;
    if (r == 0)
        *ret = reply;
    else
        freeReplyObject(reply);
    return r;
}

/* Member i as a number, whether it came as one or as text; 0 when it is missing. */
static long long number(const redisReply *list, size_t i)
{
    const redisReply *member = i < list->elements ? list->element[i] : NULL;

    if (!member)
        return 0;
    return member->type == REDIS_REPLY_STRING ? strtoll(member->str, NULL, 10) : member->integer;
}

static const char *text(const redisReply *list, size_t i)
{
    return i < list->elements && list->element[i]->type == REDIS_REPLY_STRING ? list->element[i]->str : "";
}

int queue_view(struct redis *redis, const char *queue, struct queue_view *ret)
{
    autoreply redisReply *reply = NULL;
    int r = redis_connect(redis);

    if (r == 0)
        r = look(redis, queue, (const char *const[]){ "queue", redis_run_id(redis) }, 2, 10, &reply);
    if (r < 0)
        return r;
    *ret = (struct queue_view){
        .open = number(reply, 0) == 1,
        .paused = number(reply, 1) == 1,
        .known = number(reply, 2),
        .delayed = number(reply, 3),
        .running = number(reply, 4),
        .parked = number(reply, 5),
        .wake = number(reply, 6) == 1,
        .workers = number(reply, 7),
        .draining = number(reply, 8),
        .version = number(reply, 9),
    };
    ret->waiting = ret->known - ret->delayed - ret->running;
    if (ret->waiting < 0) /* a lease that has run out and whose job is forgotten counts until the next reserve */
        ret->waiting = 0;
    return 0;
}

int queue_oldest(struct redis *redis, const char *queue, long long *ret_due, bool *ret_whole)
{
    char cursor[64] = "";
    long long oldest = 0;
    bool more = true;

    for (int page = 0; page < PAGES && more; page++) {
        autoreply redisReply *reply = NULL;
        long long due;
        int r = look(redis, queue, (const char *const[]){ "oldest", cursor }, 2, 2, &reply);

        if (r < 0)
            return r;
        snprintf(cursor, sizeof cursor, "%s", text(reply, 0));
        more = *cursor != '\0';
        due = number(reply, 1);
        if (due && (!oldest || due < oldest))
            oldest = due;
    }
    *ret_due = oldest;
    *ret_whole = !more;
    return 0;
}

/* One page of a list that look gives by offset: what it added, or -errno. */
static int look_page(struct redis *redis, const char *queue, const char *what, size_t offset, redisReply **ret)
{
    char at[24];

    snprintf(at, sizeof at, "%zu", offset);
    return look(redis, queue, (const char *const[]){ what, at }, 2, 0, ret);
}

int queue_workers(struct redis *redis, void *ctx, const char *queue, struct worker_view **ret, size_t *ret_count)
{
    struct worker_view *workers = NULL;
    size_t count = 0, added;

    do {
        autoreply redisReply *reply = NULL;
        int r = look_page(redis, queue, "workers", count, &reply);

        if (r < 0)
            return r;
        added = reply->elements;
        workers = memory_check(talloc_realloc(ctx, workers, struct worker_view, count + added + 1));
        for (size_t i = 0; i < added; i++) {
            const redisReply *row = reply->element[i];
            workers[count++] = (struct worker_view){ .name = COPY(ctx, text(row, 0)),
                                                     .heard = number(row, 1),
                                                     .information = COPY(ctx, text(row, 2)),
                                                     .draining = number(row, 3) == 1 };
        }
    } while (added == QUEUE_BATCH && count < MEMBERS);
    *ret = workers;
    *ret_count = count;
    return 0;
}

int queue_running(struct redis *redis, void *ctx, const char *queue, const char ***ret, size_t *ret_count)
{
    const char **ids = NULL;
    size_t count = 0, added;

    do {
        autoreply redisReply *reply = NULL;
        int r = look_page(redis, queue, "running", count, &reply);

        if (r < 0)
            return r;
        added = reply->elements;
        ids = memory_check(talloc_realloc(ctx, ids, const char *, count + added + 1));
        for (size_t i = 0; i < added; i++)
            ids[count++] = COPY(ctx, text(reply, i));
    } while (added == QUEUE_BATCH && count < MEMBERS);
    *ret = ids;
    *ret_count = count;
    return 0;
}

static struct job_view read_job(void *ctx, const redisReply *row)
{
    static const char *const places[] = {
        [PLACE_WAITING] = "waiting", [PLACE_DELAYED] = "delayed", [PLACE_RUNNING] = "running"
    };
    struct job_view job = { .place = PLACE_UNKNOWN, .percent = -1 };

    for (size_t i = PLACE_WAITING; i < ELEMENTS(places); i++)
        if (!strcmp(text(row, 0), places[i]))
            job.place = (enum place)i;
    if (job.place != PLACE_RUNNING) {
        job.at = number(row, 1);
        return job;
    }
    job.worker = COPY(ctx, text(row, 1));
    job.epoch = (uint64_t)number(row, 2);
    job.at = number(row, 3);
    if (*text(row, 4))
        job.percent = (int)number(row, 4);
    job.asked = number(row, 5) == 1;
    return job;
}

int queue_jobs(struct redis *redis, void *ctx, const char *queue, const char *const *ids, size_t n,
               struct job_view *ret)
{
    const char *words[1 + QUEUE_BATCH] = { "jobs" };
    autoreply redisReply *reply = NULL;
    int r;

    if (n > QUEUE_BATCH)
        return -E2BIG;
    memcpy(words + 1, ids, n * sizeof *ids);
    r = look(redis, queue, words, 1 + n, n, &reply);
    for (size_t i = 0; i < n && r == 0; i++)
        ret[i] = read_job(ctx, reply->element[i]);
    return r;
}

int queue_drain(struct redis *redis, const char *queue, const char *const *workers, size_t n, size_t *ret_asked)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = { 0 };
    int r;

    command_text(ctx, &command, queue_prefix(ctx, queue));
    for (size_t i = 0; i < n && i < QUEUE_BATCH; i++)
        command_text(ctx, &command, workers[i]);
    r = redis_call(redis, &script_drain, 1, &command, &reply);
    if (r == 0)
        *ret_asked = (size_t)reply->integer;
    return r;
}
