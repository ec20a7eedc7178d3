/* SPDX-License-Identifier: GPL-3.0-or-later
 * The worker's loop. One turn: renew leases, settle what has ended, reserve for free slots, wait for the next event. */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "common/token.h"
#include "queue/queue_redis.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TELL_MS = 250, SLOTS_MAX = QUEUE_BATCH };

int worker_lease_ms(const struct worker *worker)
{
    return worker->config->queue_lease * 1000;
}

void worker_complain(struct worker *worker, const char *event, int r)
{
    const char *trouble = redis_trouble(worker->redis);

    if (trouble)
        log_warning("worker.redis", "error=%s", trouble);
    else if (r != -ENOTCONN)
        log_warning(event, "error=%s", redis_error(worker->redis));
}

/* ---- leases ---- */

static void heed(struct slot *slot, enum touch_verdict verdict, uint64_t sent_at)
{
    switch (verdict) {
    case TOUCH_LOST:
        slot_stop(slot, STOP_LOST);
        return;
    case TOUCH_LATE:
        slot_stop(slot, STOP_DEADLINE);
        return;
    case TOUCH_CANCEL:
        slot_stop(slot, STOP_CANCEL);
        break;
    case TOUCH_OK:
        break;
    }
    slot_renew(slot, sent_at + (uint64_t)worker_lease_ms(slot->worker) * 2 / 3);
}

bool worker_touch(struct worker *worker)
{
    struct held held[SLOTS_MAX];
    struct slot *slots[SLOTS_MAX];
    uint64_t sent_at = clock_boot_ms();
    size_t n = 0;
    int r;

    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];

        if (!slot_busy(slot) || slot->stop == STOP_LOST)
            continue;
        if (sent_at >= slot->safe_until) { /* a Redis that has forgotten who had it since would give it back */
            slot_stop(slot, STOP_LOST);
            continue;
        }
        held[n] = slot_held(slot);
        slots[n++] = slot;
    }
    worker->touched_at = sent_at;
    if (n == 0)
        return true;
    r = queue_touch(worker->redis, worker->options->queue, worker_lease_ms(worker), worker->name, held, n);
    if (r < 0) {
        worker_complain(worker, "worker.touch", r);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        heed(slots[i], held[i].verdict, sent_at);
    return true;
}

/* Renew in time, and end what may not go on: past its deadline, or no longer surely ours. */
static void keep_leases(struct worker *worker)
{
    uint64_t every = (uint64_t)worker_lease_ms(worker) / 6;

    if (worker->now - worker->touched_at >= every && !worker_touch(worker))
        worker->touched_at = worker->now - every + WORKER_OUTAGE_MS; /* ask again soon */
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];

        if (slot_busy(slot) && slot->stop != STOP_LOST && worker->now >= slot->safe_until)
            slot_stop(slot, STOP_LOST);
        if (slot->stop == STOP_LOST && !slot->has_child)
            slot_free(slot);
        if (!slot_busy(slot) || slot->stop == STOP_LOST)
            continue;
        if (slot->state == SLOT_RUNNING && slot->stop == STOP_NONE && worker->now >= slot->deadline_at)
            slot_stop(slot, STOP_DEADLINE);
    }
}

static void tell_progress(struct worker *worker)
{
    struct held held[SLOTS_MAX];
    size_t n = 0;

    if (worker->now - worker->told_at < TELL_MS)
        return;
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->state != SLOT_RUNNING || slot->percent == slot->told_percent)
            continue;
        held[n] = slot_held(slot);
        held[n++].percent = slot->told_percent = slot->percent;
    }
    if (n == 0)
        return;
    worker->told_at = worker->now;
    queue_progress(worker->redis, worker->options->queue, worker->name, held, n);
}

/* ---- the loop ---- */

static int next_timeout(const struct worker *worker)
{
    uint64_t at = worker->now + WORKER_IDLE_MS;

    if (worker->waiting && worker->waiting_until < at)
        at = worker->waiting_until;
    if (worker->retry_at > worker->now && worker->retry_at < at)
        at = worker->retry_at;
    for (int i = 0; i < worker->slot_count; i++) {
        const struct slot *slot = &worker->slots[i];
        uint64_t touch = worker->touched_at + (uint64_t)worker_lease_ms(worker) / 6;

        if (!slot_busy(slot))
            continue;
        if (touch < at)
            at = touch;
        if (slot->state == SLOT_RUNNING && slot->percent != slot->told_percent && worker->told_at + TELL_MS < at)
            at = worker->told_at + TELL_MS;
        if (slot->state == SLOT_RUNNING && slot->deadline_at < at)
            at = slot->deadline_at;
        if (slot->stop != STOP_LOST && slot->safe_until < at)
            at = slot->safe_until;
        if (slot->stop == STOP_LOST && !slot->has_child)
            at = worker->now;
        if (slot->state == SLOT_ENDED && worker->retry_at <= worker->now)
            at = worker->now;
    }
    if (worker->stopping && worker->stop_at > worker->now && worker->stop_at < at)
        at = worker->stop_at;
    /* A slot is free and nobody waits for its job yet. */
    if (!worker->stopping && !worker->waiting && worker->retry_at <= worker->now && worker_room(worker) > 0 &&
        worker->tokens_at < at)
        at = worker->tokens_at;
    return at > worker->now ? (int)(at - worker->now) : 0;
}

