/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/chart.h"
#include "common/memory.h"
#include <math.h>

enum { TITLE_ROOM = 20 };

const int palette[PALETTE] = { 0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xd55e00, 0xf0e442 };

struct chart_data chart_folded(void *ctx, const struct chart_data *data, int most)
{
    struct chart_data folded = *data;
    struct point *rest;

    if (data->count <= most)
        return folded;
    folded.points = memory_check(talloc_memdup(ctx, data->points, sizeof *data->points * (size_t)most));
    folded.count = most;
    rest = &folded.points[most - 1];
    rest->label = FORMAT(ctx, "Other (%lld)", data->count - most + 1 + data->left_out);
    for (int i = most; i < data->count; i++)
        for (int k = 0; k < REPORT_SERIES_MAX; k++)
            if (__builtin_add_overflow(rest->values[k], data->points[i].values[k], &rest->values[k]))
                rest->values[k] = INT64_MAX;
    return folded;
}

const char *chart_value(void *ctx, const struct chart_data *data, int64_t value)
{
    struct money money = data->unit;

    money.minor = value;
    return data->type == REPORT_MONEY ? money_amount(ctx, &money, true)
                                      : cell_shown(ctx, data->type, FORMAT(ctx, "%lld", (long long)value));
}

double chart_height(const struct chart_data *data, int64_t value)
{
    return (double)value / pow(10, data->type == REPORT_MONEY ? data->unit.digits : 0);
}

static void title_draw(struct sheet *sheet, const struct chart *chart, const struct chart_data *data,
                       const struct area *area)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *title = text_clean(ctx, chart->title, 100);
    struct box box = { .style = STYLE_CAPTION, .x = area->x, .y = area->y, .width = area->width };

    if (data->type == REPORT_MONEY && *data->unit.currency)
        title = FORMAT(ctx, "%s (%s)", title, data->unit.currency);
    sheet_text(sheet, &box, title);
}

static void sentence_draw(struct sheet *sheet, const struct area *area, const char *sentence)
{
    struct box box = { .style = STYLE_SMALL,
                       .x = area->x,
                       .y = area->y + area->height / 2 - 8,
                       .width = area->width,
                       .align = ALIGN_CENTRE,
                       .most_lines = 2 };

    sheet_text(sheet, &box, sentence);
}

double chart_room(const struct chart *chart, const struct chart_data *data)
{
    if (data->count == 0 || data->mixed)
        return 3.0 * TITLE_ROOM;
    return chart->kind == REPORT_BAR ? fmin(TITLE_ROOM + bar_room(data), CHART_HEIGHT) : CHART_HEIGHT;
}

void chart_draw(struct sheet *sheet, const struct section *section, int number, const struct chart_data *data,
                const struct area *area)
{
    const struct chart *chart = &section->charts[number];
    struct area inner = { area->x, area->y + TITLE_ROOM, area->width, area->height - TITLE_ROOM };

    if (!sheet_cairo(sheet))
        return;
    sheet_tag(sheet, "Figure");
    title_draw(sheet, chart, data, area);
    if (data->count == 0)
        sentence_draw(sheet, area, "There is nothing to show.");
    else if (data->mixed)
        sentence_draw(sheet, area, "Amounts in several currencies cannot be drawn in one chart.");
    else if (chart->kind == REPORT_BAR)
        bar_draw(sheet, data, &inner);
    else if (chart->kind == REPORT_LINE)
        line_draw(sheet, section, chart, data, &inner);
    else
        pie_draw(sheet, data, &inner);
    sheet_untag(sheet, "Figure");
}
