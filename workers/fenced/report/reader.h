/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reads what gather wrote (workers/report_file.h), a line at a time. The file is not believed: what breaks the format
 * or a limit ends the reading with a sentence that says what. */
#ifndef MILLRACE_REPORT_READER_H
#define MILLRACE_REPORT_READER_H
#include "workers/report_file.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct column {
    const char *title, *name;
    enum report_type type;
    int weight; /* of a text column: its share of the width that is left; at least 1 */
    bool total; /* its sum stands below the table, where it can be made */
};

struct chart {
    enum report_chart_kind kind;
    const char *title;
    int label, values[REPORT_SERIES_MAX], series; /* columns; how many values */
};

struct section {
    const char *title, *none;
    enum report_kind kind;
    struct column columns[REPORT_COLUMNS_MAX];
    int column_count;
    struct chart charts[REPORT_CHARTS_MAX];
    int chart_count;
};

struct head {
    const char *title, *subtitle, *brand, *owner, *note, *name, *generated_at;
};

enum reader_line { READER_END, READER_SECTION, READER_ROW };

struct reader {
    FILE *from;
    char *line;
    size_t room;
    long long number; /* of the line, from 1 */
    struct head head;
    struct section *section; /* the one that has begun, on the reader; NULL: none yet */
    const char **cells;      /* of a row; NULL: null. They hold until the next line is read */
    int count;
    const char *why; /* of a failure */
};

/* Open the file and read its first line. 0 with the reader on ctx, or -errno: -EINVAL and -E2BIG with *ret_why on
 * ctx. */
int reader_open(void *ctx, const char *path, struct reader **ret, const char **ret_why);
/* The next line; -EINVAL, -E2BIG (reader->why) or -EIO. A section replaces the one before, which stays readable for as
 * long as the reader. A row has as many cells as its section columns. */
int reader_next(struct reader *reader);
/* Back to the first section. -EIO. */
int reader_rewind(struct reader *reader);
#endif
