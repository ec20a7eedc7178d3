/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows become operations: statements are compiled, and each of their parameters finds where its value comes from. */
#ifndef MILLRACE_OPERATION_H
#define MILLRACE_OPERATION_H
#include "fcgi/request.h"

/* A statement, and the index into its operation's names of each of its parameters. */
struct bound {
    struct statement *statement; /* NULL: none */
    int sources[STATEMENT_PARAMETERS_MAX];
};

/* A row made ready: its statement, and where each of its parameters comes from. names: the fixed ones, the row's
 * fields, what its handler sets, in this order; a request's arguments have the same order. */
struct operation {
    const struct endpoint *row;
    const struct field *fields; /* the row's and, of a list, those of the page; ends with a NULL name */
    struct bound bound, first, after;
    const struct job_kind *job;  /* that it puts, or polls */
    const struct job_kind *kind; /* that the statement names :job_args for; else NULL */
    struct bound
        guarded[WAY_COUNT]; /* of a read for callers who are signed in: the caller's check and the statement in one */
    const char **names;
    int name_count, field_count;
    bool has_body;    /* some field is of the body */
    uint64_t version; /* of the statement's text: another one has another */
};

/* Make a row ready, on ctx. NULL when a parameter is explained by no field, fixed name or set, or a path lacks a field:
 * the log says which. */
struct operation *operation_new(void *ctx, const struct dialect *dialect, const struct endpoint *row);
/* The statements that know callers by nothing but the fixed names: sql/core/caller*.sql and tier.sql. -EINVAL when one
 * has a parameter besides. */
int operation_bind_callers(void *ctx, struct bound ret[static WAY_COUNT], struct bound *ret_tier);
/* The index of a name, -1: there is none such. */
int operation_name(const struct operation *operation, const char *name);
#endif
