/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/reconcile.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "queue/queue_names.h"
#include "queue/queue_redis.h"
#include "queue/reconcile_state.h"
#include "queue/schedule.h"
#include "sql.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { LEAD_MS = 3000, REBUILD_STEP_MS = 500, SCHEDULE_RETRY_MS = 1000 };

static bool all_connected(const struct reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (!redis_connected(reconciler->queues[i].redis))
            return false;
    return true;
}

static void queue_add(struct reconciler *reconciler, const char *name)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (!strcmp(reconciler->queues[i].name, name))
            return;
    if (reconciler->queue_count == QUEUES_MAX) {
        log_error("reconcile.queues", "queue=%s: nobody looks after it, there are more than %d", name, QUEUES_MAX);
        return;
    }
    reconciler->queues =
        memory_check(talloc_realloc(reconciler, reconciler->queues, struct queue_state, reconciler->queue_count + 1));
    reconciler->queues[reconciler->queue_count++] =
        (struct queue_state){ .name = COPY(reconciler, name), .redis = queue_redis_get(reconciler->redis, name) };
}

/* Queues that we do not know yet. The first time without the database: our own are among those that we can look after,
 * however many others have registered. */
static void queues_learn(struct reconciler *reconciler, struct database *database)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *why = NULL, **names = queue_names(ctx, database, &why);

    if (why)
        log_warning("reconcile.queues", "error=%s", why);
    for (; *names; names++)
        queue_add(reconciler, *names);
}

static void lead(struct reconciler *reconciler)
{
    autoresult struct result result = { 0 };
    long long term = 0;

    if (database_run(reconciler->database, &sql_queue_lead, PARAMS({ "holder", reconciler->name }), &result) == 0 &&
        result_rows(&result) == 1)
        term = strtoll(result_text(&result, 0, "term"), NULL, 10);
    if (term != reconciler->term)
        log_info("reconcile.lead", "term=%lld%s", term ? term : reconciler->term, term ? "" : " lost");
    if (term && term != reconciler->term)
        reconciler->full_at = reconciler->house_at = reconciler->schedules_at = reconciler->requests_at = 0;
    reconciler->term = term;
    reconciler->lead_at = clock_boot_ms();
}

bool lead_keep(struct reconciler *reconciler)
{
    if (clock_boot_ms() - reconciler->lead_at >= LEAD_MS)
        lead(reconciler);
    return reconciler->term != 0;
}

/* Recurring jobs: as soon as a tick is due, and with every look, for what operators have changed meanwhile. */
static void run_schedules(struct reconciler *reconciler)
{
    uint64_t most = (uint64_t)reconciler->config->queue_reconcile * 1000;
    long long wait = SCHEDULE_RETRY_MS;

    /* The look for recent jobs goes by the time of their ids, which is their tick's: a late one needs a full pass. */
    if (schedule_run(reconciler->database, reconciler->redis, &wait) < 0)
        reconciler->full_at = 0;
    reconciler->schedules_at = clock_boot_ms() + (wait < 0 || (uint64_t)wait > most ? most : (uint64_t)wait);
}

/* Milliseconds until t, at most step. */
static int until(const struct reconciler *reconciler, uint64_t t, int step)
{
    return t < reconciler->now + (uint64_t)step ? (int)(t > reconciler->now ? t - reconciler->now : 0) : step;
}

static void loop(struct reconciler *reconciler)
{
    struct pollfd signals = { .fd = reconciler->signals, .events = POLLIN };
    int step;

    do {
        reconciler->now = clock_boot_ms();
        lead(reconciler);
        if (reconciler->term && (reconciler->now >= reconciler->look_at || look_is_rebuilding(reconciler))) {
            keep_house(reconciler);
            queues_learn(reconciler, reconciler->database);
            look(reconciler);
            if (reconciler->term)
                settings_look(reconciler);
            reconciler->look_at = reconciler->now + (uint64_t)reconciler->config->queue_reconcile * 1000;
        }
        if (reconciler->term && reconciler->now >= reconciler->schedules_at)
            run_schedules(reconciler);
        if (reconciler->term)
            roll_up(reconciler);
        if (reconciler->term)
            roll_up_requests(reconciler);
        listener_keep(reconciler->listener);
        reconciler->now = clock_boot_ms(); /* a look may have taken a while */
        step = look_is_rebuilding(reconciler) || !all_connected(reconciler) ? REBUILD_STEP_MS : LEAD_MS;
        if (reconciler->term)
            step = until(reconciler, reconciler->look_at, until(reconciler, reconciler->schedules_at, step));
    } while (poll(&signals, 1, step) == 0 || !signals.revents);
}

int reconcile_run(const struct config *config)
{
    autotalloc struct reconciler *reconciler = NEW(NULL, struct reconciler);
    autoresult struct result ignored = { 0 };
    int r;

    reconciler->config = config;
    r = listener_new(reconciler, config, &reconciler->listener);
    if (r < 0)
        return r;
    reconciler->database = database_new(reconciler, config->database_url, config->database_timeout);
    reconciler->redis = queue_redis_new(reconciler, config);
    token_jti(reconciler->name);
    queues_learn(reconciler, NULL);
    reconciler->signals = SIGNALS_OPEN(SIGTERM, SIGINT);
    if (reconciler->signals < 0)
        return reconciler->signals;
    signal(SIGPIPE, SIG_IGN);
    loop(reconciler);
    if (reconciler->term)
        database_run(reconciler->database, &sql_queue_lead_end, PARAMS({ "holder", reconciler->name }), &ignored);
    close(reconciler->signals);
    return 0;
}
