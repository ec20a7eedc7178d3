/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/listing.h"
#include "common/memory.h"
#include <math.h>

#define PAD_X 5.0
#define PAD_Y 3.2
#define NARROWEST 34.0

/* ---- widths ---- */

static bool is_flexible(const struct column *column)
{
    return column->type == REPORT_TEXT;
}

/* Numbers stand under each other to the right; what is read, and days, from the left. */
static enum align align_of(const struct column *column)
{
    return column->type == REPORT_TEXT || column->type == REPORT_DATE ? ALIGN_START : ALIGN_RIGHT;
}

static const char *total_shown(void *ctx, const struct surveyed *of, int i)
{
    const struct total *total = &of->totals[i];
    struct money money = total->sum;

    if (!of->section->columns[i].total || !total->possible)
        return NULL;
    if (of->section->columns[i].type != REPORT_MONEY)
        return cell_shown(ctx, REPORT_INTEGER, FORMAT(ctx, "%lld", (long long)money.minor));
    return cell_shown(ctx, REPORT_MONEY, FORMAT(ctx, "%lld %s", (long long)money.minor, money.currency));
}

/* What a column would take if it could. */
static double wanted(struct sheet *sheet, const struct surveyed *of, int i)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct column *column = &of->section->columns[i];
    const char *title = text_clean(ctx, column->title, LABEL_CHARACTERS_MAX), *total = total_shown(ctx, of, i);
    double width = sheet_width(sheet, STYLE_HEAD, title);

    if (of->longest[i])
        width = fmax(width, sheet_width(sheet, STYLE_CELL, of->longest[i]) * (is_flexible(column) ? 1.05 : 1));
    if (total)
        width = fmax(width, sheet_width(sheet, STYLE_CELL_BOLD, total));
    return ceil(width + 2 * PAD_X + 1);
}

/* What it must have, or a word would be broken. */
static double needed(struct sheet *sheet, const struct surveyed *of, int i)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct words title = { 0 };
    double width = 0;

    words_take(ctx, &title, text_clean(ctx, of->section->columns[i].title, LABEL_CHARACTERS_MAX));
    for (int k = 0; k < WORDS_KEPT; k++) {
        if (title.kept[k].text)
            width = fmax(width, sheet_width(sheet, STYLE_HEAD, title.kept[k].text));
        if (of->words[i].kept[k].text)
            width = fmax(width, sheet_width(sheet, STYLE_CELL, of->words[i].kept[k].text));
    }
    return ceil(width + 2 * PAD_X + 1);
}

struct share {
    double weight, least, most, width;
    bool settled;
};

/* Share a room by weight, but give nobody less than the least or more than the most. There is room for all that is
 * least. */
static void shares_make(struct share *shares, int count, double room)
{
    for (int left = count; left > 0;) {
        double weights = 0, strain = 0, part;

        for (struct share *one = shares; one < shares + count; one++)
            weights += one->settled ? 0 : one->weight;
        part = room / weights;
        for (struct share *one = shares; one < shares + count; one++)
            if (!one->settled) {
                one->width = fmin(fmax(part * one->weight, one->least), one->most);
                strain += one->width - part * one->weight;
            }
        /* Who gets more than a part by weight takes it from all others, so these are settled first; or the other way
         * round. */
        for (struct share *one = shares; one < shares + count; one++)
            if (!one->settled && (strain > 0   ? one->width > part * one->weight
                                  : strain < 0 ? one->width < part * one->weight
                                               : true)) {
                one->settled = true;
                room -= one->width;
                left--;
            }
    }
}

/* First what their words need, as far as there is room, evenly; then by weight. */
static void texts_share(struct sheet *sheet, const struct surveyed *of, const double *wants, double *widths,
                        double room)
{
    const struct section *section = of->section;
    struct share shares[REPORT_COLUMNS_MAX];
    int count = 0;

    for (int i = 0; i < section->column_count; i++)
        if (is_flexible(&section->columns[i])) {
            double least = fmin(wants[i], NARROWEST);

            shares[count++] = (struct share){ .weight = 1, .least = least, .most = fmax(needed(sheet, of, i), least) };
        }
    shares_make(shares, count, room);
    count = 0;
    for (int i = 0; i < section->column_count; i++)
        if (is_flexible(&section->columns[i])) {
            double least = shares[count].width;

            shares[count++] =
                (struct share){ .weight = section->columns[i].weight, .least = least, .most = fmax(wants[i], least) };
        }
    shares_make(shares, count, room);
    count = 0;
    for (int i = 0; i < section->column_count; i++)
        if (is_flexible(&section->columns[i]))
            widths[i] = shares[count++].width;
}

/* A column's share of what is left over. */
static double appetite(const struct column *column)
{
    return is_flexible(column) ? 2.0 * column->weight : 1;
}

/* Make them fill the page's width, or keep within it. */
static void widths_fill(const struct section *section, double *widths)
{
    double sum = 0, appetites = 0;

    for (int i = 0; i < section->column_count; i++) {
        sum += widths[i];
        appetites += appetite(&section->columns[i]);
    }
    for (int i = 0; i < section->column_count; i++) {
        if (sum > SHEET_ROOM)
            widths[i] *= SHEET_ROOM / sum;
        else
            widths[i] += (SHEET_ROOM - sum) * appetite(&section->columns[i]) / appetites;
    }
}

