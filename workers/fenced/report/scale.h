/* SPDX-License-Identifier: GPL-3.0-or-later
 * The axis of a chart: from a round number to a round number, in round steps. What is drawn to it is geometry, so
 * doubles will do here; the amounts that are written beside it never come from them. */
#ifndef MILLRACE_REPORT_SCALE_H
#define MILLRACE_REPORT_SCALE_H

struct scale {
    double low, high, step; /* low <= 0 <= high, both whole steps */
    int steps;              /* from low to high: at least 1 */
    int decimals;           /* that the steps need */
};

/* An axis for values between low and high, with about wanted steps of 1, 2 or 5 times a power of ten. It has the zero.
 * Values that are no numbers, or all of one value, make one from 0 to 1. */
struct scale scale_make(double low, double high, int wanted);
/* Where a value is, from 0 to 1. */
double scale_at(const struct scale *scale, double value);
/* What stands beside the i-th step: "1,500", "0.25"; millions as "2.5M". On ctx. */
const char *scale_label(void *ctx, const struct scale *scale, int i);
#endif
