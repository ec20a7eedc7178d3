/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/lanes/lane_connection.h"
#include "common/backoff.h"
#include "common/log.h"
#include "common/memory.h"
#include <sys/epoll.h>

enum {
    NAME_SIZE = 64,
    NULLS_MAX = 4,
    SILENCE = 2000, /* milliseconds beyond the head's statement timeouts until the server counts as gone */
    PLENTY = 8,     /* in flight on the fast lane: more than the server does in a round */
    GATHER_LEAST = 100,
    GATHER_MOST = 500, /* microseconds */
    HANDFUL = 4,       /* answers in one round are worth its wake-up */
};

struct loop *connection_loop(const struct lane_connection *connection)
{
    return connection->queue->lanes->loop;
}

/* ---- the end of a connection ---- */

/* May it be sent again, its connection having been lost after it was sent? When doing it twice is the same as doing it
 * once, and until it is too old. Once only, unless the server has said why it ended the connection: else the exchange
 * itself may be what kills it. */
static bool exchange_may_repeat(const struct lane_connection *connection, const struct exchange *exchange)
{
    return exchange->idempotent && !connection->held && (connection->ended || !exchange->again);
}

static void connection_give_back(struct lane_connection *connection)
{
    struct exchange *exchange = connection->head, *next, *again = NULL, **last = &again;

    connection->head = NULL;
    connection->tail = &connection->head;
    connection->in_flight = 0;
    for (; exchange; exchange = next) {
        next = exchange->next;
        exchange->next = NULL;
        if (exchange == &connection->rollback)
            continue;
        exchange_reset(exchange);
        if (exchange_may_repeat(connection, exchange)) {
            exchange->again |= !connection->ended;
            *last = exchange;
            last = &exchange->next;
        } else {
            lane_fail_later(connection->queue, exchange);
        }
    }
    if (again)
        lane_wait_first(connection->queue, again, last);
}

void connection_lost(struct lane_connection *connection)
{
    const char *why = PQerrorMessage(connection->pg);

    log_warning("database.lost", "lane=%d in_flight=%d error=%.*s", (int)lane_of(connection->queue),
                connection->in_flight, (int)strcspn(why, "\n"), why);
    loop_forget(connection_loop(connection), &connection->source);
    PQfinish(connection->pg);
    connection->pg = NULL;
    connection->state = DOWN;
    TALLOC_FREE(connection->prepared);
    connection_give_back(connection);
    connection->ended = false;
    if (connection->lease)
        connection->lease->connection = NULL;
    connection->lease = NULL;
    connection->held = false;
    connection->backoff = backoff_next(connection->backoff);
    loop_timer_set(connection_loop(connection), &connection->timer, (uint64_t)connection->backoff);
}

void connection_free(struct lane_connection *connection)
{
    struct loop *loop = connection_loop(connection);

    loop_forget(loop, &connection->source);
    loop_timer_clear(loop, &connection->timer);
    loop_undefer(loop, &connection->flush);
    PQfinish(connection->pg);
    connection->pg = NULL;
}

/* ---- sending ---- */

bool connection_has_room(const struct lane_connection *connection)
{
    return connection->state == READY && !connection->held && connection->in_flight < IN_FLIGHT_MAX;
}

static struct prepared *connection_prepared(struct lane_connection *connection, unsigned number)
{
    size_t room = talloc_array_length(connection->prepared), more = (size_t)number * 2 + 32;

    if (number >= room) {
        connection->prepared =
            memory_check(talloc_realloc(connection->queue->lanes, connection->prepared, struct prepared, more));
        memset(connection->prepared + room, 0, (more - room) * sizeof *connection->prepared);
    }
    return &connection->prepared[number];
}

static void connection_put_call(struct lane_connection *connection, struct exchange *exchange, int i)
{
    struct exchange_call *call = &exchange->calls[i];
    const struct statement *statement = call->statement;
    unsigned number = lanes_statement_number(connection->queue->lanes, statement);
    struct prepared *prepared = connection_prepared(connection, number);
    bool prepare = !prepared->ready || (prepared->unsure && exchange->again);
    char name[NAME_SIZE];

    if (prepare)
        prepared->version++;
    snprintf(name, sizeof name, "%u.%u %s", number, prepared->version, statement->name);
    if (prepare) {
        PQsendPrepare(connection->pg, name, statement->text, statement->count, NULL);
        exchange->prepares |= 1u << i;
        prepared->ready = true;
    }
    call->version = prepared->version;
    PQsendQueryPrepared(connection->pg, name, statement->count, call->values, NULL, NULL, 0);
}

