/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a connection of a lane comes about: connect, pipeline mode, settings; no step blocks (but for the resolver, when
 * the configured host is a name). */
#include "common/memory.h"
#include "fcgi/lanes/lane_connection.h"
#include <sys/epoll.h>

enum {
    ATTEMPT_TIME = 4000, /* milliseconds until a connection that does not come about is given up */
    NULLS_MAX = 64,
};

static void connection_notice(void *closure, const PGresult *notice)
{
    struct lane_connection *connection = closure;
    const char *sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);

    if (sqlstate && !strncmp(sqlstate, "57P", 3))
        connection->ended = true;
}

static void connection_is_ready(struct lane_connection *connection)
{
    connection->state = READY;
    loop_timer_clear(connection_loop(connection), &connection->timer);
    loop_change(connection_loop(connection), &connection->source, EPOLLIN);
    lane_pump_later(connection->queue);
}

/* Values go as parameters, never into the text. */
static void connection_settings_send(struct lane_connection *connection)
{
    const char *const *setting = connection->queue->lanes->options.settings;

    for (; setting && setting[0]; setting += 2)
        PQsendQueryParams(connection->pg, "select set_config($1, $2, false)", 2, NULL, setting, NULL, NULL, 0);
    PQpipelineSync(connection->pg);
    connection->state = SETTING;
    loop_defer(connection_loop(connection), &connection->flush);
}

void connection_settings_read(struct lane_connection *connection)
{
    bool good = PQconsumeInput(connection->pg);
    int nulls = 0; /* one after each answer; many only when libpq has given up */

    while (good && connection->state == SETTING && !PQisBusy(connection->pg)) {
        PGresult *result = PQgetResult(connection->pg);
        ExecStatusType status = PQresultStatus(result);

        if (!result)
            good = PQstatus(connection->pg) == CONNECTION_OK && nulls++ < NULLS_MAX;
        else if (status == PGRES_PIPELINE_SYNC)
            connection_is_ready(connection);
        else
            good = status == PGRES_TUPLES_OK;
        PQclear(result);
    }
    if (!good)
        connection_lost(connection);
    else if (connection->source.events & EPOLLOUT)
        connection_flush(connection);
}

void connection_poll(struct lane_connection *connection)
{
    static const uint32_t wanted[] = {
        [PGRES_POLLING_READING] = EPOLLIN, [PGRES_POLLING_WRITING] = EPOLLOUT, [PGRES_POLLING_OK] = EPOLLIN
    };
    PostgresPollingStatusType next = PQconnectPoll(connection->pg);

    /* libpq may have gone on to another address, under the same number even: always watched anew. */
    loop_forget(connection_loop(connection), &connection->source);
    if (next == PGRES_POLLING_FAILED ||
        loop_watch(connection_loop(connection), &connection->source, PQsocket(connection->pg), wanted[next]) < 0) {
        connection_lost(connection);
        return;
    }
    if (next != PGRES_POLLING_OK)
        return;
    if (PQsetnonblocking(connection->pg, 1) < 0 || !PQenterPipelineMode(connection->pg))
        connection_lost(connection);
    else
        connection_settings_send(connection);
}

void connection_open(struct lane_connection *connection)
{
    const struct conninfo *conninfo = &connection->queue->lanes->conninfo[lane_of(connection->queue)];

    connection->pg = PQconnectStartParams(conninfo->keywords, conninfo->values, 1);
    if (PQstatus(connection->pg) == CONNECTION_BAD ||
        loop_watch(connection_loop(connection), &connection->source, PQsocket(connection->pg), EPOLLOUT) < 0) {
        connection_lost(connection);
        return;
    }
    PQsetNoticeReceiver(connection->pg, connection_notice, connection);
    connection->state = CONNECTING;
    loop_timer_set(connection_loop(connection), &connection->timer, ATTEMPT_TIME);
}
