/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a report is compared with: the same document drawn by hand, nothing measured or decided. A page with two charts,
 * then a table of so many rows to a page, with heads, page numbers, tags and an outline. Reads FILE, whose lines are
 * cells parted by tabs, and writes OUTPUT: cairo_report FILE OUTPUT COLUMNS ROWS-TO-A-PAGE. */
#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 8, BARS = 10 };
#define WIDTH 595.28
#define HEIGHT 841.89
#define LEFT 48.0

static const double x[COLUMNS] = { 48, 101, 231, 317, 383, 436, 495, 547 };
static const char *const heads[COLUMNS] = {
    "Date", "Title", "Category", "Group", "Paid by", "Amount", "Your share", ""
};

struct page {
    cairo_t *cr;
    PangoLayout *cell, *bold;
    int number, pages;
};

static PangoLayout *layout_new(cairo_t *cr, const char *font)
{
    PangoFontDescription *description = pango_font_description_from_string(font);
    PangoLayout *layout = pango_cairo_create_layout(cr);

    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    return layout;
}

static void text(cairo_t *cr, PangoLayout *layout, double at, double y, double width, int right, const char *words)
{
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_alignment(layout, right ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    pango_layout_set_text(layout, words, -1);
    cairo_move_to(cr, at, y);
    pango_cairo_show_layout(cr, layout);
}

static void foot(const struct page *page)
{
    char label[32];

    snprintf(label, sizeof label, "Page %d of %d", page->number, page->pages);
    cairo_set_source_rgb(page->cr, 0.3, 0.35, 0.4);
    text(page->cr, page->cell, LEFT, HEIGHT - 44, 300, 0, "Expense summary");
    text(page->cr, page->cell, WIDTH - 138, HEIGHT - 44, 90, 1, label);
    cairo_show_page(page->cr);
}

static void row(const struct page *page, PangoLayout *layout, const char *tag, double y, const char *const *cells,
                int columns)
{
    cairo_set_source_rgb(page->cr, 0.1, 0.14, 0.19);
    cairo_tag_begin(page->cr, "TR", NULL);
    for (int i = 0; i < columns; i++) {
        cairo_tag_begin(page->cr, tag, NULL);
        text(page->cr, layout, x[i] + 4, y + 3, x[i + 1] - x[i] - 8, i > 4, cells[i]);
        cairo_tag_end(page->cr, tag);
    }
    cairo_tag_end(page->cr, "TR");
    cairo_set_source_rgb(page->cr, 0.83, 0.86, 0.88);
    cairo_set_line_width(page->cr, 0.5);
    cairo_move_to(page->cr, LEFT, y + 18);
    cairo_line_to(page->cr, WIDTH - LEFT, y + 18);
    cairo_stroke(page->cr);
}

static void charts(const struct page *page)
{
    double angle = 0;
    char label[32];

    for (int i = 0; i < BARS; i++) {
        double part = (BARS - i) / 55.0;

        snprintf(label, sizeof label, "Category %d", i);
        cairo_set_source_rgb(page->cr, i / 10.0, 0.45, 0.7);
        cairo_rectangle(page->cr, 380, 200 + i * 17, part * 600, 12);
        cairo_fill(page->cr);
        cairo_move_to(page->cr, 120, 280);
        cairo_arc(page->cr, 120, 280, 60, angle, angle + part * 2 * G_PI);
        cairo_close_path(page->cr);
        cairo_fill(page->cr);
        angle += part * 2 * G_PI;
        cairo_set_source_rgb(page->cr, 0.3, 0.35, 0.4);
        text(page->cr, page->cell, 310, 198 + i * 17, 66, 1, label);
        text(page->cr, page->cell, 200, 198 + i * 17, 90, 0, label);
    }
}

static void page_begin(struct page *page, cairo_surface_t *surface, int columns)
{
    char at[32];

    page->number++;
    snprintf(at, sizeof at, "page=%d", page->number);
    cairo_pdf_surface_add_outline(surface, CAIRO_PDF_OUTLINE_ROOT, at, at, CAIRO_PDF_OUTLINE_FLAG_OPEN);
    cairo_set_source_rgb(page->cr, 0.95, 0.96, 0.97);
    cairo_rectangle(page->cr, LEFT, 72, WIDTH - 2 * LEFT, 18);
    cairo_fill(page->cr);
    row(page, page->bold, "TH", 72, heads, columns);
}

static int cut(char *line, const char **cells)
{
    int n = 0;

    for (char *at = line; at && n < COLUMNS; n++) {
        char *end = strchr(at, '\t');

        cells[n] = at;
        if (end)
            *end++ = '\0';
        at = end;
    }
    return n;
}

int main(int argc, char **argv)
{
    int columns = argc == 5 ? (int)strtol(argv[3], NULL, 10) : 0, rows = argc == 5 ? (int)strtol(argv[4], NULL, 10) : 0;
    FILE *from = argc == 5 ? fopen(argv[1], "r") : NULL;
    const char *cells[COLUMNS];
    char line[4096];
    struct page page = { .number = 1 };
    cairo_surface_t *surface;
    long lines = 0;
    int at = 0;

    if (!from || columns < 1 || columns >= COLUMNS || rows < 1)
        return 2;
    while (fgets(line, sizeof line, from))
        lines++;
    rewind(from);
    page.pages = (int)((lines + rows - 1) / rows) + 1;
    surface = cairo_pdf_surface_create(argv[2], WIDTH, HEIGHT);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, "Expense summary");
    page.cr = cairo_create(surface);
    page.cell = layout_new(page.cr, "Noto Sans 6.4");
    page.bold = layout_new(page.cr, "Noto Sans Bold 6");
    cairo_tag_begin(page.cr, "Document", NULL);
    charts(&page);
    while (fgets(line, sizeof line, from)) {
        line[strcspn(line, "\n")] = '\0';
        if (cut(line, cells) < columns)
            return 2;
        if (at % rows == 0) {
            foot(&page);
            page_begin(&page, surface, columns);
        }
        row(&page, page.cell, "TD", 90 + at++ % rows * 18.0, cells, columns);
    }
    cairo_tag_end(page.cr, "Document");
    foot(&page);
    cairo_surface_finish(surface);
    return cairo_surface_status(surface) ? 1 : 0;
}
