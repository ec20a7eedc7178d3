/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writes the lines of workers/report_file.h. What was written last may have failed: report_lines_close() tells. */
#ifndef MILLRACE_REPORT_LINES_H
#define MILLRACE_REPORT_LINES_H
#include "workers/direct/report/report_types.h"
#include <stdio.h>

struct report_lines {
    FILE *to;
    long long count; /* of rows */
};

/* A new file. -errno. */
int report_lines_open(const char *path, struct report_lines *ret);
/* Of the report: pairs of a name and its text, up to a NULL name. */
void report_lines_head(struct report_lines *lines, const struct param *members);
void report_lines_section(struct report_lines *lines, const struct report_section *section, bool charts);
/* A row, cell by cell; NULL is null. */
void report_lines_cell(struct report_lines *lines, const char *text);
void report_lines_end_row(struct report_lines *lines);
/* 0, or -errno of the first thing that failed. */
int report_lines_close(struct report_lines *lines);
#endif
