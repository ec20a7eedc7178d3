/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bars lie, so that names of any length can be read beside them. */
#include "common/memory.h"
#include "workers/fenced/report/chart.h"
#include "workers/fenced/report/scale.h"
#include <math.h>

enum { BARS_MAX = 10, AXIS_ROOM = 16, GAP = 6, SLOT_MAX = 24 };
#define BAR_THICKEST 17.0

struct bars {
    struct sheet *sheet;
    const struct chart_data *data;
    struct scale scale;
    struct area plot; /* of the bars alone */
    double slot;      /* height of one */
};

static struct scale bars_scale(const struct chart_data *data)
{
    double low = 0, high = 0;

    for (int i = 0; i < data->count; i++) {
        low = fmin(low, chart_height(data, data->points[i].values[0]));
        high = fmax(high, chart_height(data, data->points[i].values[0]));
    }
    return scale_make(low, high, 4);
}

static double labels_width(struct sheet *sheet, const struct chart_data *data, double most)
{
    double width = 0;

    for (int i = 0; i < data->count; i++)
        width = fmax(width, sheet_width(sheet, STYLE_SMALL, data->points[i].label));
    return fmin(width + 2, most);
}

static double values_width(struct sheet *sheet, const struct chart_data *data)
{
    autotalloc void *ctx = talloc_new(NULL);
    double width = 0;

    for (int i = 0; i < data->count; i++)
        width = fmax(width, sheet_width(sheet, STYLE_SMALL, chart_value(ctx, data, data->points[i].values[0])));
    return width;
}

static double bar_x(const struct bars *bars, double value)
{
    return bars->plot.x + scale_at(&bars->scale, value) * bars->plot.width;
}

static void grid_draw(const struct bars *bars)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct area *plot = &bars->plot;
    double bottom = plot->y + bars->slot * bars->data->count;

    for (int i = 0; i <= bars->scale.steps; i++) {
        double x = plot->x + plot->width * i / bars->scale.steps;
        struct box box = { .style = STYLE_SMALL, .x = x - 30, .y = bottom + 3, .width = 60, .align = ALIGN_CENTRE };

        sheet_rule(bars->sheet, RULE, x, plot->y, x, bottom, 0.5);
        sheet_text(bars->sheet, &box, scale_label(ctx, &bars->scale, i));
    }
    sheet_rule(bars->sheet, SOFT, bar_x(bars, 0), plot->y, bar_x(bars, 0), bottom, 0.8);
}

static void bar_one(const struct bars *bars, int i, double label_x, double label_width)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct point *point = &bars->data->points[i];
    double line = sheet_line_height(bars->sheet, STYLE_SMALL), value = chart_height(bars->data, point->values[0]);
    double thick = fmin(bars->slot * 0.68, BAR_THICKEST), y = bars->plot.y + bars->slot * i + (bars->slot - thick) / 2;
    double from = fmin(bar_x(bars, 0), bar_x(bars, value)), to = fmax(bar_x(bars, 0), bar_x(bars, value));
    struct box label = {
        .style = STYLE_SMALL, .x = label_x, .y = y + (thick - line) / 2, .width = label_width, .align = ALIGN_RIGHT
    };
    struct box amount = { .style = STYLE_SMALL, .x = to + 4, .y = label.y, .width = 120 };
    const char *shown = chart_value(ctx, bars->data, point->values[0]);

    sheet_fill(bars->sheet, value < 0 ? palette[5] : palette[0], from, y, to - from, thick);
    sheet_text(bars->sheet, &label, point->label);
    sheet_fill(bars->sheet, WHITE, amount.x - 1, y, sheet_width(bars->sheet, STYLE_SMALL, shown) + 2,
               thick); /* over the grid */
    sheet_text(bars->sheet, &amount, shown);
}

double bar_room(const struct chart_data *data)
{
    return (data->count < BARS_MAX ? data->count : BARS_MAX) * SLOT_MAX + AXIS_ROOM;
}

void bar_draw(struct sheet *sheet, const struct chart_data *data, const struct area *area)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct chart_data folded = chart_folded(ctx, data, BARS_MAX);
    double labels = labels_width(sheet, &folded, area->width * 0.34), values = values_width(sheet, &folded);
    struct bars bars = { .sheet = sheet, .data = &folded, .scale = bars_scale(&folded) };

    bars.plot = (struct area){ area->x + labels + GAP, area->y, area->width - labels - GAP - values - GAP,
                               area->height - AXIS_ROOM };
    bars.slot = fmin(bars.plot.height / folded.count, SLOT_MAX);
    grid_draw(&bars);
    for (int i = 0; i < folded.count; i++)
        bar_one(&bars, i, area->x, labels);
}
