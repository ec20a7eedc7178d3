/* SPDX-License-Identifier: GPL-3.0-or-later
 * What commands print: lists and single things, for people or as JSON. Both come from the same values: a list is a JSON
 * array of objects, and a column is a member of these. People see columns side by side, cut to the terminal's width
 * when standard output is one; characters that would steer a terminal are replaced. As JSON a list is one array, an
 * object a line. */
#ifndef MILLRACE_TABLE_H
#define MILLRACE_TABLE_H
#include "common/database.h"
#include <jansson.h>
#include <stdbool.h>

enum column_type {
    COLUMN_TEXT,
    COLUMN_NUMBER,    /* to the right */
    COLUMN_AGE,       /* seconds; shown as 3m12s */
    COLUMN_FLAG,      /* yes or no */
    COLUMN_JSON,      /* any value, as it is */
    COLUMN_PAIRS,     /* likewise; an object is shown as "a=1 b=2" */
    COLUMN_HIDDEN = 8 /* with one of the above: for JSON only */
};

/* A table of columns ends with one without a name. */
struct column {
    const char *name; /* the member's */
    unsigned type;
    const char *head; /* NULL: name */
};

/* The rows of a result as objects: each column's value, by its type; what is no column's is left out. The caller's. */
json_t *table_from(const struct result *result, const struct column *columns);
/* One row of a result likewise. */
json_t *table_row(const struct result *result, int row, const struct column *columns);

/* One value of it. */
json_t *table_value(const struct result *result, int row, const struct column *column);

void table_print(const struct column *columns, const json_t *rows, bool json);
/* One object: a line a column that has a value; or all of it as JSON. */
void table_show(const struct column *columns, const json_t *object, bool json);

/* Text of a value for a cell, on ctx: "-" when it is missing or null. */
char *table_cell(void *ctx, const struct column *column, const json_t *value);
/* "45s", "3m12s", "2h05m", "9d04h"; on ctx. */
char *table_age(void *ctx, long long seconds);
/* Milliseconds since 1970 as 2027-01-31T12:00:00Z; JSON null for 0. */
json_t *table_time(long long ms);
#endif
