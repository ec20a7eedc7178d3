/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows of a statement one by one, for answers that are larger than memory. */
#ifndef MILLRACE_DATABASE_STREAM_H
#define MILLRACE_DATABASE_STREAM_H
#include "common/database.h"

/* Told of each row, the first of rows; what it gives other than 0 ends the statement. */
typedef int database_row_fn(void *closure, const PGresult *rows);

/* Run a statement within what database_script() has begun: its bounds of time are those of that transaction. 0; -EIO
 * with ret->error set, as of database_run(); or what row() gave: then the transaction cannot go on. */
int database_stream(struct database *database, const struct sql *sql, const struct param *params, database_row_fn *row,
                    void *closure, struct result *ret);
#endif
