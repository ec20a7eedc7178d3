/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/statistics.h"
#include "common/array_text.h"
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "fcgi/visits.h"
#include "sql.h"
#include <assert.h>
#include <limits.h>
#include <sodium.h>

enum {
    ROOM = 8192,  /* records that wait, 1 MiB */
    BATCH = 1000, /* of one statement */
    FLUSH_MS = 2000,
    FINISH_MS = 2000,
    AGAIN_MS = 200,    /* while it finishes */
    STATUS_GONE = 499, /* as web servers write it down: the client has left */
};

struct statistics {
    struct loop *loop;
    struct lanes *lanes;
    struct statement *put;
    struct visits visits;
    struct timer flush;
    char front[37]; /* a UUID: this process, as the database knows it */

    /* The batch under way: the oldest records. The same are sent again until they are written. */
    void *batch; /* talloc: its values; NULL: none */
    unsigned size;
    unsigned long long number;
    const char *values[STATEMENT_PARAMETERS_MAX];
    struct exchange exchange;
    struct lease lease; /* a connection of its own, so that no slow statement of others is in front of it */
    bool sent;

    bool failing;            /* which was told */
    unsigned long long lost; /* for which there was no place; the first was told */

    struct timer patience;
    void (*finished)(void *closure); /* NULL: we are not about to end */
    void *closure;
};

/* ---- writing ---- */

enum column { ATS, PRODUCTS, OPERATIONS, STATUSES, TIMES, ACCOUNTS, REQUEST_IDS, COLUMNS };
static const char *const columns[COLUMNS] = { "ats",   "products", "operations", "statuses",
                                              "times", "accounts", "request_ids" };

static void add_number(void *ctx, struct array_text *array, long long number)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", number);
    array_add(ctx, array, text);
}

static void add_visit(void *ctx, struct array_text *arrays, const struct visit *visit)
{
    add_number(ctx, &arrays[ATS], visit->at);
    array_add(ctx, &arrays[PRODUCTS], visit->product);
    array_add(ctx, &arrays[OPERATIONS], visit->operation);
    add_number(ctx, &arrays[STATUSES], visit->status);
    add_number(ctx, &arrays[TIMES], visit->us);
    if (visit->account)
        add_number(ctx, &arrays[ACCOUNTS], visit->account);
    else
        array_add(ctx, &arrays[ACCOUNTS], NULL);
    array_add(ctx, &arrays[REQUEST_IDS], *visit->request_id ? visit->request_id : NULL);
}

static void batch_make(struct statistics *statistics)
{
    struct array_text arrays[COLUMNS] = { 0 };
    struct param params[COLUMNS + 3] = { 0 };
    const char *missing;
    int r;

    statistics->batch = talloc_new(statistics);
    statistics->size = statistics->visits.count < BATCH ? statistics->visits.count : BATCH;
    for (unsigned i = 0; i < statistics->size; i++)
        add_visit(statistics->batch, arrays, visits_at(&statistics->visits, i));
    for (int i = 0; i < COLUMNS; i++)
        params[i] = (struct param){ columns[i], array_end(statistics->batch, &arrays[i]) };
    params[COLUMNS] = (struct param){ "front", statistics->front };
    params[COLUMNS + 1] = (struct param){ "number", FORMAT(statistics->batch, "%llu", statistics->number) };
    r = statement_bind(statistics->put, params, statistics->values, &missing);
    assert(r == 0);
}

static void batch_done(struct exchange *exchange);
static void batch_leased(struct lease *lease);

static void batch_send(struct statistics *statistics)
{
    if (statistics->sent || !statistics->visits.count)
        return;
    loop_timer_clear(statistics->loop, &statistics->flush);
    if (!statistics->batch)
        batch_make(statistics);
    statistics->exchange =
        (struct exchange){ .calls = { { .statement = statistics->put, .values = statistics->values } },
                           .count = 1,
                           .idempotent = true,
                           .done = batch_done,
                           .ctx = talloc_new(statistics->batch) };
    statistics->sent = true;
    statistics->lease = (struct lease){ .done = batch_leased };
    lanes_lease(statistics->lanes, &statistics->lease);
}

static void flush_due(struct timer *timer)
{
    batch_send(OWNER(timer, struct statistics, flush));
}

/* ---- what came of it ---- */

static void finish(struct statistics *statistics)
{
    void (*finished)(void *closure) = TAKE(statistics->finished);

    loop_timer_clear(statistics->loop, &statistics->patience);
    if (finished)
        finished(statistics->closure);
}

