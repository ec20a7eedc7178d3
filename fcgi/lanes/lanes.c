/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/lanes/lanes.h"
#include "common/memory.h"
#include "fcgi/lanes/lane_connection.h"
#include <assert.h>

enum {
    HEAD_SLOW = 5,         /* milliseconds after which a connection's head counts as slow */
    SLOW_COST = 1000000,   /* more than any number in flight */
    COMPANY = 128,         /* exchanges in flight on a connection before the next one is used */
    STATEMENTS_MAX = 2048, /* a power of two, well above the number of endpoints */
};

static const struct statement rollback = { .name = "rollback", .text = "rollback" };

enum lane lane_of(const struct lane_queue *queue)
{
    return (enum lane)(queue - queue->lanes->queues);
}

unsigned lanes_statement_number(struct lanes *lanes, const struct statement *statement)
{
    uintptr_t at = (uintptr_t)statement / 16 * 2654435761u;

    for (;; at++) {
        struct lane_statement *known = &lanes->statements[at % STATEMENTS_MAX];

        if (known->statement == statement)
            return known->number;
        if (!known->statement) {
            assert(lanes->statement_count < STATEMENTS_MAX / 2);
            *known = (struct lane_statement){ statement, lanes->statement_count++ };
            return known->number;
        }
    }
}

/* ---- exchanges ---- */

void exchange_clear(struct exchange *exchange)
{
    for (int i = 0; i < exchange->count; i++) {
        PQclear(exchange->calls[i].rows);
        exchange->calls[i].rows = NULL;
    }
}

void exchange_reset(struct exchange *exchange)
{
    exchange_clear(exchange);
    exchange->error = E_NONE;
    exchange->failed = 0;
    *exchange->sqlstate = '\0';
    exchange->message = exchange->detail = exchange->field = NULL;
}

void lane_done(struct lane_queue *queue, struct exchange *exchange)
{
    queue->load--;
    exchange->done(exchange);
}

void lane_fail_later(struct lane_queue *queue, struct exchange *exchange)
{
    exchange->error = E_UNAVAILABLE;
    exchange->next = NULL;
    *queue->over_last = exchange;
    queue->over_last = &exchange->next;
    lane_pump_later(queue);
}

void lane_wait_first(struct lane_queue *queue, struct exchange *first, struct exchange **last)
{
    *last = queue->waiting;
    if (!queue->waiting)
        queue->last = last;
    queue->waiting = first;
    lane_pump_later(queue);
}

static struct exchange *lane_pop(struct lane_queue *queue)
{
    struct exchange *exchange = queue->waiting;

    queue->waiting = exchange->next;
    if (!queue->waiting)
        queue->last = &queue->waiting;
    return exchange;
}

/* Those that share a connection are served with fewer wake-ups on both sides, so one connection does the work until it
 * has much to do or its head is slow. */
static struct lane_connection *lane_choose(const struct lane_queue *queue)
{
    uint64_t now = loop_now(queue->lanes->loop);
    struct lane_connection *best = NULL;
    int best_cost = 0;

    for (int i = 0; i < queue->count; i++) {
        struct lane_connection *connection = &queue->connections[i];
        int cost = connection->in_flight / COMPANY;

        if (!connection_has_room(connection))
            continue;
        if (connection->head && now - connection->head_since > HEAD_SLOW)
            cost += SLOW_COST;
        if (!best || cost < best_cost) {
            best = connection;
            best_cost = cost;
        }
    }
    return best;
}

static void exchange_begin(struct lanes *lanes, struct exchange *exchange)
{
    assert(exchange->count > 0 && exchange->count <= EXCHANGE_CALLS);
    exchange_reset(exchange);
    exchange->again = false;
    exchange->queued_at = loop_now(lanes->loop);
}

void lanes_send(struct lanes *lanes, enum lane lane, struct exchange *exchange)
{
    struct lane_queue *queue = &lanes->queues[lane];
    struct lane_connection *connection;

    exchange_begin(lanes, exchange);
    if (queue->load++ >= lanes->options.queue_limit) {
        lane_fail_later(queue, exchange);
        return;
    }
    connection = queue->waiting ? NULL : lane_choose(queue);
    if (connection) {
        connection_send(connection, exchange);
        return;
    }
    exchange->next = NULL;
    *queue->last = exchange;
    queue->last = &exchange->next;
    if (!queue->age.position)
        loop_timer_set(lanes->loop, &queue->age, (uint64_t)lanes->options.queue_age);
}

/* ---- leases ---- */

void lanes_lease(struct lanes *lanes, struct lease *lease)
{
    struct lane_queue *queue = &lanes->queues[LANE_LEASED];

    lease->lanes = lanes;
    lease->connection = NULL;
    lease->error = queue->leases_waiting++ < lanes->options.queue_limit ? E_NONE : E_UNAVAILABLE;
    lease->queued_at = loop_now(lanes->loop);
    lease->next = NULL;
    if (lease->error) { /* in front, so that it is told this round */
        lease->next = queue->leases;
        queue->leases = lease;
    } else {
        *queue->leases_last = lease;
    }
    if (!lease->next)
        queue->leases_last = &lease->next;
    lane_pump_later(queue);
}

void lease_send(struct lease *lease, struct exchange *exchange)
{
    struct lane_queue *queue = &lease->lanes->queues[LANE_LEASED];

    exchange_begin(lease->lanes, exchange);
    queue->load++;
    if (lease->connection)
        connection_send(lease->connection, exchange);
    else
        lane_fail_later(queue, exchange);
}

static void lease_unlink(struct lane_queue *queue, struct lease **at)
{
    *at = (*at)->next;
    if (!*at)
        queue->leases_last = at;
    queue->leases_waiting--;
}

