/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "workers/fenced/report/document.h"
#include <math.h>

enum { BAR_WIDTH = 6, ENTRY = 21 };

static double line_draw_at(struct sheet *sheet, enum style style, const char *tag, double y, const char *text,
                           int lines)
{
    struct box box = { .style = style, .x = SHEET_LEFT + 22, .y = y, .width = SHEET_ROOM - 22, .most_lines = lines };
    double height;

    if (!*text)
        return y;
    sheet_tag(sheet, tag);
    height = sheet_text(sheet, &box, text);
    sheet_untag(sheet, tag);
    return y + height;
}

static double named(struct sheet *sheet, double y, const char *name, const char *value)
{
    struct box label = { .style = STYLE_SMALL, .x = SHEET_LEFT + 22, .y = y + 2, .width = 90 };
    struct box box = { .style = STYLE_BODY, .x = SHEET_LEFT + 116, .y = y, .width = SHEET_ROOM - 116, .most_lines = 2 };
    double height;

    if (!*value)
        return y;
    sheet_tag(sheet, "P");
    sheet_text(sheet, &label, name);
    height = sheet_text(sheet, &box, value);
    sheet_untag(sheet, "P");
    return y + height + 5;
}

static void entry_draw(struct sheet *sheet, const char *title, int number, int page, double y)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *shown = text_clean(ctx, title, LABEL_CHARACTERS_MAX), *label = FORMAT(ctx, "%d", page);
    struct box name = { .style = STYLE_BODY, .x = SHEET_LEFT + 22, .y = y, .width = SHEET_ROOM - 62 };
    struct box where = { .style = STYLE_BODY, .x = SHEET_RIGHT - 40, .y = y, .width = 40, .align = ALIGN_RIGHT };

    sheet_rule(sheet, RULE, SHEET_LEFT + 22, y + 17, SHEET_RIGHT, y + 17, 0.5);
    sheet_tag(sheet, "P");
    sheet_link(sheet, number);
    sheet_text(sheet, &name, shown);
    sheet_text(sheet, &where, label);
    sheet_unlink(sheet);
    sheet_untag(sheet, "P");
}

static void contents_draw(struct sheet *sheet, const struct document *document, double y)
{
    int shown = 0;

    y = line_draw_at(sheet, STYLE_HEADING, "H2", y, "Contents", 1) + 10;
    for (int i = 0; i < document->survey->count && shown < 16; i++, shown++)
        entry_draw(sheet, document->survey->sections[i].section->title, i, document->places[i], y + shown * ENTRY);
}

void cover_draw(struct sheet *sheet, const struct document *document)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct head *head = &document->reader->head;
    double y = 168;

    if (!sheet_cairo(sheet))
        return;
    sheet_fill(sheet, ACCENT, 0, 0, SHEET_WIDTH, 92);
    sheet_text(sheet, &(struct box){ .style = STYLE_SMALL_LIGHT, .x = SHEET_LEFT, .y = 40, .width = SHEET_ROOM },
               text_clean(ctx, head->brand, LABEL_CHARACTERS_MAX));
    sheet_fill(sheet, MARK, SHEET_LEFT, y + 4, BAR_WIDTH, 66);
    y = line_draw_at(sheet, STYLE_TITLE, "H1", y - 6, text_clean(ctx, head->title, 120), 2) + 4;
    y = fmax(line_draw_at(sheet, STYLE_SUBTITLE, "P", y, text_clean(ctx, head->subtitle, 160), 2), 244) + 34;
    y = named(sheet, y, "Prepared for", text_clean(ctx, head->owner, 120));
    y = named(sheet, y, "Prepared on",
              cell_shown(ctx, REPORT_DATE, COPY(ctx, talloc_strndup(ctx, head->generated_at, 10))));
    y = named(sheet, y, "Pages", FORMAT(ctx, "%d", document->pages));
    y = named(sheet, y, "Note", text_clean(ctx, head->note, 300));
    contents_draw(sheet, document, y + 34);
}