/* The server ends a statement in time; when it says nothing even then, it stands still or the network is cut.
 * Milliseconds until the head has had its time. */
static uint64_t connection_patience(const struct lane_connection *connection)
{
    int timeout = connection->queue->lanes->options.statement_timeout[lane_of(connection->queue)];
    uint64_t most = (uint64_t)timeout * (uint64_t)connection->head->count + SILENCE;
    uint64_t age = loop_now(connection_loop(connection)) - connection->head_since;

    return age < most ? most - age : 0;
}

/* What libpq's sends return is not looked at: they fail only when the connection is gone (its status says so when it
 * is flushed) or memory is. */
void connection_send(struct lane_connection *connection, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->answered = 0;
    exchange->prepares = 0;
    for (int i = 0; i < exchange->count; i++)
        connection_put_call(connection, exchange, i);
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    PQsendPipelineSync(connection->pg);
#else
    PQpipelineSync(connection->pg);
#endif
    if (!connection->head)
        connection->head_since = loop_now(connection_loop(connection));
    *connection->tail = exchange;
    connection->tail = &exchange->next;
    connection->in_flight++;
    if (!connection->timer.position) /* else it is set anew when it is due */
        loop_timer_set(connection_loop(connection), &connection->timer, connection_patience(connection));
    loop_defer(connection_loop(connection), &connection->flush);
}

/* ---- answers ---- */

static const char *result_field(void *ctx, const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text && ctx ? COPY(ctx, text) : NULL;
}

static void exchange_fail(struct exchange *exchange, int call, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (exchange->error)
        return;
    exchange->error = error_from_sqlstate(sqlstate);
    exchange->failed = call;
    snprintf(exchange->sqlstate, sizeof exchange->sqlstate, "%s", sqlstate ? sqlstate : "");
    exchange->message = result_field(exchange->ctx, result, PG_DIAG_MESSAGE_PRIMARY);
    exchange->detail = result_field(exchange->ctx, result, PG_DIAG_MESSAGE_DETAIL);
    exchange->field = result_field(exchange->ctx, result, PG_DIAG_COLUMN_NAME);
}

static void connection_prepare_answered(struct lane_connection *connection, const struct exchange_call *call, bool good)
{
    struct prepared *prepared =
        connection_prepared(connection, lanes_statement_number(connection->queue->lanes, call->statement));

    prepared->unsure = !good;
    if (!good && prepared->version == call->version)
        prepared->ready = false;
}

/* One answer of the head: of a PREPARE, of a call, or of the commit at its end (a deferred constraint). */
static void connection_take(struct lane_connection *connection, struct exchange *exchange, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    int call = exchange->answered < exchange->count ? exchange->answered : exchange->count - 1;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (sqlstate && !strncmp(sqlstate, "57P", 3)) /* shutdown: what is sent now would only be lost */
        connection->ended = true;
    if (!good && status != PGRES_PIPELINE_ABORTED)
        exchange_fail(exchange, call, result);
    if (exchange->prepares & 1u << call) {
        exchange->prepares &= ~(1u << call);
        connection_prepare_answered(connection, &exchange->calls[call], good);
    } else if (exchange->answered < exchange->count) {
        exchange->answered++;
        if (good) {
            exchange->calls[call].rows = result;
            return;
        }
    }
    PQclear(result);
}

/* A plan that the schema has outgrown, or a statement the server does not know (any more, or because the group in
 * which it was to be prepared failed before). */
static bool exchange_is_stale(const struct exchange *exchange)
{
    return !strcmp(exchange->sqlstate, "0A000") || !strcmp(exchange->sqlstate, "26000");
}

/* Prepare it again when it is next used. True when the exchange was sent again: its group was rolled back, so that
 * nothing is done twice. */
static bool connection_refresh(struct lane_connection *connection, struct exchange *exchange)
{
    const struct exchange_call *call = &exchange->calls[exchange->failed];
    struct prepared *prepared;

    if (!exchange_is_stale(exchange))
        return false;
    prepared = connection_prepared(connection, lanes_statement_number(connection->queue->lanes, call->statement));
    if (prepared->version == call->version)
        prepared->ready = false;
    if (connection->held) {
        exchange->error = E_UNAVAILABLE; /* the transaction is lost, the next one will do */
        return false;
    }
    if (exchange->again)
        return false;
    exchange_reset(exchange);
    exchange->again = true;
    connection_send(connection, exchange);
    return true;
}

static void connection_rolled_back(struct lane_connection *connection)
{
    connection->held = false;
    lane_pump_later(connection->queue);
}

