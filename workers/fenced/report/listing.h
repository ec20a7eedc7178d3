/* SPDX-License-Identifier: GPL-3.0-or-later
 * A table over as many pages as it takes, its head at the top of each. */
#ifndef MILLRACE_REPORT_LISTING_H
#define MILLRACE_REPORT_LISTING_H
#include "workers/fenced/report/sheet.h"
#include "workers/fenced/report/survey.h"

struct listing {
    struct sheet *sheet;
    const struct surveyed *of;
    double widths[REPORT_COLUMNS_MAX]; /* together SHEET_ROOM */
    double head_height;
};

/* The columns' widths: numbers get what their longest needs, texts share the rest by weight; but a word is broken only
 * where there is no room for it. */
void listing_widths(struct sheet *sheet, const struct surveyed *of, double *widths);
void listing_begin(struct listing *listing, struct sheet *sheet, const struct surveyed *of);
void listing_row(struct listing *listing, const char *const *cells);
/* With the row of sums, where a column has one. */
void listing_end(struct listing *listing);
#endif
