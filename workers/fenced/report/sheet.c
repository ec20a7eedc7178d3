/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/sheet.h"
#include "common/memory.h"
#include <cairo-pdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    double size;
    bool bold;
    int colour;
} styles[STYLES] = {
    [STYLE_TITLE] = { 30, true, INK },        [STYLE_SUBTITLE] = { 15, false, SOFT },
    [STYLE_HEADING] = { 15, true, ACCENT },   [STYLE_CAPTION] = { 9.5, true, INK },
    [STYLE_BODY] = { 10, false, INK },        [STYLE_CELL] = { 8.5, false, INK },
    [STYLE_CELL_BOLD] = { 8.5, true, INK },   [STYLE_HEAD] = { 8, true, ACCENT },
    [STYLE_FIGURE] = { 15, true, INK },       [STYLE_SMALL] = { 8, false, SOFT },
    [STYLE_SMALL_LIGHT] = { 8, true, WHITE },
};

struct sheet {
    struct sheet_plan plan;
    cairo_t *cr;
    PangoContext *context;
    PangoLayout *layouts[STYLES];
    double line_heights[STYLES];
    double widths[STYLES][128]; /* of ASCII characters; 0: not measured yet */
    int number;
    double y;
};

static int sheet_free(struct sheet *sheet)
{
    for (int i = 0; i < STYLES; i++)
        if (sheet->layouts[i])
            g_object_unref(sheet->layouts[i]);
    if (sheet->context)
        g_object_unref(sheet->context);
    cairo_destroy(sheet->cr);
    return 0;
}

