/* SPDX-License-Identifier: GPL-3.0-or-later
 * SQL with named parameters. A file sql/FOLDER/NAME.sql becomes a `struct sql` (tools/embed); statement_compile()
 * rewrites each :name to $n once, at start, outside of strings (also E'...' and $$...$$), quoted
 * names, comments and casts (::type). */
#ifndef MILLRACE_STATEMENT_H
#define MILLRACE_STATEMENT_H
#include <libpq-fe.h>
#include <stddef.h>

enum { STATEMENT_PARAMETERS_MAX = 64 };

struct sql {
    const char *name; /* folder/name, for logs and as the prepared statement's name */
    const char *text;
};

struct statement {
    const char *name;
    const char *text;         /* with $1, $2, ... */
    int count;                /* of parameters */
    const char *const *names; /* of each parameter, in the order of $n */
};

/* One value by name. value NULL is SQL's null. */
struct param {
    const char *name, *value;
};
#define PARAMS(...) ((const struct param[]){ __VA_ARGS__, { NULL, NULL } })
#define NO_PARAMS ((const struct param[]){ { NULL, NULL } })

/* -E2BIG when it has more than STATEMENT_PARAMETERS_MAX parameters. The statement hangs off ctx. */
int statement_compile(void *ctx, const struct sql *sql, struct statement **ret);

/* Fill values[statement->count] from params, which end with a NULL name. -ENOENT when one is missing: a programming
 * error, so *ret_missing names it for the log. */
int statement_bind(const struct statement *statement, const struct param *params, const char **values,
                   const char **ret_missing);
#endif
