/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database.h"
#include "common/clock.h"
#include "common/conninfo.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    GRACE = 2000, /* milliseconds beyond the statement timeout until a silent server is given up */
};

/* A statement as far as this process and the current connection know it. */
struct known {
    const struct statement *statement;
    char name[64];
    bool prepared;
};

struct database {
    const char *conninfo;
    int timeout;
    PGconn *pg;
    struct known **known;
    size_t count;
    unsigned serial; /* of the names given to prepared statements */
};

/* ---- the connection ---- */

static void database_drop(struct database *database)
{
    PQfinish(database->pg);
    database->pg = NULL;
    for (size_t i = 0; i < database->count; i++)
        database->known[i]->prepared = false;
}

static int database_free(struct database *database)
{
    PQfinish(database->pg);
    return 0;
}

struct database *database_new(void *ctx, const char *conninfo, int timeout)
{
    struct database *database = NEW(ctx, struct database);

    database->conninfo = COPY(database, conninfo);
    database->timeout = timeout;
    talloc_set_destructor(database, database_free);
    return database;
}

PGconn *database_handle(struct database *database)
{
    return database->pg;
}

/* Wait until the socket is readable (or writable, when asked for); false when the deadline passes. */
static bool database_poll(const struct database *database, short events, uint64_t deadline)
{
    struct pollfd fd = { .fd = PQsocket(database->pg), .events = events };
    int r;

    do {
        uint64_t now = clock_boot_ms();
        r = poll(&fd, 1, now < deadline ? (int)(deadline - now) : 0);
    } while (r < 0 && errno == EINTR);
    return r > 0;
}

/* Read what came while nobody listened. A connection that the server ended shows only now, and it takes two reads:
 * the first gives the farewell, the second the end. */
static bool database_alive(struct database *database)
{
    while (PQstatus(database->pg) == CONNECTION_OK && database_poll(database, POLLIN, 0))
        if (!PQconsumeInput(database->pg))
            return false;
    return PQstatus(database->pg) == CONNECTION_OK;
}

static void ignore_notice(void *closure, const PGresult *notice)
{
    (void)closure;
    (void)notice;
}

static void result_fail(struct result *result, enum error error, const char *sqlstate, const char *message)
{
    result->error = error;
    snprintf(result->sqlstate, sizeof result->sqlstate, "%s", sqlstate ? sqlstate : "");
    snprintf(result->message, sizeof result->message, "%.*s", (int)strcspn(message, "\n"), message);
}

static int database_connect(struct database *database, struct result *ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct conninfo conninfo;

    if (database->pg && database_alive(database))
        return 0;
    database_drop(database);
    conninfo_fill(scratch, database->conninfo, "millrace", database->timeout, &conninfo);
    database->pg = PQconnectdbParams(conninfo.keywords, conninfo.values, 1);
    if (PQstatus(database->pg) == CONNECTION_OK && PQsetnonblocking(database->pg, 1) == 0) {
        PQsetNoticeReceiver(database->pg, ignore_notice, NULL);
        return 0;
    }
    result_fail(ret, E_UNAVAILABLE, NULL, database->pg ? PQerrorMessage(database->pg) : "out of memory");
    database_drop(database);
    return -EIO;
}

/* The next result within the deadline. -EIO: the connection broke or is silent; else *ret, which may be NULL. */
static int database_result(struct database *database, uint64_t deadline, PGresult **ret)
{
    int left;

    while ((left = PQflush(database->pg)) > 0 || PQisBusy(database->pg)) {
        if (left < 0 || !database_poll(database, left ? POLLIN | POLLOUT : POLLIN, deadline) ||
            !PQconsumeInput(database->pg))
            return -EIO;
    }
    if (left < 0)
        return -EIO;
    *ret = PQgetResult(database->pg);
    return 0;
}

/* ---- statements ---- */

static int database_know(struct database *database, const struct sql *sql, struct known **ret)
{
    struct statement *statement;
    struct known *known;
    int r;

    for (size_t i = 0; i < database->count; i++)
        if (!strcmp(database->known[i]->statement->name, sql->name)) {
            *ret = database->known[i];
            return 0;
        }
    r = statement_compile(database, sql, &statement);
    if (r < 0)
        return r;
    if (database->count == talloc_array_length(database->known))
        database->known =
            memory_check(talloc_realloc(database, database->known, struct known *, database->count * 2 + 16));
    known = NEW(database, struct known);
    known->statement = statement;
    database->known[database->count++] = known;
    *ret = known;
    return 0;
}

/* What was sent, in the order in which the answers come. */
struct sent {
    struct known *known;
    bool prepare;
    size_t call;
};

/* Put a call into the pipeline. -EINVAL for the caller's mistakes (in ret), -EIO when the connection is gone. */
static int database_put(struct database *database, const struct call *call, struct sent *sent, size_t *count,
                        size_t number, struct result *ret)
{
    const char *values[STATEMENT_PARAMETERS_MAX], *missing = NULL;
    struct known *known;

    if (database_know(database, call->sql, &known) < 0) {
        result_fail(ret, E_INTERNAL, NULL, "too many parameters");
        return -EINVAL;
    }
    if (statement_bind(known->statement, call->params, values, &missing) < 0) {
        result_fail(ret, E_INTERNAL, NULL, missing);
        return -EINVAL;
    }
    if (!known->prepared) {
        snprintf(known->name, sizeof known->name, "%u %s", ++database->serial, known->statement->name);
        if (!PQsendPrepare(database->pg, known->name, known->statement->text, known->statement->count, NULL))
            return -EIO;
        sent[(*count)++] = (struct sent){ known, true, number };
        known->prepared = true; /* for the next call of the group; taken back when it fails */
    }
    if (!PQsendQueryPrepared(database->pg, known->name, known->statement->count, values, NULL, NULL, 0))
        return -EIO;
    sent[(*count)++] = (struct sent){ known, false, number };
    return 0;
}