static void layout_make(struct sheet *sheet, enum style style)
{
    PangoFontDescription *font = pango_font_description_new();

    pango_font_description_set_family(font, sheet->plan.families);
    pango_font_description_set_size(font, (int)(styles[style].size * PANGO_SCALE));
    pango_font_description_set_weight(font, styles[style].bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    sheet->layouts[style] = pango_layout_new(sheet->context);
    pango_layout_set_font_description(sheet->layouts[style], font);
    pango_layout_set_wrap(sheet->layouts[style], PANGO_WRAP_WORD_CHAR);
    pango_layout_set_ellipsize(sheet->layouts[style], PANGO_ELLIPSIZE_END);
    pango_font_description_free(font);
}

struct sheet *sheet_new(void *ctx, const struct sheet_plan *plan)
{
    struct sheet *sheet = NEW(ctx, struct sheet);
    cairo_font_options_t *options = cairo_font_options_create();

    sheet->plan = *plan;
    talloc_set_destructor(sheet, sheet_free);
    sheet->context = pango_font_map_create_context(plan->map);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    pango_cairo_context_set_font_options(sheet->context, options);
    cairo_font_options_destroy(options);
    for (int i = 0; i < STYLES; i++)
        layout_make(sheet, (enum style)i);
    if (plan->surface)
        sheet->cr = cairo_create(plan->surface);
    sheet->number = 1;
    sheet->y = SHEET_TOP;
    return sheet;
}

cairo_t *sheet_cairo(const struct sheet *sheet)
{
    return sheet->cr;
}

int sheet_number(const struct sheet *sheet)
{
    return sheet->number;
}

/* ---- pages ---- */

/* What stands on each page, outside of the document's structure. */
static void furniture(struct sheet *sheet)
{
    struct box foot = { .style = STYLE_SMALL, .x = SHEET_LEFT, .y = SHEET_HEIGHT - 44, .width = SHEET_ROOM };
    char label[32];

    if (!sheet->cr || sheet->number == 1)
        return;
    snprintf(label, sizeof label, "Page %d of %d", sheet->number, sheet->plan.pages);
    sheet_rule(sheet, RULE, SHEET_LEFT, SHEET_HEIGHT - 50, SHEET_RIGHT, SHEET_HEIGHT - 50, 0.6);
    foot.width = SHEET_ROOM - 90;
    sheet_text(sheet, &foot, sheet->plan.left);
    foot = (struct box){ .style = STYLE_SMALL, .x = SHEET_RIGHT - 90, .y = foot.y, .width = 90, .align = ALIGN_RIGHT };
    sheet_text(sheet, &foot, label);
    foot = (struct box){ .style = STYLE_SMALL, .x = SHEET_LEFT, .y = 36, .width = SHEET_ROOM, .align = ALIGN_RIGHT };
    sheet_text(sheet, &foot, sheet->plan.right);
}

static void page_end(struct sheet *sheet)
{
    furniture(sheet);
    if (sheet->cr)
        cairo_show_page(sheet->cr);
}

int sheet_end(struct sheet *sheet)
{
    page_end(sheet);
    return sheet->number;
}

double sheet_y(const struct sheet *sheet)
{
    return sheet->y;
}

void sheet_move(struct sheet *sheet, double by)
{
    sheet->y += by;
}

void sheet_turn(struct sheet *sheet)
{
    page_end(sheet);
    sheet->number++;
    sheet->y = SHEET_TOP;
}

bool sheet_fit(struct sheet *sheet, double height)
{
    if (sheet->y + height <= SHEET_BOTTOM || sheet->y <= SHEET_TOP)
        return false;
    sheet_turn(sheet);
    return true;
}

/* ---- text ---- */

static PangoLayout *layout_fill(struct sheet *sheet, const struct box *box, const char *text)
{
    static const PangoAlignment alignments[] = { PANGO_ALIGN_LEFT, PANGO_ALIGN_RIGHT, PANGO_ALIGN_CENTER };
    PangoLayout *layout = sheet->layouts[box->style];

    pango_layout_set_width(layout, (int)(box->width * PANGO_SCALE));
    pango_layout_set_height(layout, box->most_lines > 1 ? -box->most_lines : -1);
    pango_layout_set_alignment(layout, alignments[box->align]);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

/* Numbers stand right whatever way the script runs: the layout aligns by the direction of the text. */
static void alignment_settle(PangoLayout *layout, const struct box *box)
{
    if (box->align == ALIGN_RIGHT && pango_layout_get_direction(layout, 0) == PANGO_DIRECTION_RTL)
        pango_layout_set_alignment(layout, PANGO_ALIGN_LEFT);
}

static double layout_height(PangoLayout *layout)
{
    int height;

    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

double sheet_text(struct sheet *sheet, const struct box *box, const char *text)
{
    PangoLayout *layout;
    double height =
        sheet_line_height(sheet, box->style); /* before the layout is filled: it is measured with the same */

    if (!sheet->cr)
        return sheet_measure(sheet, box, text);
    layout = layout_fill(sheet, box, text);
    alignment_settle(layout, box);
    if (box->most_lines > 1)
        height = layout_height(layout);
    sheet_colour(sheet->cr, styles[box->style].colour);
    cairo_move_to(sheet->cr, box->x, box->y);
    pango_cairo_show_layout(sheet->cr, layout);
    return height;
}

/* Of an ASCII character standing alone; kerning brings them nearer to each other, seldom the other way. */
static double char_width(struct sheet *sheet, enum style style, char c)
{
    double *known = &sheet->widths[style][(unsigned char)c];

    if (*known == 0) {
        PangoLayout *layout = sheet->layouts[style];
        int width;

        pango_layout_set_width(layout, -1);
        pango_layout_set_text(layout, &c, 1);
        pango_layout_get_size(layout, &width, NULL);
        *known = (double)width / PANGO_SCALE + 0.001;
    }
    return *known;
}

/* Most texts are short and of ASCII: whether one fits into a line needs no layout then. */
static bool fits_surely(struct sheet *sheet, const struct box *box, const char *text)
{
    double width = 0, room = box->width * 0.97;

    for (; *text; text++) {
        if (*text < ' ' || *text == 0x7f)
            return false;
        width += char_width(sheet, box->style, *text);
        if (width > room)
            return false;
    }
    return true;
}

double sheet_measure(struct sheet *sheet, const struct box *box, const char *text)
{
    if (box->most_lines <= 1 || fits_surely(sheet, box, text))
        return sheet_line_height(sheet, box->style);
    return layout_height(layout_fill(sheet, box, text));
}

double sheet_width(struct sheet *sheet, enum style style, const char *text)
{
    PangoLayout *layout = sheet->layouts[style];
    int width;

    pango_layout_set_width(layout, -1);
    pango_layout_set_text(layout, text, -1);
    pango_layout_get_size(layout, &width, NULL);
    return (double)width / PANGO_SCALE;
}

double sheet_line_height(struct sheet *sheet, enum style style)
{
    if (sheet->line_heights[style] == 0)
        sheet->line_heights[style] =
            layout_height(layout_fill(sheet, &(struct box){ .style = style, .width = SHEET_ROOM }, "X"));
    return sheet->line_heights[style];
}

/* ---- shapes ---- */

void sheet_colour(cairo_t *cr, int colour)
{
    cairo_set_source_rgb(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0, (colour & 255) / 255.0);
}

void sheet_fill(struct sheet *sheet, int colour, double x, double y, double width, double height)
{
    if (!sheet->cr)
        return;
    sheet_colour(sheet->cr, colour);
    cairo_rectangle(sheet->cr, x, y, width, height);
    cairo_fill(sheet->cr);
}

void sheet_rule(struct sheet *sheet, int colour, double x, double y, double to_x, double to_y, double thickness)
{
    if (!sheet->cr)
        return;
    sheet_colour(sheet->cr, colour);
    cairo_set_line_width(sheet->cr, thickness);
    cairo_move_to(sheet->cr, x, y);
    cairo_line_to(sheet->cr, to_x, to_y);
    cairo_stroke(sheet->cr);
}

/* ---- structure ---- */

void sheet_tag(struct sheet *sheet, const char *tag)
{
    if (sheet->cr)
        cairo_tag_begin(sheet->cr, tag, NULL);
}

void sheet_untag(struct sheet *sheet, const char *tag)
{
    if (sheet->cr)
        cairo_tag_end(sheet->cr, tag);
}

void sheet_place(struct sheet *sheet, int number, const char *title)
{
    char attributes[64];

    if (!sheet->cr)
        return;
    snprintf(attributes, sizeof attributes, "name='place-%d'", number);
    cairo_tag_begin(sheet->cr, CAIRO_TAG_DEST, attributes);
    cairo_tag_end(sheet->cr, CAIRO_TAG_DEST);
    snprintf(attributes, sizeof attributes, "page=%d pos=[%d %d]", sheet->number, (int)SHEET_LEFT,
             (int)fmax(sheet->y - 24, 0));
    cairo_pdf_surface_add_outline(sheet->plan.surface, CAIRO_PDF_OUTLINE_ROOT, title, attributes,
                                  CAIRO_PDF_OUTLINE_FLAG_OPEN);
}

void sheet_link(struct sheet *sheet, int number)
{
    char attributes[64];

    snprintf(attributes, sizeof attributes, "dest='place-%d'", number);
    if (sheet->cr)
        cairo_tag_begin(sheet->cr, CAIRO_TAG_LINK, attributes);
}

void sheet_unlink(struct sheet *sheet)
{
    if (sheet->cr)
        cairo_tag_end(sheet->cr, CAIRO_TAG_LINK);
}