void lease_end(struct lanes *lanes, struct lease *lease)
{
    struct lane_queue *queue = &lanes->queues[LANE_LEASED];
    struct lane_connection *connection = lease->connection;

    lease->connection = NULL;
    if (!connection) { /* lost, or still waiting */
        for (struct lease **at = &queue->leases; *at; at = &(*at)->next)
            if (*at == lease) {
                lease_unlink(queue, at);
                break;
            }
        return;
    }
    connection->lease = NULL;
    if (!connection->in_flight && PQtransactionStatus(connection->pg) == PQTRANS_IDLE) {
        connection->held = false;
        lane_pump_later(queue);
        return;
    }
    connection->rollback = (struct exchange){ .calls = { { .statement = &rollback } }, .count = 1 };
    connection_send(connection, &connection->rollback);
}

static struct lane_connection *lane_idle_connection(const struct lane_queue *queue)
{
    for (int i = 0; i < queue->count; i++)
        if (connection_has_room(&queue->connections[i]) && !queue->connections[i].in_flight)
            return &queue->connections[i];
    return NULL;
}

static bool too_old(const struct lanes *lanes, uint64_t queued_at)
{
    return loop_now(lanes->loop) - queued_at >= (uint64_t)lanes->options.queue_age;
}

static void lane_pump_leases(struct lane_queue *queue)
{
    while (queue->leases) {
        struct lease *lease = queue->leases;
        struct lane_connection *connection = lease->error ? NULL : lane_idle_connection(queue);

        if (!connection && !lease->error && !too_old(queue->lanes, lease->queued_at))
            break;
        lease_unlink(queue, &queue->leases);
        if (connection) {
            lease->connection = connection;
            connection->lease = lease;
            connection->held = true;
        } else {
            lease->error = E_UNAVAILABLE;
        }
        lease->done(lease);
    }
}

/* ---- what happens at the end of a round ---- */

void lane_pump_later(struct lane_queue *queue)
{
    loop_defer(queue->lanes->loop, &queue->pump);
}

static void lane_tell_over(struct lane_queue *queue)
{
    struct exchange *exchange = queue->over, *next;

    queue->over = NULL;
    queue->over_last = &queue->over;
    for (; exchange; exchange = next) {
        next = exchange->next;
        lane_done(queue, exchange);
    }
}

static void lane_age_set(struct lane_queue *queue)
{
    struct lanes *lanes = queue->lanes;
    uint64_t oldest = UINT64_MAX, age;

    if (queue->waiting)
        oldest = queue->waiting->queued_at;
    if (queue->leases && queue->leases->queued_at < oldest)
        oldest = queue->leases->queued_at;
    if (oldest == UINT64_MAX) {
        loop_timer_clear(lanes->loop, &queue->age);
        return;
    }
    age = loop_now(lanes->loop) - oldest;
    loop_timer_set(lanes->loop, &queue->age,
                   age < (uint64_t)lanes->options.queue_age ? (uint64_t)lanes->options.queue_age - age : 0);
}

static void lane_pump(struct lane_queue *queue)
{
    struct lane_connection *connection;

    while (queue->waiting && too_old(queue->lanes, queue->waiting->queued_at))
        lane_fail_later(queue, lane_pop(queue));
    lane_tell_over(queue);
    lane_pump_leases(queue);
    while (queue->waiting && (connection = lane_choose(queue)))
        connection_send(connection, lane_pop(queue));
    lane_age_set(queue);
}

static void lane_pump_due(struct deferred *deferred)
{
    lane_pump(OWNER(deferred, struct lane_queue, pump));
}

static void lane_age_due(struct timer *timer)
{
    lane_pump(OWNER(timer, struct lane_queue, age));
}

/* ---- beginning and end ---- */

static int lanes_free(struct lanes *lanes)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        struct lane_queue *queue = &lanes->queues[lane];

        for (int i = 0; i < queue->count; i++)
            connection_free(&queue->connections[i]);
        loop_timer_clear(lanes->loop, &queue->age);
        loop_undefer(lanes->loop, &queue->pump);
    }
    return 0;
}

static void lane_init(struct lanes *lanes, enum lane lane)
{
    struct lane_queue *queue = &lanes->queues[lane];

    *queue = (struct lane_queue){
        .lanes = lanes,
        .last = &queue->waiting,
        .over_last = &queue->over,
        .leases_last = &queue->leases,
        .age = { .due = lane_age_due },
        .pump = { .call = lane_pump_due },
        .count = lanes->options.connections[lane],
    };
    conninfo_fill(lanes, lanes->options.conninfo, "millrace-front", lanes->options.statement_timeout[lane],
                  &lanes->conninfo[lane]);
    queue->connections = memory_check(talloc_zero_array(lanes, struct lane_connection, (unsigned)queue->count));
    for (int i = 0; i < queue->count; i++)
        connection_init(&queue->connections[i], queue);
}

int lanes_new(void *ctx, struct loop *loop, const struct lanes_options *options, struct lanes **ret)
{
    struct lanes *lanes = NEW(ctx, struct lanes);

    lanes->loop = loop;
    lanes->options = *options;
    lanes->options.conninfo = COPY(lanes, options->conninfo);
    lanes->statements = memory_check(talloc_zero_array(lanes, struct lane_statement, STATEMENTS_MAX));
    for (int lane = 0; lane < LANE_COUNT; lane++)
        lane_init(lanes, (enum lane)lane);
    talloc_set_destructor(lanes, lanes_free);
    *ret = lanes;
    return 0;
}

bool lanes_ready(const struct lanes *lanes, enum lane lane)
{
    const struct lane_queue *queue = &lanes->queues[lane];

    for (int i = 0; i < queue->count; i++)
        if (queue->connections[i].state == READY)
            return true;
    return false;
}
