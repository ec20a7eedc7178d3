/* SPDX-License-Identifier: GPL-3.0-or-later
 * What has to be known of a report before its first page is laid out: its sections, how many rows each has, how wide
 * its columns want to be, their sums, what its charts show, and which fonts its texts need. One reading of the file. */
#ifndef MILLRACE_REPORT_SURVEY_H
#define MILLRACE_REPORT_SURVEY_H
#include "workers/fenced/report/fonts.h"
#include "workers/fenced/report/format.h"
#include "workers/fenced/report/reader.h"
#include "workers/fenced/report/words.h"

enum {
    POINTS_MAX = 400, /* of a chart; what comes after them is not drawn, and the chart says so */
    CELL_CHARACTERS_MAX = 600,
    LABEL_CHARACTERS_MAX = 40,
    CELL_LINES_MAX = 6,
};

struct point {
    const char *label;
    int64_t values[REPORT_SERIES_MAX];
};

/* The points of one chart, all of one unit. */
struct chart_data {
    struct point *points; /* POINTS_MAX, or NULL */
    int count;
    long long left_out;
    enum report_type type;
    struct money unit; /* of money: currency and digits */
    bool mixed;        /* of several currencies: it cannot be drawn */
};

struct total {
    struct money sum; /* of integers without a currency */
    bool possible;    /* there was a row, all were of one unit, and the sum fits */
};

struct surveyed {
    const struct section *section;
    long long rows;
    const char *longest[REPORT_COLUMNS_MAX]; /* of the texts as they will stand there */
    struct words words[REPORT_COLUMNS_MAX];  /* of those that are text */
    struct total totals[REPORT_COLUMNS_MAX];
    struct chart_data charts[REPORT_CHARTS_MAX];
};

struct survey {
    struct surveyed *sections;
    int count;
    long long rows; /* of all */
};

/* 0 with the survey on ctx; -E2BIG or -EINVAL with *ret_why on ctx: more than a PDF may have, or what reader_next()
 * says. */
int survey_make(void *ctx, struct reader *reader, struct fonts *fonts, struct survey **ret, const char **ret_why);
/* A cell as it stands in the document: shown and cleaned. On ctx. */
const char *cell_drawn(void *ctx, enum report_type type, const char *cell);
/* The type that a fact says its value is of. */
enum report_type fact_type(const char *word);
#endif
