/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a job's calls have to do with limiters that are not its queue's. */
#include "common/clock.h"
#include "common/log.h"
#include "queue/job.h"
#include "queue/queue_redis.h"
#include <string.h>
#include <time.h>

/* ms. LOOK_AGAIN: a rate may have been raised, or the lease be lost. UNASKED: until a limiter may answer again. */
enum { LOOK_AGAIN = 500, UNASKED = 1000 };

/* ms until its turn comes, 0: it has; -1: the limiter cannot be asked. */
static long turn_in(const struct job *job, struct redis *redis, const char *limiter)
{
    long ms;

    return limiter_turn(redis, limiter, job->id, &ms) == 0 ? ms : -1;
}

/* The other half of its time is the call's own. */
static bool comes_too_late(const struct job *job, long ms)
{
    uint64_t now = clock_boot_ms();

    return job->ends_at && now + 2 * (uint64_t)ms >= job->ends_at;
}

static void rest(long ms)
{
    const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&pause, NULL);
}

static int wait_for(struct job *job, struct redis *redis, const char *limiter)
{
    for (;;) {
        long ms = turn_in(job, redis, limiter);

        if (ms == 0)
            return 0;
        if (ms < 0)
            ms = UNASKED; /* no call is made that nobody counts */
        if (comes_too_late(job, ms))
            return job_release(job, (int)((ms + 999) / 1000), "its turn of %s does not come in time", limiter);
        rest(ms < LOOK_AGAIN ? ms : LOOK_AGAIN);
        if (!job_still_mine(job))
            return job_release(job, 0, "the lease was lost");
    }
}

static int first_turn(struct job *job, struct redis *redis, const char *limiter)
{
    long ms = turn_in(job, redis, limiter);

    if (ms < 0)
        return job_snooze(job, UNASKED / 1000, "the limiter %s cannot be asked: %s", limiter, redis_error(redis));
    return ms ? job_snooze(job, (int)((ms + 999) / 1000), "its turn of %s has not come", limiter) : 0;
}

int job_turn(struct job *job, const char *limiter)
{
    struct queue_redis *places = job->tools->places;
    struct redis *redis = places ? queue_redis_limiter(places, limiter) : NULL;
    int r = 0;

    if (!redis || (job->turn && !strcmp(job->turn, limiter)))
        return 0;
    if (!job->turned)
        r = first_turn(job, redis, limiter);
    else if (job->host->may_block)
        r = wait_for(job, redis, limiter);
    if (r < 0)
        return r;
    job->turned = true;
    job->turn = limiter;
    return 0;
}

int job_turn_use(struct job *job, const char *limiter)
{
    int r = job_turn(job, limiter);

    if (r == 0)
        job->turn = NULL;
    return r;
}

void job_hold(struct job *job, const char *limiter, int seconds)
{
    struct queue_redis *places = job->tools->places;

    if (places && seconds > 0 && limiter_block(queue_redis_limiter(places, limiter), limiter, seconds * 1000LL) < 0)
        log_warning("job.hold", "job=%s limiter=%s error=%s", job->id, limiter,
                    redis_error(queue_redis_limiter(places, limiter)));
}
