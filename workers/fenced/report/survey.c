/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/survey.h"
#include "common/memory.h"
#include <errno.h>

enum { LONGEST_MAX = 60 }; /* characters: a column that wants more wraps */

const char *cell_drawn(void *ctx, enum report_type type, const char *cell)
{
    return text_clean(ctx, cell_shown(ctx, type, cell), CELL_CHARACTERS_MAX);
}

enum report_type fact_type(const char *word)
{
    static const char *const types[] = { REPORT_TYPE_WORDS, NULL };
    int type = report_word(types, word);

    return type < 0 ? REPORT_TEXT : (enum report_type)type;
}

/* ---- columns ---- */

static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static void longest_take(void *ctx, const char **longest, const char *text)
{
    size_t length = characters(text);

    if (length > LONGEST_MAX || (*longest && characters(*longest) >= length))
        return;
    talloc_free((void *)(uintptr_t)*longest);
    *longest = COPY(ctx, text);
}

static bool number_of(enum report_type type, const char *cell, struct money *ret)
{
    struct money money = { .minor = 0 };

    if (!cell || (type == REPORT_MONEY && !money_read(cell, &money)))
        return false;
    if (type != REPORT_MONEY && !integer_read(cell, &money.minor))
        return false;
    *ret = money;
    return true;
}

static void total_add(struct total *total, enum report_type type, const char *cell, bool first)
{
    struct money money;

    if (first)
        total->possible = number_of(type, cell, &total->sum);
    else if (total->possible)
        total->possible = number_of(type, cell, &money) && !strcmp(money.currency, total->sum.currency) &&
                          !__builtin_add_overflow(total->sum.minor, money.minor, &total->sum.minor);
}

/* ---- charts ---- */

static bool unit_take(struct chart_data *data, const struct money *money)
{
    if (data->count == 0 && !*data->unit.currency)
        data->unit = *money;
    return !strcmp(data->unit.currency, money->currency);
}

static void point_add(void *ctx, struct chart_data *data, const struct section *section, const struct chart *chart,
                      const char *const *cells)
{
    struct point point = { .label = "" };
    struct money money;

    if (!data->points) {
        data->points = memory_check(talloc_zero_array(ctx, struct point, POINTS_MAX));
        data->type = section->columns[chart->values[0]].type;
    }
    if (data->count == POINTS_MAX) {
        data->left_out++;
        return;
    }
    for (int i = 0; i < chart->series; i++) {
        if (!number_of(section->columns[chart->values[i]].type, cells[chart->values[i]], &money))
            continue; /* nothing known is drawn as nothing */
        if (!unit_take(data, &money))
            data->mixed = true;
        point.values[i] = money.minor;
    }
    point.label =
        text_clean(data->points, cell_shown(data->points, section->columns[chart->label].type, cells[chart->label]),
                   LABEL_CHARACTERS_MAX);
    point.label = COPY(data->points, point.label);
    data->points[data->count++] = point;
}

/* ---- rows ---- */

static void row_take(struct survey *survey, struct surveyed *at, const struct reader *reader, struct fonts *fonts)
{
    const struct section *section = at->section;
    autotalloc void *ctx = talloc_pool(NULL, 4096);

    for (int i = 0; i < reader->count; i++) {
        enum report_type type = section->columns[i].type;
        const char *shown;

        if (section->kind == REPORT_FACTS && i == 2)
            type = fact_type(reader->cells[1]);
        shown = cell_drawn(ctx, type, reader->cells[i]);
        if (type == REPORT_TEXT) {
            fonts_need(fonts, shown);
            words_take(survey, &at->words[i], shown);
        }
        longest_take(survey, &at->longest[i], shown);
        if (section->columns[i].total)
            total_add(&at->totals[i], type, reader->cells[i], at->rows == 0);
    }
    for (int i = 0; i < section->chart_count; i++)
        point_add(survey, &at->charts[i], section, &section->charts[i], reader->cells);
    at->rows++;
    survey->rows++;
}

static void section_take(struct surveyed *at, const struct section *section, struct fonts *fonts)
{
    at->section = section;
    fonts_need(fonts, section->title);
    fonts_need(fonts, section->none);
    for (int i = 0; i < section->column_count; i++)
        fonts_need(fonts, section->columns[i].title);
    for (int i = 0; i < section->chart_count; i++)
        fonts_need(fonts, section->charts[i].title);
}

static void head_take(const struct head *head, struct fonts *fonts)
{
    const char *const texts[] = { head->title, head->subtitle, head->brand, head->owner, head->note };

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        fonts_need(fonts, texts[i]);
}

int survey_make(void *ctx, struct reader *reader, struct fonts *fonts, struct survey **ret, const char **ret_why)
{
    struct survey *survey = NEW(ctx, struct survey);
    int line;

    survey->sections = memory_check(talloc_zero_array(survey, struct surveyed, REPORT_SECTIONS_MAX));
    head_take(&reader->head, fonts);
    while ((line = reader_next(reader)) > 0) {
        if (line == READER_ROW)
            row_take(survey, &survey->sections[survey->count - 1], reader, fonts);
        else if (survey->count < REPORT_SECTIONS_MAX)
            section_take(&survey->sections[survey->count++], reader->section, fonts);
        else
            line = -E2BIG;
        if (line < 0 || survey->rows > REPORT_PDF_ROWS_MAX)
            break;
    }
    if (line >= 0 && survey->rows <= REPORT_PDF_ROWS_MAX) {
        *ret = survey;
        return 0;
    }
    *ret_why = line >= 0 ? FORMAT(ctx, "A PDF has at most %d rows; CSV and JSON have any number", REPORT_PDF_ROWS_MAX)
               : reader->why    ? COPY(ctx, reader->why)
               : line == -E2BIG ? FORMAT(ctx, "A report has at most %d sections", REPORT_SECTIONS_MAX)
                                : COPY(ctx, strerror(-line));
    talloc_free(survey);
    return line < 0 ? line : -E2BIG;
}
