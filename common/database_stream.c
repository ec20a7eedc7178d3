/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database_stream.h"
#include "common/memory.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(struct result *ret, enum error error, const char *message, const char *sqlstate)
{
    ret->error = error;
    snprintf(ret->message, sizeof ret->message, "%.*s", (int)strcspn(message, "\n"), message);
    snprintf(ret->sqlstate, sizeof ret->sqlstate, "%s", sqlstate ? sqlstate : "");
    return -EIO;
}

/* The server need not go on. */
static void cancel(PGconn *pg)
{
    PGcancel *cancel = PQgetCancel(pg);
    char why[256];

    if (cancel)
        PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
}

static int send(PGconn *pg, const struct statement *statement, const struct param *params, struct result *ret)
{
    const char *values[STATEMENT_PARAMETERS_MAX], *missing = NULL;

    if (statement_bind(statement, params, values, &missing) < 0)
        return fail(ret, E_INTERNAL, missing, NULL);
    if (!PQsendQueryParams(pg, statement->text, statement->count, NULL, values, NULL, NULL, 0) ||
        !PQsetSingleRowMode(pg))
        return fail(ret, E_UNAVAILABLE, PQerrorMessage(pg), NULL);
    return 0;
}

static int take(const PGresult *rows, database_row_fn *row, void *closure, struct result *ret)
{
    ExecStatusType status = PQresultStatus(rows);
    const char *sqlstate = PQresultErrorField(rows, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY);

    if (status == PGRES_SINGLE_TUPLE)
        return row(closure, rows);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return 0;
    return fail(ret, error_from_sqlstate(sqlstate), message ? message : PQresultErrorMessage(rows), sqlstate);
}

int database_stream(struct database *database, const struct sql *sql, const struct param *params, database_row_fn *row,
                    void *closure, struct result *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    PGconn *pg = database_handle(database);
    struct statement *statement;
    PGresult *rows;
    int r;

    memset(ret, 0, sizeof *ret);
    if (!pg || PQtransactionStatus(pg) != PQTRANS_INTRANS)
        return fail(ret, E_UNAVAILABLE, "there is no transaction", NULL);
    if (statement_compile(ctx, sql, &statement) < 0)
        return fail(ret, E_INTERNAL, "too many parameters", NULL);
    r = send(pg, statement, params, ret);
    if (r < 0)
        return r;
    while ((rows = PQgetResult(pg))) { /* to the last, also after a failure */
        if (r == 0 && (r = take(rows, row, closure, ret)) != 0)
            cancel(pg);
        PQclear(rows);
    }
    return r == 0 && PQstatus(pg) != CONNECTION_OK ? fail(ret, E_UNAVAILABLE, "connection lost", NULL) : r;
}
