/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/document.h"
#include "common/memory.h"
#include "workers/fenced/report/chart.h"
#include "workers/fenced/report/listing.h"
#include <cairo-pdf.h>
#include <errno.h>
#include <math.h>

enum { SECTION_GAP = 24, HEADING_ROOM = 30, CHART_GAP = 20, CHART_BESIDE = 2, TELL = 256 };
enum { ROW_ROOM = 19, SHORT = 14 /* rows of a table that is not to be parted */, PICTURE_ROOM = 320 };

/* One run through the report: the dry one, or the one that draws. */
struct run {
    struct document *document;
    struct sheet *sheet;
    int number; /* of the section; -1 before the first */
    struct listing listing;
    struct cards cards;
    struct gallery gallery;
};

static const struct surveyed *current(const struct run *run)
{
    return &run->document->survey->sections[run->number];
}

/* ---- sections ---- */

static bool are_small(const struct section *section)
{
    return section->chart_count == CHART_BESIDE && section->charts[0].kind != REPORT_LINE &&
           section->charts[1].kind != REPORT_LINE;
}

static double charts_room(const struct surveyed *at)
{
    double room = 0, highest = 0;

    for (int i = 0; i < at->section->chart_count; i++) {
        double one = chart_room(&at->section->charts[i], &at->charts[i]) + CHART_GAP;

        room += one;
        highest = fmax(highest, one);
    }
    return are_small(at->section) ? highest : room;
}

/* Two that take no width stand beside each other, others one below the other. */
static void charts_place(struct run *run)
{
    const struct surveyed *at = current(run);
    bool beside = are_small(at->section);
    struct area area = { .x = SHEET_LEFT, .width = beside ? (SHEET_ROOM - CHART_GAP) / 2 : SHEET_ROOM };

    for (int i = 0; i < at->section->chart_count; i++) {
        area.height = beside ? charts_room(at) - CHART_GAP : chart_room(&at->section->charts[i], &at->charts[i]);
        if (!beside || i == 0)
            sheet_fit(run->sheet, area.height + CHART_GAP);
        area.y = sheet_y(run->sheet);
        area.x = SHEET_LEFT + (beside ? i * (area.width + CHART_GAP) : 0);
        chart_draw(run->sheet, at->section, i, &at->charts[i], &area);
        if (!beside || i == at->section->chart_count - 1)
            sheet_move(run->sheet, area.height + CHART_GAP);
    }
}

/* What is to stand on one page with a heading: of a short table all of it. */
static double kept_together(const struct surveyed *at)
{
    if (at->rows == 0)
        return 40;
    if (at->section->kind != REPORT_TABLE)
        return at->section->kind == REPORT_PICTURES ? PICTURE_ROOM : 60;
    return charts_room(at) + ROW_ROOM * (double)(at->rows <= SHORT ? at->rows + 3 : 4);
}

static void heading_place(struct run *run)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct surveyed *at = current(run);
    const char *title = text_clean(ctx, at->section->title, 120);
    struct box box = { .style = STYLE_HEADING, .x = SHEET_LEFT, .width = SHEET_ROOM };

    if (sheet_y(run->sheet) > SHEET_TOP)
        sheet_move(run->sheet, SECTION_GAP);
    sheet_fit(run->sheet, HEADING_ROOM + kept_together(at));
    run->document->places[run->number] = sheet_number(run->sheet);
    box.y = sheet_y(run->sheet);
    sheet_place(run->sheet, run->number, title);
    sheet_tag(run->sheet, "H2");
    sheet_text(run->sheet, &box, title);
    sheet_untag(run->sheet, "H2");
    sheet_move(run->sheet, HEADING_ROOM);
}

static void nothing_place(struct run *run)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct box box = {
        .style = STYLE_BODY, .x = SHEET_LEFT, .y = sheet_y(run->sheet), .width = SHEET_ROOM, .most_lines = 3
    };
    const char *none = current(run)->section->none;

    sheet_tag(run->sheet, "P");
    sheet_move(run->sheet,
               sheet_text(run->sheet, &box, text_clean(ctx, *none ? none : "There is nothing to show.", 300)));
    sheet_untag(run->sheet, "P");
}

