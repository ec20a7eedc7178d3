/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/usual.h"
#include "common/clock.h"
#include "common/memory.h"
#include "fcgi/steps/job_news.h"
#include "queue/counters.h"
#include "queue/queue.h"
#include <assert.h>

enum {
    STALE_MS = 10000,
    UNKNOWN_MS = 2000, /* of a kind that has not run yet */
    LONGEST = 60,      /* seconds */
    BUCKETS_MAX = 32,
};

struct of_kind {
    struct ask ask;
    struct usual *usual;
    const struct job_kind *kind;
    long long median_ms; /* -1: not known */
    uint64_t asked_at;
    bool asking;
};

struct usual {
    struct loop *loop;
    struct queue_links *links;
    struct of_kind *kinds; /* as job_kinds has them */
};

static int bucket_count(void)
{
    int n = 0;

    while (counters_bounds[n])
        n++;
    return n + 1; /* the last: beyond all bounds */
}

long long usual_median(const long long *counts)
{
    long long all = 0, below = 0, half;
    int n = bucket_count(), i = 0;

    for (int bucket = 0; bucket < n; bucket++)
        all += counts[bucket];
    if (all <= 0)
        return -1;
    half = (all + 1) / 2;
    while (below + counts[i] < half)
        below += counts[i++];
    long long from = i ? counters_bounds[i - 1] : 0, to = i < n - 1 ? counters_bounds[i] : from;
    return from + (to - from) * (half - below) / counts[i];
}

int usual_left(long long usual_ms, long long elapsed_ms)
{
    long long left = usual_ms > elapsed_ms ? usual_ms - elapsed_ms : elapsed_ms / 10;
    long long seconds = (left + 999) / 1000;

    return seconds < 1 ? 1 : seconds > LONGEST ? LONGEST : (int)seconds;
}

/* ---- asking Redis ---- */

static void answered(struct ask *ask)
{
    struct of_kind *of = OWNER(ask, struct of_kind, ask);
    const redisReply *reply = ask->reply;
    long long counts[BUCKETS_MAX] = { 0 };

    of->asking = false;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != (size_t)bucket_count())
        return;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            counts[i] = strtoll(reply->element[i]->str, NULL, 10);
    of->median_ms = usual_median(counts);
}

static void ask(struct of_kind *of)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct redis_link *link = queue_links_get(of->usual->links, of->kind->queue);
    struct command command = { 0 };

    of->asked_at = loop_now(of->usual->loop);
    if (!redis_link_up(link))
        return;
    command_text(scratch, &command, "HMGET");
    command_text(scratch, &command, FORMAT(scratch, "%sn", queue_prefix(scratch, of->kind->queue)));
    for (int i = 0; counters_bounds[i]; i++)
        command_text(scratch, &command, FORMAT(scratch, "run:%s:%lld", of->kind->name, counters_bounds[i]));
    command_text(scratch, &command, FORMAT(scratch, "run:%s:inf", of->kind->name));
    of->ask = (struct ask){ .done = answered };
    of->asking = true;
    redis_link_send(link, &of->ask, &command);
}

struct usual *usual_new(void *ctx, struct loop *loop, struct queue_links *links)
{
    struct usual *usual = NEW(ctx, struct usual);
    int n = 0;

    assert(bucket_count() <= BUCKETS_MAX); /* answered() has room for so many */
    usual->loop = loop;
    usual->links = links;
    while (job_kinds[n].name)
        n++;
    usual->kinds = memory_check(talloc_zero_array(usual, struct of_kind, (unsigned)n));
    for (int i = 0; i < n; i++)
        usual->kinds[i] = (struct of_kind){ .usual = usual, .kind = &job_kinds[i], .median_ms = -1 };
    return usual;
}

/* Since its id was made, which begins with the milliseconds since 1970. */
static long long elapsed_ms(const char *job_id)
{
    unsigned char key[JOB_KEY_SIZE];
    long long at = 0;

    if (!job_key_read(job_id, strlen(job_id), key))
        return 0;
    for (int i = 0; i < 6; i++)
        at = at << 8 | key[i];
    at = clock_wall_ms() - at;
    return at > 0 ? at : 0;
}

int usual_retry_after(struct usual *usual, const struct job_kind *kind, const char *job_id)
{
    struct of_kind *of = &usual->kinds[kind - job_kinds];

    if (!of->asking && (!of->asked_at || loop_now(usual->loop) - of->asked_at >= STALE_MS))
        ask(of);
    return usual_left(of->median_ms < 0 ? UNKNOWN_MS : of->median_ms, elapsed_ms(job_id));
}
