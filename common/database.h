/* SPDX-License-Identifier: GPL-3.0-or-later
 * A blocking PostgreSQL connection for workers, the scheduler and the command line (the front has lanes of its own).
 * It connects when first used and again after a loss; statements are prepared once per connection. Every statement
 * is bounded by the timeout given at the start. */
#ifndef MILLRACE_DATABASE_H
#define MILLRACE_DATABASE_H
#include "common/error.h"
#include "common/statement.h"

struct database;

/* What a call got. Owned by the caller: result_clear. */
struct result {
    PGresult *rows; /* NULL when error is set */
    enum error error;
    char message[256]; /* the server's, first line; for logs */
    char sqlstate[6];
};

/* A statement and its values, for database_run_all. */
struct call {
    const struct sql *sql;
    const struct param *params;
};

/* conninfo as in libpq; timeout in milliseconds, of each statement. Does not connect yet. */
struct database *database_new(void *ctx, const char *conninfo, int timeout);
/* The socket while connected, else -1. */
PGconn *database_handle(struct database *database);

/* Run one statement. 0, or -EIO with ret->error set: E_UNAVAILABLE when the connection broke, and then the statement
 * may or may not have been done (commit unknown). */
int database_run(struct database *database, const struct sql *sql, const struct param *params, struct result *ret);

enum { DATABASE_CALLS = 16 };
/* Run up to DATABASE_CALLS statements in one round trip as one transaction: all or none. rets[i] belongs to calls[i];
 * those after a failed one carry the same error. */
int database_run_all(struct database *database, const struct call *calls, size_t n, struct result *rets);

/* A script of several statements without parameters (a migration). */
int database_script(struct database *database, const char *text, struct result *ret);

void result_clear(struct result *result);
/* Column by name of a row; NULL when null. Asserts that the column is there. */
const char *result_text(const struct result *result, int row, const char *column);
int result_rows(const struct result *result);

#define autoresult __attribute__((cleanup(result_clear)))
#endif