static void batch_failed(struct statistics *statistics)
{
    const struct exchange *exchange = &statistics->exchange;

    if (!statistics->failing)
        log_warning("statistics.put", "waiting=%u error=%s sqlstate=%s message=%s", statistics->visits.count,
                    error_name(exchange->error), exchange->sqlstate, exchange->message ? exchange->message : "");
    statistics->failing = true;
    loop_timer_set(statistics->loop, &statistics->flush, statistics->finished ? AGAIN_MS : FLUSH_MS);
}

static void batch_written(struct statistics *statistics)
{
    visits_drop(&statistics->visits, statistics->size);
    TALLOC_FREE(statistics->batch);
    statistics->number++;
    statistics->failing = false;
    if (statistics->lost)
        log_warning("statistics.lost", "requests=%llu", TAKE(statistics->lost));
    if (statistics->finished && !statistics->visits.count)
        finish(statistics);
    else if (statistics->finished || statistics->visits.count >= BATCH)
        batch_send(statistics);
    else if (statistics->visits.count)
        loop_timer_set(statistics->loop, &statistics->flush, FLUSH_MS);
}

static void batch_done(struct exchange *exchange)
{
    struct statistics *statistics = OWNER(exchange, struct statistics, exchange);

    statistics->sent = false;
    lease_end(statistics->lanes, &statistics->lease);
    exchange_clear(exchange);
    if (exchange->error == E_NONE) {
        batch_written(statistics);
        return;
    }
    batch_failed(statistics);
    TALLOC_FREE(exchange->ctx);
}

static void batch_leased(struct lease *lease)
{
    struct statistics *statistics = OWNER(lease, struct statistics, lease);

    if (lease->error == E_NONE) {
        lease_send(lease, &statistics->exchange);
        return;
    }
    statistics->sent = false;
    statistics->exchange.error = lease->error;
    batch_failed(statistics);
    TALLOC_FREE(statistics->exchange.ctx);
}

/* ---- requests ---- */

uint64_t statistics_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void visit_fill(struct visit *visit, const struct request *rq)
{
    uint64_t us = statistics_clock() - rq->began;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    visit->product = rq->product ? rq->product->name : "";
    visit->operation = rq->operation ? rq->operation->row->name : "";
    visit->at = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000 - (long long)us;
    visit->account = rq->signed_in && !rq->product->root ? strtoll(rq->arguments[ARG_ACCOUNT_ID], NULL, 10) : 0;
    visit->us = us > INT_MAX ? INT_MAX : (int)us;
    visit->status = rq->gone ? STATUS_GONE : rq->status;
    *visit->request_id = '\0';
    if (visit->status >= 400)
        memcpy(visit->request_id, rq->request_id, sizeof visit->request_id);
}

void statistics_note(struct statistics *statistics, const struct request *rq)
{
    struct visits *visits = &statistics->visits;
    struct visit *visit = visits_add(visits);

    if (!visit) {
        if (!statistics->lost++)
            log_warning("statistics.full", "waiting=%u: no more is kept until they are written", visits->count);
        return;
    }
    visit_fill(visit, rq);
    if (statistics->sent || statistics->failing)
        return;
    if (visits->count == 1)
        loop_timer_set(statistics->loop, &statistics->flush, FLUSH_MS);
    else if (visits->count == BATCH)
        loop_timer_set(statistics->loop, &statistics->flush, 0);
}

/* ---- beginning and end ---- */

static void patience_over(struct timer *timer)
{
    struct statistics *statistics = OWNER(timer, struct statistics, patience);

    log_warning("statistics.lost", "requests=%llu", statistics->visits.count + statistics->lost);
    finish(statistics);
}

void statistics_finish(struct statistics *statistics, void (*done)(void *closure), void *closure)
{
    statistics->finished = done;
    statistics->closure = closure;
    if (!statistics->visits.count) {
        finish(statistics);
        return;
    }
    loop_timer_set(statistics->loop, &statistics->patience, FINISH_MS);
    batch_send(statistics);
}

int statistics_new(void *ctx, struct loop *loop, struct lanes *lanes, struct statistics **ret)
{
    struct statistics *statistics = NEW(ctx, struct statistics);
    unsigned char id[16];
    char hex[33];
    int r = statement_compile(statistics, &sql_core_request_put, &statistics->put);

    if (r < 0) {
        talloc_free(statistics);
        return r;
    }
    statistics->loop = loop;
    statistics->lanes = lanes;
    statistics->flush.due = flush_due;
    statistics->patience.due = patience_over;
    visits_init(statistics, &statistics->visits, ROOM);
    randombytes_buf(id, sizeof id);
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    snprintf(statistics->front, sizeof statistics->front, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    *ret = statistics;
    return 0;
}
