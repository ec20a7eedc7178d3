/* SPDX-License-Identifier: GPL-3.0-or-later
 * A ring, and beside it what each slice is: name, value and share. Slices follow the legend's order clockwise from the
 * top, so that they are found without their colours. */
#include "common/memory.h"
#include "workers/fenced/report/chart.h"
#include <math.h>

enum { SLICES_MAX = 7, ROW = 15, SWATCH = 8, LEGEND_WIDE = 200 /* has room for the values */ };

static double positive(const struct chart_data *data, int i)
{
    return fmax((double)data->points[i].values[0], 0);
}

static int slice_colour(const struct chart_data *data, int i, bool folded)
{
    return folded && i == data->count - 1 ? OTHERS : palette[i % PALETTE];
}

static void slice_draw(cairo_t *cr, int colour, double x, double y, double radius, double from, double to)
{
    cairo_save(cr);
    cairo_new_path(cr);
    cairo_arc(cr, x, y, radius, from, to);
    cairo_arc_negative(cr, x, y, radius * 0.52, to, from);
    cairo_close_path(cr);
    sheet_colour(cr, colour);
    cairo_fill_preserve(cr);
    sheet_colour(cr, WHITE);
    cairo_set_line_width(cr, 1.2);
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void legend_row(struct sheet *sheet, const struct chart_data *data, int i, int colour, double share,
                       const struct area *at)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *percent = FORMAT(ctx, "%.1f %%", share * 100),
               *value = chart_value(ctx, data, data->points[i].values[0]);
    double line = sheet_line_height(sheet, STYLE_SMALL), text_x = at->x + SWATCH + 6, percent_room = 40;
    double value_room = at->width < LEGEND_WIDE ? 0 : fmax(sheet_width(sheet, STYLE_SMALL, value) + 4, 54);
    struct box name = { .style = STYLE_SMALL,
                        .x = text_x,
                        .y = at->y,
                        .width = fmax(at->x + at->width - percent_room - value_room - text_x, 20) };
    struct box amount = { .style = STYLE_SMALL,
                          .x = at->x + at->width - percent_room - value_room,
                          .y = at->y,
                          .width = value_room,
                          .align = ALIGN_RIGHT };
    struct box part = { .style = STYLE_SMALL,
                        .x = at->x + at->width - percent_room,
                        .y = at->y,
                        .width = percent_room,
                        .align = ALIGN_RIGHT };

    sheet_fill(sheet, colour, at->x, at->y + (line - SWATCH) / 2, SWATCH, SWATCH);
    sheet_text(sheet, &name, data->points[i].label);
    if (value_room > 0)
        sheet_text(sheet, &amount, value);
    sheet_text(sheet, &part, percent);
}

void pie_draw(struct sheet *sheet, const struct chart_data *data, const struct area *area)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct chart_data slices = chart_folded(ctx, data, SLICES_MAX);
    double radius = fmin(area->height / 2, area->width * 0.2), x = area->x + radius, y = area->y + area->height / 2;
    double whole = 0, angle = -G_PI / 2;
    struct area row = { x + radius + 18, y - ROW * slices.count / 2.0, area->width - 2 * radius - 18, ROW };

    for (int i = 0; i < slices.count; i++)
        whole += positive(&slices, i);
    for (int i = 0; i < slices.count; i++, row.y += ROW) {
        double share = whole > 0 ? positive(&slices, i) / whole : 0, to = angle + share * 2 * G_PI;
        int colour = slice_colour(&slices, i, slices.count < data->count);

        if (share > 0)
            slice_draw(sheet_cairo(sheet), colour, x, y, radius, angle, to);
        legend_row(sheet, &slices, i, colour, share, &row);
        angle = to;
    }
}
