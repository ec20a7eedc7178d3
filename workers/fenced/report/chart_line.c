/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "workers/fenced/report/chart.h"
#include "workers/fenced/report/scale.h"
#include <math.h>

enum { AXIS_ROOM = 18, LEGEND_ROOM = 16, MARKS_MAX = 45, GAP = 6 };
#define LABEL_ROOM 62.0 /* between two labels of the time */

struct plot {
    struct sheet *sheet;
    const struct chart_data *data;
    struct scale scale;
    struct area area;
};

static struct scale lines_scale(const struct chart *chart, const struct chart_data *data)
{
    double low = 0, high = 0;

    for (int i = 0; i < data->count; i++)
        for (int k = 0; k < chart->series; k++) {
            low = fmin(low, chart_height(data, data->points[i].values[k]));
            high = fmax(high, chart_height(data, data->points[i].values[k]));
        }
    return scale_make(low, high, 4);
}

static double point_x(const struct plot *plot, int i)
{
    return plot->area.x + plot->area.width * (plot->data->count > 1 ? (double)i / (plot->data->count - 1) : 0.5);
}

static double point_y(const struct plot *plot, double value)
{
    return plot->area.y + plot->area.height * (1 - scale_at(&plot->scale, value));
}

static double axis_width(struct sheet *sheet, const struct scale *scale)
{
    autotalloc void *ctx = talloc_new(NULL);
    double width = 0;

    for (int i = 0; i <= scale->steps; i++)
        width = fmax(width, sheet_width(sheet, STYLE_SMALL, scale_label(ctx, scale, i)));
    return width;
}

static void axis_draw(const struct plot *plot, double left)
{
    autotalloc void *ctx = talloc_new(NULL);
    double line = sheet_line_height(plot->sheet, STYLE_SMALL);

    for (int i = 0; i <= plot->scale.steps; i++) {
        double value = plot->scale.low + i * plot->scale.step, y = point_y(plot, value);
        struct box box = {
            .style = STYLE_SMALL, .x = left, .y = y - line / 2, .width = plot->area.x - left - GAP, .align = ALIGN_RIGHT
        };
        bool zero = fabs(value) < plot->scale.step / 2;

        sheet_rule(plot->sheet, zero ? SOFT : RULE, plot->area.x, y, plot->area.x + plot->area.width, y,
                   zero ? 0.8 : 0.5);
        sheet_text(plot->sheet, &box, scale_label(ctx, &plot->scale, i));
    }
}

/* As many as there is room for, the first among them; the last where it does not run into the one before. */
static void times_draw(const struct plot *plot)
{
    int most = (int)(plot->area.width / LABEL_ROOM), every = (plot->data->count + most - 1) / (most > 0 ? most : 1);

    for (int i = 0; i<plot->data->count; i += every> 0 ? every : 1) {
        double x = point_x(plot, i), y = plot->area.y + plot->area.height;
        struct box box = {
            .style = STYLE_SMALL, .x = x - LABEL_ROOM / 2, .y = y + 5, .width = LABEL_ROOM, .align = ALIGN_CENTRE
        };

        sheet_rule(plot->sheet, SOFT, x, y, x, y + 3, 0.6);
        sheet_text(plot->sheet, &box, plot->data->points[i].label);
    }
}

static void stroke_style(cairo_t *cr, int series)
{
    static const double dashes[] = { 5, 3 };

    sheet_colour(cr, palette[series ? 5 : 0]);
    cairo_set_line_width(cr, 1.6);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cr, dashes, series ? 2 : 0, 0);
}

static void series_draw(const struct plot *plot, int series)
{
    cairo_t *cr = sheet_cairo(plot->sheet);

    cairo_save(cr);
    stroke_style(cr, series);
    cairo_new_path(cr);
    for (int i = 0; i < plot->data->count; i++)
        cairo_line_to(cr, point_x(plot, i),
                      point_y(plot, chart_height(plot->data, plot->data->points[i].values[series])));
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    for (int i = 0; i < plot->data->count && plot->data->count <= MARKS_MAX; i++) {
        double x = point_x(plot, i), y = point_y(plot, chart_height(plot->data, plot->data->points[i].values[series]));

        cairo_new_path(cr);
        if (series)
            cairo_rectangle(cr, x - 2, y - 2, 4, 4);
        else
            cairo_arc(cr, x, y, 2.1, 0, 2 * G_PI);
        cairo_fill(cr);
    }
    cairo_restore(cr);
}

static void legend_draw(const struct plot *plot, const struct section *section, const struct chart *chart, double y)
{
    autotalloc void *ctx = talloc_new(NULL);
    cairo_t *cr = sheet_cairo(plot->sheet);
    double x = plot->area.x, line = sheet_line_height(plot->sheet, STYLE_SMALL);

    for (int k = 0; k < chart->series; k++) {
        const char *name = text_clean(ctx, section->columns[chart->values[k]].title, LABEL_CHARACTERS_MAX);
        struct box box = { .style = STYLE_SMALL, .x = x + 24, .y = y, .width = 160 };

        cairo_save(cr);
        stroke_style(cr, k);
        cairo_move_to(cr, x, y + line / 2);
        cairo_line_to(cr, x + 19, y + line / 2);
        cairo_stroke(cr);
        cairo_restore(cr);
        sheet_text(plot->sheet, &box, name);
        x += 24 + sheet_width(plot->sheet, STYLE_SMALL, name) + 22;
    }
}

void line_draw(struct sheet *sheet, const struct section *section, const struct chart *chart,
               const struct chart_data *data, const struct area *area)
{
    struct plot plot = { .sheet = sheet, .data = data, .scale = lines_scale(chart, data) };
    double axis = axis_width(sheet, &plot.scale) + GAP, legend = chart->series > 1 ? LEGEND_ROOM : 0;

    plot.area = (struct area){ area->x + axis + 12, area->y + 4 + legend, area->width - axis - 12 - LABEL_ROOM / 2,
                               area->height - AXIS_ROOM - 4 - legend };
    axis_draw(&plot, area->x);
    times_draw(&plot);
    for (int k = chart->series - 1; k >= 0; k--)
        series_draw(&plot, k);
    if (chart->series > 1)
        legend_draw(&plot, section, chart, area->y);
}