void listing_widths(struct sheet *sheet, const struct surveyed *of, double *widths)
{
    const struct section *section = of->section;
    double wants[REPORT_COLUMNS_MAX], fixed = 0, least = 0;

    for (int i = 0; i < section->column_count; i++) {
        wants[i] = widths[i] = wanted(sheet, of, i);
        fixed += is_flexible(&section->columns[i]) ? 0 : wants[i];
        least += is_flexible(&section->columns[i]) ? fmin(wants[i], NARROWEST) : 0;
    }
    if (fixed + least <= SHEET_ROOM)
        texts_share(sheet, of, wants, widths, SHEET_ROOM - fixed);
    widths_fill(section, widths);
}

/* ---- rows ---- */

static struct box cell_box(const struct listing *listing, int i, enum style style, double x, double y)
{
    return (struct box){
        .style = style,
        .x = x + PAD_X,
        .y = y + PAD_Y,
        .width = fmax(listing->widths[i] - 2 * PAD_X, 4),
        .align = align_of(&listing->of->section->columns[i]),
        .most_lines = CELL_LINES_MAX,
    };
}

static double row_height(const struct listing *listing, enum style style, const char *const *texts)
{
    double height = 0;

    for (int i = 0; i < listing->of->section->column_count; i++) {
        struct box box = cell_box(listing, i, style, 0, 0);

        height = fmax(height, sheet_measure(listing->sheet, &box, texts[i]));
    }
    return height + 2 * PAD_Y;
}

/* tag: of the cells; NULL: the row has no tags. */
static void row_draw(const struct listing *listing, enum style style, const char *tag, const char *const *texts)
{
    double x = SHEET_LEFT, y = sheet_y(listing->sheet);

    if (!sheet_cairo(listing->sheet))
        return;
    if (tag)
        sheet_tag(listing->sheet, "TR");
    for (int i = 0; i < listing->of->section->column_count; x += listing->widths[i++]) {
        struct box box = cell_box(listing, i, style, x, y);

        if (tag)
            sheet_tag(listing->sheet, tag);
        if (*texts[i])
            sheet_text(listing->sheet, &box, texts[i]);
        if (tag)
            sheet_untag(listing->sheet, tag);
    }
    if (tag)
        sheet_untag(listing->sheet, "TR");
}

/* Again at the top of each page: there it is furniture, and has no tags. */
static void head_draw(struct listing *listing, bool again)
{
    const char *texts[REPORT_COLUMNS_MAX];
    autotalloc void *ctx = talloc_new(NULL);
    double y = sheet_y(listing->sheet);

    for (int i = 0; i < listing->of->section->column_count; i++)
        texts[i] = text_clean(ctx, listing->of->section->columns[i].title, LABEL_CHARACTERS_MAX);
    listing->head_height = row_height(listing, STYLE_HEAD, texts);
    sheet_fill(listing->sheet, BAND, SHEET_LEFT, y, SHEET_ROOM, listing->head_height);
    row_draw(listing, STYLE_HEAD, again ? NULL : "TH", texts);
    sheet_rule(listing->sheet, ACCENT, SHEET_LEFT, y + listing->head_height, SHEET_RIGHT, y + listing->head_height,
               0.9);
    sheet_move(listing->sheet, listing->head_height);
}

static void row_place(struct listing *listing, double height)
{
    if (sheet_y(listing->sheet) + height <= SHEET_BOTTOM ||
        sheet_y(listing->sheet) <= SHEET_TOP + listing->head_height + 1)
        return;
    sheet_turn(listing->sheet);
    head_draw(listing, true);
}

void listing_begin(struct listing *listing, struct sheet *sheet, const struct surveyed *of)
{
    *listing = (struct listing){ .sheet = sheet, .of = of };
    listing_widths(sheet, of, listing->widths);
    sheet_tag(sheet, "Table");
    head_draw(listing, false);
}

void listing_row(struct listing *listing, const char *const *cells)
{
    const char *texts[REPORT_COLUMNS_MAX];
    autotalloc void *ctx = talloc_pool(NULL, 4096);
    double height, y;

    for (int i = 0; i < listing->of->section->column_count; i++)
        texts[i] = cell_drawn(ctx, listing->of->section->columns[i].type, cells[i]);
    height = row_height(listing, STYLE_CELL, texts);
    row_place(listing, height);
    row_draw(listing, STYLE_CELL, "TD", texts);
    y = sheet_y(listing->sheet) + height;
    sheet_rule(listing->sheet, RULE, SHEET_LEFT, y, SHEET_RIGHT, y, 0.5);
    sheet_move(listing->sheet, height);
}

void listing_end(struct listing *listing)
{
    const char *texts[REPORT_COLUMNS_MAX];
    autotalloc void *ctx = talloc_new(NULL);
    bool any = false;
    double height, y;

    for (int i = 0; i < listing->of->section->column_count; i++) {
        const char *total = total_shown(ctx, listing->of, i);

        any = any || total;
        texts[i] = total ? total : "";
    }
    if (any && !*texts[0])
        texts[0] = "Total";
    if (any) {
        height = row_height(listing, STYLE_CELL_BOLD, texts);
        row_place(listing, height);
        y = sheet_y(listing->sheet);
        sheet_rule(listing->sheet, ACCENT, SHEET_LEFT, y, SHEET_RIGHT, y, 0.9);
        row_draw(listing, STYLE_CELL_BOLD, "TD", texts);
        sheet_move(listing->sheet, height);
    }
    sheet_untag(listing->sheet, "Table");
}
