/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rates that several queues share: script tokens, in a slot of the limiter's own. */
#include "common/memory.h"
#include "queue/queue.h"
#include "scripts.h"
#include <errno.h>

char *limiter_prefix(void *ctx, const char *name)
{
    return FORMAT(ctx, "mr1:{l:%s}:", name);
}

/* third: NULL when the mode has none. */
static int call(struct redis *redis, const char *name, const char *mode, const char *number, const char *third,
                long long ret[2])
{
    autotalloc void *ctx = talloc_new(NULL);
    redisReply *reply = NULL;
    struct command command = { 0 };
    int r;

    command_text(ctx, &command, limiter_prefix(ctx, name));
    command_text(ctx, &command, mode);
    command_text(ctx, &command, number);
    if (third)
        command_text(ctx, &command, third);
    r = redis_call(redis, &script_tokens, 1, &command, &reply);
    if (r == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2))
        r = -EPROTO;
    for (size_t i = 0; i < 2 && r == 0; i++)
        ret[i] = reply->element[i]->integer;
    freeReplyObject(reply);
    return r;
}

static int call_number(struct redis *redis, const char *name, const char *mode, long long n, long long ret[2])
{
    char number[24];

    snprintf(number, sizeof number, "%lld", n);
    return call(redis, name, mode, number, NULL, ret);
}

int limiter_take(struct redis *redis, const char *name, int n, int least, int *ret, long *ret_ms)
{
    char number[24], third[24];
    long long got[2];
    int r;

    snprintf(number, sizeof number, "%d", n);
    snprintf(third, sizeof third, "%d", least);
    r = call(redis, name, "take", number, third, got);
    if (r < 0)
        return r;
    *ret = (int)got[0];
    *ret_ms = (long)got[1];
    return 0;
}

int limiter_turn(struct redis *redis, const char *name, const char *job, long *ret_ms)
{
    long long got[2];
    int r = call(redis, name, "turn", job, NULL, got);

    if (r == 0)
        *ret_ms = (long)got[1];
    return r;
}

int limiter_give(struct redis *redis, const char *name, int n)
{
    long long ignored[2];
    return call_number(redis, name, "back", n, ignored);
}

int limiter_block(struct redis *redis, const char *name, long long ms)
{
    long long ignored[2];
    return call_number(redis, name, "block", ms < LIMITER_BLOCK_MAX ? ms : LIMITER_BLOCK_MAX, ignored);
}

int limiter_rate(struct redis *redis, const char *name, const char *rate, const char *burst)
{
    long long ignored[2];
    return call(redis, name, "rate", rate ? rate : "", burst ? burst : "", ignored);
}
