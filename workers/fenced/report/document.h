/* SPDX-License-Identifier: GPL-3.0-or-later
 * A report as a PDF: cover with contents, then a section after the other. */
#ifndef MILLRACE_REPORT_DOCUMENT_H
#define MILLRACE_REPORT_DOCUMENT_H
#include "workers/fenced/report/sheet.h"
#include "workers/fenced/report/survey.h"

struct document {
    struct reader *reader;
    struct survey *survey;
    PangoFontMap *map;
    const char *families;            /* see fonts_families() */
    const char *folder;              /* of the pictures */
    int places[REPORT_SECTIONS_MAX]; /* the page each section begins on, found by the dry run */
    int pages;
    void (*told)(void *closure, long long rows); /* drawn so far */
    void *closure;
};

/* Write the PDF to a path. 0; -EINVAL and -E2BIG with *ret_why on ctx: what the data is not; -EIO: it could not be
 * written. pages is set. */
int document_write(void *ctx, struct document *document, const char *path, const char **ret_why);

/* ---- parts, each in a file of its own ---- */

void cover_draw(struct sheet *sheet, const struct document *document);

/* Facts stand in cards, three beside each other. */
struct cards {
    struct sheet *sheet;
    int count;
};
void cards_add(struct cards *cards, const char *const *cells);
void cards_end(struct cards *cards);

/* Pictures stand two beside each other under their captions. */
struct gallery {
    struct sheet *sheet;
    const char *folder;
    int count;
};
void gallery_add(struct gallery *gallery, const char *const *cells);
void gallery_end(struct gallery *gallery);
#endif
