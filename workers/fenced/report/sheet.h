/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pages of a document: text, rules and marks of structure, from top to bottom. A document is laid out twice: a dry
 * sheet only measures, and says how many pages there are and where sections begin; the second time the same calls draw.
 * Units are points, from the upper left corner. */
#ifndef MILLRACE_REPORT_SHEET_H
#define MILLRACE_REPORT_SHEET_H
#include <cairo.h>
#include <pango/pangocairo.h>
#include <stdbool.h>

enum { PAGES_MAX = 5000 };

/* A4, and the area of the text. */
#define SHEET_WIDTH 595.28
#define SHEET_HEIGHT 841.89
#define SHEET_LEFT 48.0
#define SHEET_RIGHT (SHEET_WIDTH - 48.0)
#define SHEET_TOP 72.0
#define SHEET_BOTTOM (SHEET_HEIGHT - 62.0)
#define SHEET_ROOM (SHEET_RIGHT - SHEET_LEFT)

/* 0xRRGGBB */
enum {
    INK = 0x1b2430,
    SOFT = 0x56616e,
    RULE = 0xd5dbe1,
    BAND = 0xf2f5f8,
    ACCENT = 0x0b4f7d,
    MARK = 0xe69f00,
    WHITE = 0xffffff,
};

enum style {
    STYLE_TITLE,
    STYLE_SUBTITLE,
    STYLE_HEADING,
    STYLE_CAPTION, /* above a chart or picture */
    STYLE_BODY,
    STYLE_CELL,
    STYLE_CELL_BOLD,
    STYLE_HEAD,   /* of a table */
    STYLE_FIGURE, /* a number that stands for itself */
    STYLE_SMALL,
    STYLE_SMALL_LIGHT, /* on a dark ground */
    STYLES,
};

enum align { ALIGN_START, ALIGN_RIGHT, ALIGN_CENTRE };

/* Text in a box: wrapped to its width, after most_lines with an ellipsis. */
struct box {
    enum style style;
    double x, y, width;
    enum align align;
    int most_lines; /* 0: one */
};

struct sheet;

struct sheet_plan {
    cairo_surface_t *surface; /* NULL: dry */
    PangoFontMap *map;
    const char *families;     /* of its fonts, see fonts_families() */
    int pages;                /* that it will have; 0 in a dry one */
    const char *left, *right; /* at the foot and the head of each page but the first */
};

struct sheet *sheet_new(void *ctx, const struct sheet_plan *plan);
/* The last page is done: how many there are. */
int sheet_end(struct sheet *sheet);
/* NULL when dry. */
cairo_t *sheet_cairo(const struct sheet *sheet);
int sheet_number(const struct sheet *sheet); /* of the page, from 1 */

/* ---- where the next thing goes ---- */

double sheet_y(const struct sheet *sheet);
void sheet_move(struct sheet *sheet, double by);
/* Go on to the next page. */
void sheet_turn(struct sheet *sheet);
/* Turn the page unless so much still fits. True when it was turned. */
bool sheet_fit(struct sheet *sheet, double height);

/* ---- drawing ---- */

/* Draw, or only measure: the height. */
double sheet_text(struct sheet *sheet, const struct box *box, const char *text);
double sheet_measure(struct sheet *sheet, const struct box *box, const char *text);
/* Of text in one line. */
double sheet_width(struct sheet *sheet, enum style style, const char *text);
double sheet_line_height(struct sheet *sheet, enum style style);
void sheet_fill(struct sheet *sheet, int colour, double x, double y, double width, double height);
void sheet_rule(struct sheet *sheet, int colour, double x, double y, double to_x, double to_y, double thickness);
void sheet_colour(cairo_t *cr, int colour);

/* ---- structure ---- */

/* A tag of the document's structure (H1, Table, TR, TD, P, Figure, ...) from here to sheet_untag(). */
void sheet_tag(struct sheet *sheet, const char *tag);
void sheet_untag(struct sheet *sheet, const char *tag);
/* A place that links and the outline lead to: number 0..999. */
void sheet_place(struct sheet *sheet, int number, const char *title);
void sheet_link(struct sheet *sheet, int number);
void sheet_unlink(struct sheet *sheet);
#endif
