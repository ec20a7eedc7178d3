/* SPDX-License-Identifier: GPL-3.0-or-later
 * sms.broadcast: a message to many, each of whom gets it once at most. An attempt works for a while and is then put off
 * for the next, so that it never passes its deadline; whatever it leaves unfinished, killed or not, stands in the rows
 * of the recipients. */
#include "common/clock.h"
#include "common/memory.h"
#include "queue/queue.h"
#include "workers/direct/sms/broadcast.h"
#include "workers/kinds.h"
#include <errno.h>
#include <string.h>

enum {
    NOTE_MS = 200, /* outcomes are written so often, or when there are so many: */
    NOTE_ROWS = 256,
    TURN_MS = 20,    /* recipients are taken so often */
    DOUBTS_MAX = 64, /* recipients asked about at once */
    LANDING_MS = 50,
    IDLE_MS = 250,
    AWAY_FOR = 30, /* seconds */
};

void broadcast_give_up(struct broadcast *broadcast, const char *why)
{
    if (broadcast->stop)
        return;
    broadcast->stop = broadcast->ended > broadcast->began_at ? job_snooze(broadcast->job, AWAY_FOR, "%s", why)
                                                             : job_release(broadcast->job, -1, "%s", why);
}

static void database_away(struct broadcast *broadcast)
{
    broadcast_give_up(broadcast, "the database did not answer");
}

static void end_well(struct broadcast *broadcast)
{
    broadcast->job->result = json_pack("{s:I}", "recipients", (json_int_t)broadcast->recipients);
    broadcast->stop = JOB_PENDING; /* told apart from what job_release() and the like give, which is negative */
}

/* ---- a turn ---- */

static int room(const struct broadcast *broadcast)
{
    return FLIGHTS_MAX - broadcast->flying;
}

/* Tokens of the limiter that all share. Whoever else waits for one has a moment to be first. */
static void fetch_tokens(struct broadcast *broadcast, uint64_t now)
{
    int got = 0;
    long ms = 0;

    if (broadcast->tokens > 0 || now < broadcast->tokens_at || room(broadcast) == 0)
        return;
    if (limiter_take(broadcast->redis, "twilio", room(broadcast), 1, &got, &ms) < 0)
        ms = 1000; /* nothing is sent that nobody counts */
    broadcast->tokens = got;
    broadcast->tokens_at = now + (uint64_t)(ms > TURN_MS ? ms : TURN_MS);
}

/* Nobody is waiting behind the last that was taken: begin again with those that came back, or see what is left. */
static void look_what_is_left(struct broadcast *broadcast)
{
    bool left = true;
    int ms = 0;

    if (*broadcast->after) {
        *broadcast->after = '\0';
        return;
    }
    if (broadcast->flying > 0) { /* some of these may come back */
        broadcast->pause_until = clock_boot_ms() + LANDING_MS;
        return;
    }
    if (broadcast_note(broadcast) < 0 || broadcast_left(broadcast, &left, &ms) < 0)
        database_away(broadcast);
    else if (!left)
        end_well(broadcast);
    else
        broadcast->pause_until = clock_boot_ms() + (uint64_t)(ms < IDLE_MS ? ms : IDLE_MS);
}

/* Text as many as there are tokens and room for. */
static void send_some(struct broadcast *broadcast)
{
    int most = broadcast->tokens < room(broadcast) ? broadcast->tokens : room(broadcast), taken = 0;
    int before = broadcast->flying;

    if (most <= 0)
        return;
    if (!job_still_mine(broadcast->job)) {
        broadcast->stop = job_release(broadcast->job, 0, "the lease was lost");
        return;
    }
    if (broadcast_take(broadcast, most, flight_send, &taken) < 0) {
        database_away(broadcast);
        return;
    }
    broadcast->tokens -= broadcast->flying - before;
    if (broadcast->tokens < 0)
        broadcast->tokens = 0; /* calls that failed at once do not fly any more */
    if (taken == 0)
        look_what_is_left(broadcast);
}

static void ask_some(struct broadcast *broadcast)
{
    int most = room(broadcast) < DOUBTS_MAX ? room(broadcast) : DOUBTS_MAX;

    if (broadcast_note(broadcast) < 0 || broadcast_doubtful(broadcast, most, flight_ask) < 0)
        database_away(broadcast);
}

static void turn(struct broadcast *broadcast, uint64_t now, uint64_t *doubts_at)
{
    if (broadcast->asking == 0 && now >= *doubts_at) {
        *doubts_at = now + (uint64_t)broadcast->config->sms_settle * 1000;
        ask_some(broadcast);
    }
    fetch_tokens(broadcast, now);
    if (!broadcast->stop)
        send_some(broadcast);
}

/* ---- an attempt ---- */

static int wait_ms(const struct broadcast *broadcast, uint64_t now)
{
    uint64_t until = now + NOTE_MS;

    if (broadcast->stop)
        return NOTE_MS;
    if (broadcast->tokens == 0 && broadcast->tokens_at < until)
        until = broadcast->tokens_at;
    if (broadcast->tokens > 0 && room(broadcast) > 0)
        until = now + 1;
    if (broadcast->pause_until > now && broadcast->pause_until < now + IDLE_MS)
        until = broadcast->pause_until;
    return until > now ? (int)(until - now) : 0;
}

static void note_when_due(struct broadcast *broadcast, uint64_t now)
{
    if (broadcast->outcomes.count >= NOTE_ROWS || now - broadcast->noted_at >= NOTE_MS)
        if (broadcast_note(broadcast) < 0)
            database_away(broadcast);
}

static int work(struct broadcast *broadcast)
{
    uint64_t now = clock_boot_ms(), turn_ends = now + (uint64_t)broadcast->config->sms_turn * 1000, doubts_at = now;

    while (!broadcast->stop || broadcast->flying > 0) {
        if (!broadcast->stop && now >= turn_ends)
            broadcast->stop = job_snooze(broadcast->job, 0, "it goes on in its next turn");
        if (!broadcast->stop && now >= broadcast->pause_until)
            turn(broadcast, now, &doubts_at);
        if (transfers_wait(broadcast->transfers, NULL, 0, wait_ms(broadcast, now)) < 0)
            return job_release(broadcast->job, -1, "the calls cannot be waited for");
        now = clock_boot_ms();
        note_when_due(broadcast, now);
    }
    if (broadcast_note(broadcast) < 0)
        return job_release(broadcast->job, -1, "the database did not answer");
    if (broadcast->tokens > 0)
        limiter_give(broadcast->redis, "twilio", broadcast->tokens);
    return broadcast->stop < 0 ? broadcast->stop : 0;
}

int sms_broadcast(struct job *job)
{
    struct broadcast *broadcast = NEW(job, struct broadcast);
    int r;

    broadcast->job = job;
    broadcast->config = job->tools->config;
    broadcast->database = job->tools->database;
    broadcast->redis = queue_redis_limiter(queue_redis_new(broadcast, broadcast->config), "twilio");
    broadcast->transfers = transfers_new(broadcast);
    if (!sms_from(broadcast->config))
        return job_bury(job, "there is no number to send from (twilio.from)");
    r = broadcast_open(broadcast);
    if (r == -ENOENT)
        return job_bury(job, "there is no broadcast of this job's");
    broadcast->began_at = broadcast->ended;
    return r < 0 ? job_release(job, -1, "the database did not answer") : work(broadcast);
}
