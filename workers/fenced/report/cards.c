/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "workers/fenced/report/document.h"

enum { BESIDE = 3, GAP = 12, HEIGHT = 54 };

void cards_add(struct cards *cards, const char *const *cells)
{
    autotalloc void *ctx = talloc_new(NULL);
    double width = (SHEET_ROOM - (BESIDE - 1) * GAP) / BESIDE;
    int column = cards->count++ % BESIDE;
    const char *label = text_clean(ctx, cells[0] ? cells[0] : "", LABEL_CHARACTERS_MAX);
    const char *value = cell_drawn(ctx, fact_type(cells[1]), cells[2]);
    struct box box = { .style = STYLE_SMALL, .x = SHEET_LEFT + column * (width + GAP) + 12, .width = width - 20 };

    if (column == 0 && cards->count > 1)
        sheet_move(cards->sheet, HEIGHT + GAP);
    if (column == 0)
        sheet_fit(cards->sheet, HEIGHT);
    sheet_fill(cards->sheet, BAND, box.x - 12, sheet_y(cards->sheet), width, HEIGHT);
    sheet_fill(cards->sheet, ACCENT, box.x - 12, sheet_y(cards->sheet), 2.5, HEIGHT);
    box.y = sheet_y(cards->sheet) + 9;
    sheet_tag(cards->sheet, "P");
    sheet_text(cards->sheet, &box, label);
    box.style = sheet_width(cards->sheet, STYLE_FIGURE, value) <= box.width ? STYLE_FIGURE : STYLE_CAPTION;
    box.most_lines = box.style == STYLE_FIGURE ? 1 : 2;
    box.y += 13;
    sheet_text(cards->sheet, &box, value);
    sheet_untag(cards->sheet, "P");
}

void cards_end(struct cards *cards)
{
    if (cards->count > 0)
        sheet_move(cards->sheet, HEIGHT + GAP);
}