/* A plan that the schema has outgrown, or a statement the connection has lost: prepared again under another name. */
static bool sqlstate_stale(const char *sqlstate)
{
    return !strcmp(sqlstate, "0A000") || !strcmp(sqlstate, "26000");
}

static void result_take(PGresult *rows, const struct sent *sent, struct result *ret)
{
    ExecStatusType status = PQresultStatus(rows);
    const char *sqlstate = PQresultErrorField(rows, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY);

    if (!ret->error && !sent->prepare && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)) {
        ret->rows = rows;
        return;
    }
    if (!ret->error && status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_ABORTED)
        result_fail(ret, error_from_sqlstate(sqlstate), sqlstate, message ? message : PQresultErrorMessage(rows));
    if (sent->known && status != PGRES_COMMAND_OK && (sent->prepare || sqlstate_stale(sqlstate ? sqlstate : "")))
        sent->known->prepared = false;
    PQclear(rows);
}

/* Read up to the sync point, where the commit happens. */
static int database_collect(struct database *database, const struct sent *sent, size_t count, size_t n,
                            struct result *rets)
{
    uint64_t deadline = clock_boot_ms() + (uint64_t)database->timeout * n + GRACE;
    size_t at = 0;
    PGresult *rows;

    for (;;) {
        if (database_result(database, deadline, &rows) < 0 || (!rows && PQstatus(database->pg) != CONNECTION_OK))
            return -EIO;
        if (!rows)
            continue; /* libpq puts one after each statement's results */
        if (PQresultStatus(rows) == PGRES_PIPELINE_SYNC) {
            PQclear(rows);
            return PQexitPipelineMode(database->pg) ? 0 : -EIO;
        }
        if (at < count) {
            result_take(rows, &sent[at], &rets[sent[at].call]);
            at++;
        } else { /* the commit itself failed: a deferred constraint */
            result_take(rows, &(struct sent){ NULL, true, n - 1 }, &rets[n - 1]);
        }
    }
}

/* A failed call's error is also that of those after it: they were not done. */
static int results_settle(struct result *rets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rets[i].error) {
            for (size_t k = i + 1; k < n; k++) {
                result_clear(&rets[k]);
                rets[k] = rets[i];
            }
            return -EIO;
        }
    return 0;
}

static int database_lost(struct database *database, struct result *rets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        result_clear(&rets[i]);
    result_fail(&rets[0], E_UNAVAILABLE, NULL, "connection lost");
    database_drop(database);
    return results_settle(rets, n);
}

static int database_try(struct database *database, const struct call *calls, size_t n, struct result *rets)
{
    struct sent sent[DATABASE_CALLS * 2];
    size_t count = 0;
    int r;

    memset(rets, 0, n * sizeof *rets);
    if (database_connect(database, &rets[0]) < 0)
        return results_settle(rets, n);
    r = PQenterPipelineMode(database->pg) ? 0 : -EIO;
    for (size_t i = 0; i < n && r == 0; i++)
        r = database_put(database, &calls[i], sent, &count, i, &rets[i]);
    if (r == -EINVAL) { /* what was sent before it has no sync yet: only a new connection forgets it */
        database_drop(database);
        return results_settle(rets, n);
    }
    if (r < 0 || !PQpipelineSync(database->pg) || database_collect(database, sent, count, n, rets) < 0)
        return database_lost(database, rets, n);
    return results_settle(rets, n);
}

int database_run_all(struct database *database, const struct call *calls, size_t n, struct result *rets)
{
    int r;

    assert(n > 0 && n <= DATABASE_CALLS);
    r = database_try(database, calls, n, rets);
    if (r < 0 && sqlstate_stale(rets[n - 1].sqlstate)) { /* rolled back, so that it may be sent again */
        for (size_t i = 0; i < n; i++)
            result_clear(&rets[i]);
        r = database_try(database, calls, n, rets);
    }
    return r;
}

int database_run(struct database *database, const struct sql *sql, const struct param *params, struct result *ret)
{
    return database_run_all(database, &(struct call){ sql, params }, 1, ret);
}

int database_script(struct database *database, const char *text, struct result *ret)
{
    /* A migration may take longer than a statement of every day; the server's own timeout still holds for each. */
    uint64_t deadline = clock_boot_ms() + 3600u * 1000;
    PGresult *rows;

    memset(ret, 0, sizeof *ret);
    if (database_connect(database, ret) < 0)
        return -EIO;
    if (!PQsendQuery(database->pg, text))
        return database_lost(database, ret, 1);
    for (;;) {
        if (database_result(database, deadline, &rows) < 0)
            return database_lost(database, ret, 1);
        if (!rows)
            break;
        PQclear(ret->rows);
        ret->rows = NULL;
        result_take(rows, &(struct sent){ 0 }, ret);
    }
    if (PQstatus(database->pg) != CONNECTION_OK)
        return database_lost(database, ret, 1);
    return ret->error ? -EIO : 0;
}

/* ---- results ---- */

void result_clear(struct result *result)
{
    PQclear(result->rows);
    *result = (struct result){ 0 };
}

const char *result_text(const struct result *result, int row, const char *column)
{
    int at = PQfnumber(result->rows, column);

    assert(at >= 0);
    return PQgetisnull(result->rows, row, at) ? NULL : PQgetvalue(result->rows, row, at);
}

int result_rows(const struct result *result)
{
    return result->rows ? PQntuples(result->rows) : 0;
}
