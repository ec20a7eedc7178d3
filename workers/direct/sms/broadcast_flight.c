/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/memory.h"
#include "queue/queue.h"
#include "workers/direct/sms/broadcast.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FULL_FOR = 60,    /* seconds, when the provider has too many of our messages waiting */
    PATIENT_FOR = 30, /* for so long we wait here: for longer the job is put off */
    BACKOFF_MS = 250,
    STREAK_MAX = 10, /* calls in a row that found nobody, before the attempt counts as failed */
};

/* A call of a broadcast: frees itself when it is through. */
struct flight {
    struct broadcast *broadcast;
    struct try try;
    struct provider_call *call;
    struct sms_search *search; /* NULL: it sends */
};

static int flight_free(struct flight *flight)
{
    flight->broadcast->flying--;
    if (flight->search)
        flight->broadcast->asking--;
    return 0;
}

static struct flight *flight_new(struct broadcast *broadcast, const struct try *try)
{
    struct flight *flight = NEW(broadcast, struct flight);

    flight->broadcast = broadcast;
    flight->try = *try;
    broadcast->flying++;
    talloc_set_destructor(flight, flight_free);
    return flight;
}

static void land(struct flight *flight, const char *state, const char *sid, int code)
{
    broadcast_outcome(flight->broadcast, &flight->try, state, sid, code);
    talloc_free(flight);
}

/* ---- when the provider does not do its part ---- */

/* Nobody was found; a little later perhaps, and longer each time. */
static void back_off(struct broadcast *broadcast, const char *why)
{
    uint64_t now = clock_boot_ms();

    if (now < broadcast->pause_until)
        return; /* those that flew together are one */
    if (++broadcast->streak >= STREAK_MAX)
        broadcast_give_up(broadcast, why);
    broadcast->pause_until = now + ((uint64_t)BACKOFF_MS << (broadcast->streak < 7 ? broadcast->streak : 7));
}

/* It wants fewer calls: whoever shares its limiter waits. */
static void hold(struct broadcast *broadcast, int seconds, const char *why)
{
    limiter_block(broadcast->redis, "twilio", seconds * 1000LL);
    broadcast->tokens = 0;
    broadcast->pause_until = clock_boot_ms() + (uint64_t)seconds * 1000;
    if (seconds > PATIENT_FOR && !broadcast->stop)
        broadcast->stop = job_limited(broadcast->job, seconds, "%s", why);
}

static void trouble(struct broadcast *broadcast, const struct provider_call *call)
{
    if (call->verdict == PROVIDER_LIMITED)
        hold(broadcast, call->retry_after, call->why);
    else
        back_off(broadcast, call->why);
}

/* ---- sending ---- */

static void refused(struct flight *flight)
{
    struct broadcast *broadcast = flight->broadcast;
    const struct provider_call *call = flight->call;

    switch (twilio_fault(call)) {
    case TWILIO_FULL:
        hold(broadcast, FULL_FOR, call->why);
        land(flight, "waiting", NULL, 0);
        break;
    case TWILIO_OURS: /* it would be refused for all of them */
        if (!broadcast->stop)
            broadcast->stop = job_bury(broadcast->job, "%s", call->why);
        land(flight, "waiting", NULL, 0);
        break;
    case TWILIO_RECIPIENT:
        land(flight, "failed", NULL, twilio_code(call));
        break;
    }
}

static void on_sent(void *closure)
{
    struct flight *flight = closure;
    struct broadcast *broadcast = flight->broadcast;
    const struct provider_call *call = flight->call;
    struct twilio_sms sms;

    switch (call->verdict) {
    case PROVIDER_DONE:
        broadcast->streak = 0;
        if (twilio_read(call->json, &sms) < 0)
            land(flight, "asking", NULL, 0);
        else
            land(flight, "sent", sms.sid, 0);
        break;
    case PROVIDER_NEVER:
        refused(flight);
        break;
    case PROVIDER_UNKNOWN:
        back_off(broadcast, call->why);
        land(flight, "asking", NULL, 0);
        break;
    case PROVIDER_LATER:
    case PROVIDER_LIMITED:
        trouble(broadcast, call);
        land(flight, "waiting", NULL, 0);
        break;
    }
}

/* The call could not even begin: nothing went out. */
static void grounded(struct flight *flight, int r)
{
    struct job *job = flight->broadcast->job;

    if (!flight->broadcast->stop)
        flight->broadcast->stop = r == -ENOTSUP
                                      ? job_bury(job, "twilio is not configured")
                                      : job_release(job, -1, "the call could not be started: %s", strerror(-r));
    land(flight, flight->search ? "asking" : "waiting", NULL, 0);
}

/* Between being taken and now another attempt may have begun, and asked about those who were. */
static bool is_late(struct broadcast *broadcast)
{
    if (!broadcast->stop && !job_still_mine(broadcast->job))
        broadcast->stop = job_release(broadcast->job, 0, "the lease was lost");
    return broadcast->stop;
}

void flight_send(struct broadcast *broadcast, const struct try *try)
{
    struct flight *flight = flight_new(broadcast, try);
    autotalloc char *ref = FORMAT(NULL, "%s.%s", broadcast->no, try->phone + 1);
    autotalloc char *callback = sms_callback(NULL, broadcast->config, "smsagent", ref);
    const struct twilio_message message = {
        .to = flight->try.phone, .from = sms_from(broadcast->config), .body = broadcast->body, .callback = callback
    };
    int r;

    if (is_late(broadcast)) {
        land(flight, "waiting", NULL, 0);
        return;
    }
    r = twilio_send(flight, broadcast->config, &message, &flight->call);
    if (r == 0)
        r = provider_start(flight->call, broadcast->transfers, on_sent, flight);
    if (r < 0)
        grounded(flight, r);
}

/* ---- asking ---- */

static void next_page(struct flight *flight);

static void on_page(struct flight *flight)
{
    struct broadcast *broadcast = flight->broadcast;
    const char *sid;

    broadcast->streak = 0;
    switch (sms_search_read(flight, flight->search, flight->call, broadcast->database, &sid)) {
    case SMS_MORE:
        next_page(flight);
        break;
    case SMS_SENT:
        land(flight, "sent", sid, 0);
        break;
    case SMS_ABSENT:
        land(flight, "waiting", NULL, 0);
        break;
    case SMS_UNKNOWN:
        land(flight, "unknown", NULL, 0);
        break;
    case SMS_AGAIN:
        land(flight, "asking", NULL, 0);
        break;
    }
}

static void on_listed(void *closure)
{
    struct flight *flight = closure;

    if (flight->call->verdict == PROVIDER_DONE) {
        on_page(flight);
    } else if (flight->call->verdict == PROVIDER_NEVER) {
        land(flight, "unknown", NULL, twilio_code(flight->call));
    } else {
        trouble(flight->broadcast, flight->call);
        land(flight, "asking", NULL, 0);
    }
}

static void next_page(struct flight *flight)
{
    struct broadcast *broadcast = flight->broadcast;
    int r = sms_search_call(flight, broadcast->config, flight->search, &flight->call);

    if (r == 0)
        r = provider_start(flight->call, broadcast->transfers, on_listed, flight);
    if (r < 0)
        grounded(flight, r);
}

void flight_ask(struct broadcast *broadcast, const struct try *try)
{
    struct flight *flight = flight_new(broadcast, try);

    flight->search =
        sms_search_new(flight, flight->try.phone, broadcast->body, strtoll(flight->try.intended, NULL, 10));
    broadcast->asking++;
    next_page(flight);
}
