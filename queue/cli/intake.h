/* SPDX-License-Identifier: GPL-3.0-or-later
 * Taking CSV in: a file goes to a temporary table by COPY as it is read, however long it is, in one transaction; what
 * it says takes effect at once, or not at all. Each function that returns a command's status has said what was wrong
 * when it is not DONE. */
#ifndef MILLRACE_INTAKE_H
#define MILLRACE_INTAKE_H
#include "common/csv.h"
#include "queue/cli/command.h"
#include <libpq-fe.h>

/* A connection in a transaction that has those tables: text of SQL. The caller's to finish, which undoes what was not
 * committed; *ret is NULL unless DONE. */
int intake_begin(const struct operation *operation, const char *tables, PGconn **ret);
int intake_run(PGconn *pg, const char *text, ExecStatusType wanted);
/* What the server said last, as a command's status. */
int intake_complain(PGconn *pg);

/* Reads a file's records, its head before them, and puts them. A command's status. */
typedef int intake_send_fn(void *ctx, PGconn *pg, struct csv *csv, const void *closure);
/* Copy a file: copy is the statement that takes it. */
int intake_copy(void *ctx, PGconn *pg, const char *path, const char *copy, intake_send_fn *send, const void *closure);
/* A line of the COPY that runs. 0, or -EPIPE. */
int intake_put(PGconn *pg, int count, const char *const values[]);
/* Why a record cannot be taken, of csv_read() or intake_put(), at its line of the file; FAILED. */
int intake_complain_of_line(void *ctx, const char *file, const struct csv *csv, int r);
#endif