static void section_begin(struct run *run)
{
    run->number++;
    heading_place(run);
    if (current(run)->rows == 0) {
        nothing_place(run);
        return;
    }
    charts_place(run);
    run->cards = (struct cards){ .sheet = run->sheet };
    run->gallery = (struct gallery){ .sheet = run->sheet, .folder = run->document->folder };
    if (current(run)->section->kind == REPORT_TABLE)
        listing_begin(&run->listing, run->sheet, current(run));
}

static void section_end(struct run *run)
{
    if (run->number < 0 || current(run)->rows == 0)
        return;
    if (current(run)->section->kind == REPORT_TABLE)
        listing_end(&run->listing);
    else if (current(run)->section->kind == REPORT_FACTS)
        cards_end(&run->cards);
    else
        gallery_end(&run->gallery);
}

static void row_place(struct run *run, const char *const *cells)
{
    if (current(run)->section->kind == REPORT_TABLE)
        listing_row(&run->listing, cells);
    else if (current(run)->section->kind == REPORT_FACTS)
        cards_add(&run->cards, cells);
    else
        gallery_add(&run->gallery, cells);
}

/* ---- the whole ---- */

static int run_through(struct run *run)
{
    struct document *document = run->document;
    int line, r = reader_rewind(document->reader);
    long long rows = 0;

    if (r < 0)
        return r;
    sheet_tag(run->sheet, "Document");
    cover_draw(run->sheet, document);
    sheet_turn(run->sheet);
    while ((line = reader_next(document->reader)) > 0) {
        if (line == READER_SECTION) {
            section_end(run);
            section_begin(run);
            continue;
        }
        row_place(run, document->reader->cells);
        if (sheet_number(run->sheet) > PAGES_MAX)
            return -E2BIG;
        if (++rows % TELL == 0 && sheet_cairo(run->sheet))
            document->told(document->closure, rows);
    }
    if (line < 0)
        return line;
    section_end(run);
    sheet_untag(run->sheet, "Document");
    document->pages = sheet_end(run->sheet);
    return 0;
}

static int run_new(void *ctx, struct document *document, cairo_surface_t *surface)
{
    const struct head *head = &document->reader->head;
    struct run run = { .document = document, .number = -1 };
    struct sheet_plan plan = {
        .surface = surface,
        .map = document->map,
        .families = document->families,
        .pages = document->pages,
        .left = *head->subtitle ? FORMAT(ctx, "%s \xc2\xb7 %s", text_clean(ctx, head->title, 60),
                                         text_clean(ctx, head->subtitle, 60))
                                : text_clean(ctx, head->title, 120),
        .right = text_clean(ctx, head->brand, 60),
    };
    int r;

    run.sheet = sheet_new(ctx, &plan);
    r = run_through(&run);
    talloc_free(run.sheet);
    return r;
}

static void metadata_set(cairo_surface_t *surface, const struct head *head)
{
    autotalloc void *ctx = talloc_new(NULL);

    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, text_clean(ctx, head->title, 120));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, text_clean(ctx, head->subtitle, 160));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, text_clean(ctx, head->brand, 120));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Millrace " MILLRACE_VERSION);
    if (*head->generated_at)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                       text_clean(ctx, head->generated_at, 40));
}

static int drawn(void *ctx, struct document *document, const char *path)
{
    cairo_surface_t *surface = cairo_pdf_surface_create(path, SHEET_WIDTH, SHEET_HEIGHT);
    cairo_status_t status;
    int r;

    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
    metadata_set(surface, &document->reader->head);
    r = run_new(ctx, document, surface);
    cairo_surface_finish(surface);
    status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return r < 0 ? r : status ? -EIO : 0;
}

int document_write(void *ctx, struct document *document, const char *path, const char **ret_why)
{
    int r = run_new(ctx, document, NULL);

    if (r == 0)
        r = drawn(ctx, document, path);
    if (r < 0)
        *ret_why = document->reader->why ? COPY(ctx, document->reader->why)
                   : r == -E2BIG ? FORMAT(ctx, "A PDF has at most %d pages; CSV and JSON have any number", PAGES_MAX)
                                 : COPY(ctx, strerror(-r));
    return r;
}
