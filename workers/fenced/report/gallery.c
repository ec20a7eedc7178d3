/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "workers/fenced/report/document.h"
#include "workers/fenced/report/picture.h"
#include <errno.h>

enum { BESIDE = 2, GAP = 18, HEIGHT = 318, CAPTION = 30 };

/* A name that gather has made: nothing else is opened. */
static bool is_name(const char *name)
{
    return name && !strchr(name, '/') && *name != '.';
}

static const char *reason(int r)
{
    return r == -E2BIG ? "This receipt is too large to be shown."
                       : "This receipt cannot be shown: it is no picture that can be read.";
}

static void missing_draw(struct sheet *sheet, const struct box *caption, const char *why)
{
    struct box box = { .style = STYLE_SMALL,
                       .x = caption->x + 20,
                       .y = caption->y + HEIGHT / 2.0 - 20,
                       .width = caption->width - 40,
                       .align = ALIGN_CENTRE,
                       .most_lines = 3 };

    sheet_fill(sheet, BAND, caption->x, caption->y + CAPTION, caption->width, HEIGHT - CAPTION);
    sheet_tag(sheet, "P");
    sheet_text(sheet, &box, why);
    sheet_untag(sheet, "P");
}

static void picture_draw(const struct gallery *gallery, const struct box *caption, const char *name)
{
    autotalloc char *path = is_name(name) ? FORMAT(NULL, "%s/%s", gallery->folder, name) : NULL;
    struct picture picture;
    int r = path ? picture_load(path, &picture) : -ENOENT;

    if (r < 0) {
        missing_draw(gallery->sheet, caption, path ? reason(r) : "This receipt is not there any more.");
        return;
    }
    sheet_tag(gallery->sheet, "Figure");
    picture_paint(sheet_cairo(gallery->sheet), &picture, caption->x, caption->y + CAPTION, caption->width,
                  HEIGHT - CAPTION);
    sheet_untag(gallery->sheet, "Figure");
    picture_clear(&picture);
}

void gallery_add(struct gallery *gallery, const char *const *cells)
{
    autotalloc void *ctx = talloc_new(NULL);
    double width = (SHEET_ROOM - (BESIDE - 1) * GAP) / BESIDE;
    int column = gallery->count++ % BESIDE;
    struct box caption = {
        .style = STYLE_CELL, .x = SHEET_LEFT + column * (width + GAP), .width = width, .most_lines = 2
    };

    if (column == 0 && gallery->count > 1)
        sheet_move(gallery->sheet, HEIGHT + GAP);
    if (column == 0)
        sheet_fit(gallery->sheet, HEIGHT);
    if (!sheet_cairo(gallery->sheet))
        return;
    caption.y = sheet_y(gallery->sheet);
    sheet_tag(gallery->sheet, "P");
    sheet_text(gallery->sheet, &caption, text_clean(ctx, cells[0] ? cells[0] : "", 160));
    sheet_untag(gallery->sheet, "P");
    picture_draw(gallery, &caption, cells[1]);
}

void gallery_end(struct gallery *gallery)
{
    if (gallery->count > 0)
        sheet_move(gallery->sheet, HEIGHT + GAP);
}