static void connection_synced(struct lane_connection *connection)
{
    struct exchange *exchange = connection->head;

    connection->head = exchange->next;
    if (!connection->head)
        connection->tail = &connection->head;
    connection->head_since = loop_now(connection_loop(connection));
    connection->in_flight--;
    connection->answered++;
    connection->backoff = 0; /* it works: a later loss is tried again at once */
    if (exchange == &connection->rollback) {
        exchange_clear(exchange);
        connection_rolled_back(connection);
        return;
    }
    if (exchange->error && connection_refresh(connection, exchange))
        return;
    if (connection->queue->waiting || connection->queue->leases)
        lane_pump_later(connection->queue);
    lane_done(connection->queue, exchange);
}

/* With plenty in flight the server has something to do while its answers, and new requests, gather. */
static void connection_gather(const struct lane_connection *connection)
{
    if (connection->in_flight >= PLENTY && lane_of(connection->queue) == LANE_FAST)
        loop_gather(connection_loop(connection), connection->gather_us);
}

/* Answers that take long, or are long and come in many pieces, are given longer, so that each wake-up brings some. */
static void connection_pace(struct lane_connection *connection)
{
    unsigned us = connection->gather_us;

    if (connection->answered == 0)
        us *= 2;
    else if (connection->answered >= HANDFUL)
        us /= 2;
    connection->gather_us = us < GATHER_LEAST ? GATHER_LEAST : us > GATHER_MOST ? GATHER_MOST : us;
}

/* Take what has come; false when the connection is at its end. libpq puts one NULL after each statement's results, so
 * that several in a row come only from a connection that it has given up. */
static bool connection_answers(struct lane_connection *connection)
{
    int nulls = 0;

    while (connection->head && !connection->ended && nulls < NULLS_MAX && !PQisBusy(connection->pg)) {
        PGresult *result = PQgetResult(connection->pg);

        nulls = result ? 0 : nulls + 1;
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            connection_synced(connection);
        } else if (result) {
            connection_take(connection, connection->head, result);
        }
    }
    return !connection->ended && nulls < NULLS_MAX && PQstatus(connection->pg) == CONNECTION_OK;
}

static void connection_read(struct lane_connection *connection)
{
    bool alive = PQconsumeInput(connection->pg), holds;

    /* Answers that came before the end are taken in any case. */
    connection->answered = 0;
    holds = connection_answers(connection);
    connection_pace(connection);
    if (!holds || !alive)
        connection_lost(connection);
    else if (connection->source.events & EPOLLOUT)
        connection_flush(connection);
    else
        connection_gather(connection);
}

static void connection_flush_due(struct deferred *deferred)
{
    struct lane_connection *connection = OWNER(deferred, struct lane_connection, flush);

    if (connection->state == SETTING || connection->state == READY)
        connection_flush(connection);
}

void connection_flush(struct lane_connection *connection)
{
    int left = PQstatus(connection->pg) == CONNECTION_OK ? PQflush(connection->pg) : -1;

    /* Looked at again after the flush: libpq closes a dead socket inside a send, and epoll would never tell. */
    if (left < 0 || PQstatus(connection->pg) != CONNECTION_OK || PQsocket(connection->pg) != connection->source.fd) {
        connection_answers(connection);
        connection_lost(connection);
        return;
    }
    loop_change(connection_loop(connection), &connection->source, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
    connection_gather(connection);
}

/* ---- events ---- */

static void connection_ready(struct source *source, uint32_t events)
{
    struct lane_connection *connection = OWNER(source, struct lane_connection, source);

    if (connection->state == CONNECTING)
        connection_poll(connection);
    else if (!(events & ~(uint32_t)EPOLLOUT))
        connection_flush(connection);
    else if (connection->state == SETTING)
        connection_settings_read(connection);
    else
        connection_read(connection);
}

static void connection_due(struct timer *timer)
{
    struct lane_connection *connection = OWNER(timer, struct lane_connection, timer);

    if (connection->state == DOWN)
        connection_open(connection);
    else if (connection->state == READY && !connection->head)
        return;
    else if (connection->state == READY && connection_patience(connection) > 0)
        loop_timer_set(connection_loop(connection), timer, connection_patience(connection));
    else {
        log_warning("database.silent", "lane=%d state=%d", (int)lane_of(connection->queue), (int)connection->state);
        connection_lost(connection);
    }
}

void connection_init(struct lane_connection *connection, struct lane_queue *queue)
{
    connection->queue = queue;
    connection->source = (struct source){ .ready = connection_ready, .fd = -1 };
    connection->timer.due = connection_due;
    connection->flush.call = connection_flush_due;
    connection->tail = &connection->head;
    connection_open(connection);
}
