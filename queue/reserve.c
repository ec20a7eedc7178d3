/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a worker comes by jobs: tokens where the queue shares a limiter, jobs for its free slots, and when there are none
 * a wake-up that is asked for and not waited for here. */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/queue_redis.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <sodium.h>

/* DEAF_MS: so much later than it should, and no answer of Redis is to be hoped for. */
enum { DEAF_MS = 2000 };

/* Ask for the next wake-up without waiting for it here. */
static void wait_for_work(struct worker *worker, long next_ms)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    long ms =
        next_ms >= 0 && next_ms < WORKER_IDLE_MS ? next_ms : WORKER_IDLE_MS - 500 + (long)randombytes_uniform(1000);
    char seconds[32];

    snprintf(seconds, sizeof seconds, "%ld.%03ld", ms / 1000, ms % 1000 + (ms == 0));
    command_text(ctx, &command, "BZPOPMIN");
    command_text(ctx, &command, FORMAT(ctx, "%swake", queue_prefix(ctx, worker->options->queue)));
    command_text(ctx, &command, seconds);
    if (redis_connect(worker->waiter) < 0 || redis_send(worker->waiter, &command) < 0) {
        worker->retry_at = worker->now + WORKER_OUTAGE_MS;
        return;
    }
    worker->waiting = true;
    worker->waiting_until = worker->now + (uint64_t)ms + DEAF_MS;
}

void worker_wake_another(struct worker *worker)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;

    command_text(ctx, &command, "ZADD");
    command_text(ctx, &command, FORMAT(ctx, "%swake", queue_prefix(ctx, worker->options->queue)));
    command_text(ctx, &command, "0");
    command_text(ctx, &command, "w");
    redis_do(worker->redis, &command, &reply); /* unheard, it costs a few seconds: all look now and then */
    freeReplyObject(reply);
}

static struct redis *limits(struct worker *worker)
{
    return queue_redis_limiter(worker->places, worker->limiter);
}

/* Tokens for the free slots, when the queue shares a limiter. False when there are none now. Now and then reserve is
 * asked without any: it tells whether the queue still shares this one. */
static bool fetch_tokens(struct worker *worker, int wanted)
{
    long ms = 0;
    int least = worker->need > 1 ? worker->need : 1, r;

    worker->budget = -1;
    if (!worker->limiter || worker->now >= worker->limiter_at)
        return true;
    r = limiter_take(limits(worker), worker->limiter, wanted > least ? wanted : least, least, &worker->budget, &ms);
    if (r < 0) {
        log_warning("worker.limiter", "limiter=%s error=%s", worker->limiter, redis_error(limits(worker)));
        ms = WORKER_OUTAGE_MS;
    } else if (worker->budget > 0) {
        return true;
    }
    worker->tokens_at = worker->now + (uint64_t)(ms < 1 ? 1 : ms < WORKER_IDLE_MS ? ms : WORKER_IDLE_MS);
    return false;
}

static void limiter_set(struct worker *worker, const char *name)
{
    talloc_free(worker->limiter);
    worker->limiter = name ? COPY(worker, name) : NULL;
    worker->limiter_at = worker->now + WORKER_IDLE_MS;
    worker->need = 0;
}

/* Give back what the jobs that were reserved do not need. */
static void give_tokens(struct worker *worker, const struct reservation *reservation)
{
    int left = worker->budget;

    for (size_t i = 0; i < reservation->count; i++)
        left -= packed_cost(reservation->jobs[i].packed);
    if (left > 0)
        limiter_give(limits(worker), worker->limiter, left);
    worker->need = reservation->need;
}

static void reserved(struct worker *worker, const struct reservation *reservation)
{
    if (worker->limiter && worker->budget > 0)
        give_tokens(worker, reservation);
    switch (reservation->door) {
    case QUEUE_CLOSED:
    case QUEUE_PAUSED:
        wait_for_work(worker, WORKER_IDLE_MS / 10);
        return;
    case QUEUE_SHARES: /* asked again at once, with tokens */
        limiter_set(worker, reservation->limiter);
        return;
    case QUEUE_OPEN:
        if (worker->limiter && worker->budget < 0)
            limiter_set(worker, NULL);
        break;
    }
    if (reservation->count > 0)
        worker_take(worker, reservation);
    else if (!reservation->need)
        wait_for_work(worker, reservation->next_ms);
}

void worker_reserve(struct worker *worker)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct reservation reservation;
    int wanted = worker_room(worker), r;

    if (worker->stopping || worker->waiting || wanted == 0 || worker->now < worker->retry_at ||
        worker->now < worker->tokens_at || !fetch_tokens(worker, wanted))
        return;
    worker->now = clock_boot_ms(); /* the leases begin now, however long the last commits took */
    r = queue_reserve(worker->redis, ctx, worker->options->queue, wanted, worker_lease_ms(worker), worker->name,
                      worker->budget, &reservation);
    if (r == 0) {
        reserved(worker, &reservation);
        return;
    }
    if (worker->limiter && worker->budget > 0)
        limiter_give(limits(worker), worker->limiter, worker->budget);
    worker_complain(worker, "worker.reserve", r);
    worker->retry_at = worker->now + WORKER_OUTAGE_MS;
}

void worker_hear_wake(struct worker *worker, bool readable)
{
    redisReply *reply = NULL;
    int r = readable ? redis_take(worker->waiter, &reply) : -EAGAIN;

    if (r == -EAGAIN && worker->now < worker->waiting_until)
        return;
    if (r < 0)
        redis_drop(worker->waiter); /* broken, or alive but deaf */
    freeReplyObject(reply);
    worker->waiting = false;
}
