/* SPDX-License-Identifier: GPL-3.0-or-later
 * Charts: bars for what is compared, a line for what goes on in time, a pie for parts of a whole. Colours are of the
 * Okabe-Ito palette, which people who see colours otherwise can tell apart; nothing is told by colour alone. */
#ifndef MILLRACE_REPORT_CHART_H
#define MILLRACE_REPORT_CHART_H
#include "workers/fenced/report/sheet.h"
#include "workers/fenced/report/survey.h"

enum { CHART_HEIGHT = 196 };

struct area {
    double x, y, width, height;
};

/* Draw a chart into its area, under its title, or a sentence when there is nothing to draw. */
void chart_draw(struct sheet *sheet, const struct section *section, int number, const struct chart_data *data,
                const struct area *area);

/* The height it needs, title and all: at most CHART_HEIGHT. */
double chart_room(const struct chart *chart, const struct chart_data *data);

/* ---- for the files of the forms ---- */

enum { PALETTE = 7, OTHERS = 0x8a939c };
extern const int palette[PALETTE];

double bar_room(const struct chart_data *data);
void bar_draw(struct sheet *sheet, const struct chart_data *data, const struct area *area);
void line_draw(struct sheet *sheet, const struct section *section, const struct chart *chart,
               const struct chart_data *data, const struct area *area);
void pie_draw(struct sheet *sheet, const struct chart_data *data, const struct area *area);

/* The first most points; when there are more, all from the last of these on are one, called "Other (n)". On ctx. */
struct chart_data chart_folded(void *ctx, const struct chart_data *data, int most);
/* A value as it is written beside its mark: digits of the amount itself. On ctx. */
const char *chart_value(void *ctx, const struct chart_data *data, int64_t value);
/* For geometry, in whole units. */
double chart_height(const struct chart_data *data, int64_t value);
#endif