static void hear_signal(struct worker *worker)
{
    while (signals_next(worker->signals))
        worker_stop(worker, "signal", (uint64_t)worker->config->worker_stop * 1000);
}

/* Wait for whatever comes next and hear it. */
static int turn(struct worker *worker)
{
    struct pollfd descriptors[2 + 2 * SLOTS_MAX];
    struct slot *slots[2 + 2 * SLOTS_MAX] = { NULL };
    unsigned n = 2;

    descriptors[0] = (struct pollfd){ .fd = worker->signals, .events = POLLIN };
    descriptors[1] = (struct pollfd){ .fd = worker->waiting ? redis_descriptor(worker->waiter) : -1, .events = POLLIN };
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (!slot->has_child)
            continue;
        slots[n] = slots[n + 1] = slot;
        descriptors[n++] = (struct pollfd){ .fd = slot->report_closed ? -1 : slot->child.report, .events = POLLIN };
        descriptors[n++] = (struct pollfd){ .fd = slot->child.pidfd, .events = POLLIN };
    }
    if (worker->options->wait(worker->options->closure, descriptors, n, next_timeout(worker)) < 0 && errno != EINTR)
        return -errno;
    worker->now = clock_boot_ms();
    if (descriptors[0].revents)
        hear_signal(worker);
    if (worker->waiting)
        worker_hear_wake(worker, descriptors[1].revents != 0);
    for (unsigned i = 2; i < n; i += 2)
        if ((descriptors[i].revents || descriptors[i + 1].revents) && slots[i]->has_child)
            slot_hear(slots[i]);
    return 0;
}

static void stop_running(struct worker *worker)
{
    if (worker->stopping && worker->now >= worker->stop_at)
        for (int i = 0; i < worker->slot_count; i++)
            if (worker->slots[i].state == SLOT_RUNNING)
                slot_stop(&worker->slots[i], STOP_SHUTDOWN);
}

static int worker_loop(struct worker *worker)
{
    int r = 0;

    while (r == 0 && !(worker->stopping && worker_busy(worker) == 0)) {
        worker->now = clock_boot_ms();
        keep_leases(worker);
        worker_hello(worker);
        stop_running(worker);
        worker_settle(worker);
        worker_reserve(worker);
        tell_progress(worker);
        if (!(worker->stopping && worker_busy(worker) == 0))
            r = turn(worker);
    }
    return r;
}

static void name_make(struct worker *worker)
{
    char host[48], random[JTI_HEX + 1];

    if (gethostname(host, sizeof host) < 0)
        snprintf(host, sizeof host, "unknown");
    host[sizeof host - 1] = '\0';
    token_jti(random);
    snprintf(worker->name, sizeof worker->name, "%s:%d:%.8s", host, (int)getpid(), random);
}

static int worker_free(struct worker *worker)
{
    forked_safe_free(worker->safe, (size_t)worker->slot_count);
    return 0;
}

static bool needs_folder(const struct job_kind *kind)
{
    while (kind->name && !kind->fenced)
        kind++;
    return kind->name != NULL;
}

int worker_run(const struct worker_options *options)
{
    autotalloc struct worker *worker = NEW(NULL, struct worker);
    const char *address;
    int r;

    worker->options = options;
    worker->config = options->config;
    worker->database = options->tools->database;
    worker->storage =
        options->tools->storage ? *options->tools->storage : storage_in_folder(options->config->storage_folder);
    worker->places = options->tools->places ? options->tools->places : queue_redis_new(worker, options->config);
    address = queue_redis_address(worker, options->config, options->queue);
    worker->redis = redis_new(worker, address, options->config->redis_timeout);
    worker->waiter = redis_new(worker, address, options->config->redis_timeout);
    worker->slot_count = options->config->worker_slots < SLOTS_MAX ? options->config->worker_slots : SLOTS_MAX;
    worker->slots = memory_check(talloc_zero_array(worker, struct slot, worker->slot_count));
    for (int i = 0; i < worker->slot_count; i++)
        worker->slots[i].worker = worker;
    worker->counters = counters_new(worker);
    worker->started_at = clock_boot_ms();
    name_make(worker);
    worker->safe = forked_safe_new((size_t)worker->slot_count);
    if (!worker->safe)
        return -errno;
    talloc_set_destructor(worker, worker_free);
    if (needs_folder(options->kinds) && mkdir(options->config->worker_folder, 0700) < 0 && errno != EEXIST)
        return -errno;
    worker->signals = SIGNALS_OPEN(SIGTERM, SIGINT);
    if (worker->signals < 0)
        return worker->signals;
    signal(SIGPIPE, SIG_IGN);
    log_info("worker.start", "queue=%s slots=%d name=%s", options->queue, worker->slot_count, worker->name);
    r = worker_loop(worker);
    worker_leave(worker);
    log_info("worker.end", "queue=%s done=%lu failed=%lu", options->queue, worker->done, worker->failed);
    close(worker->signals);
    return r;
}
