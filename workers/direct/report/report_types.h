/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kinds of report that products have: one row each. What a report says is in statements (sql/worker/report_*.sql);
 * here stands which, under which titles. Nothing else knows a product's reports.
 *
 * Statements may name :account_id, :product, :report_type, :filters (a JSON object) and :group_by. The head gives one
 * row with the columns subtitle, brand, owner, note, name (of the file) and generated_at; none: there is nobody to
 * report to. A section's gives its columns by name: see workers/report_file.h for what cells are. Facts give label,
 * type and value; pictures caption and file (a key in storage). */
#ifndef MILLRACE_REPORT_TYPES_H
#define MILLRACE_REPORT_TYPES_H
#include "common/statement.h"
#include "workers/report_file.h"
#include <stdbool.h>

struct report_column {
    const char *name, *title;
    enum report_type type;
    int weight; /* of a text: how much of the width it is to have, beside the others; 0: 1 */
    bool total; /* its sum stands below */
};

/* Columns by name; both end with NULL. */
struct report_chart {
    const char *title;
    enum report_chart_kind kind;
    const char *label;
    const char *values[REPORT_SERIES_MAX + 1];
};

struct report_section {
    const char *title;
    enum report_kind kind;
    const struct sql *sql;
    bool main;        /* the one table that a CSV has */
    const char *none; /* what is said when it has no rows; NULL: then the section is told so in general words */
    const struct report_column *columns; /* of a table; ends with a NULL name */
    const struct report_chart *charts;   /* ends with a NULL title; NULL: none */
};

struct report_type_row {
    const char *product, *name, *title;
    const struct sql *head;
    const struct report_section *sections; /* ends with a NULL title */
};

/* NULL: the product has no such report. */
const struct report_type_row *report_type_find(const char *product, const char *name);
#endif
