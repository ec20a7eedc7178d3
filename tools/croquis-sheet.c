/* SPDX-License-Identifier: GPL-3.0-or-later
 * Contact sheets of what the croquis model draws, to look at while working on it; not installed. From the top:
 *   cc -std=gnu17 -O2 -I. -include common/banned.h -o /tmp/sheet tools/croquis-sheet.c \
 *      $(ls workers/fenced/croquis/[!f]*.c workers/fenced/croquis/f[!i]*.c) common/memory.c $(pkg-config --cflags
 * --libs cairo talloc) -lm /tmp/sheet OUT.png CELL COLUMNS SEED [key=value...] A key is prompt, pose, body, lighting,
 * clothing, background; a value of + runs through all words of that vocabulary, one drawing each. Without a + there are
 * n=COUNT drawings with seeds from SEED. */
#include "common/memory.h"
#include "workers/fenced/croquis/croquis.h"

struct sheet {
    struct croquis_request rq;
    int over; /* vocabulary run through, or -1 */
    int count;
};

static const struct {
    const char *key;
    size_t at;
    int vocabulary;
} keys[] = {
    { "prompt", offsetof(struct croquis_request, prompt), CROQUIS_MEDIUM },
    { "body", offsetof(struct croquis_request, body_type), CROQUIS_BODY },
    { "pose", offsetof(struct croquis_request, pose), CROQUIS_POSE },
    { "lighting", offsetof(struct croquis_request, lighting), CROQUIS_LIGHTING },
    { "clothing", offsetof(struct croquis_request, clothing), CROQUIS_CLOTHING },
    { "background", offsetof(struct croquis_request, background), CROQUIS_BACKGROUND },
};

static void option(struct sheet *sheet, const char *text)
{
    if (!strncmp(text, "n=", 2))
        sheet->count = (int)strtol(text + 2, NULL, 10);
    for (size_t i = 0; i < ELEMENTS(keys); i++) {
        size_t l = strlen(keys[i].key);

        if (strncmp(text, keys[i].key, l) || text[l] != '=')
            continue;
        if (!strcmp(text + l + 1, "+"))
            sheet->over = (int)i;
        else
            *(const char **)(void *)((char *)&sheet->rq + keys[i].at) = text + l + 1;
    }
}

/* The i-th drawing's request; false past the last. */
static int request(struct sheet *sheet, int i)
{
    const char *names;

    if (sheet->over < 0)
        return i < sheet->count;
    names = croquis_names((enum croquis_vocabulary)keys[sheet->over].vocabulary, (size_t)i);
    if (!names)
        return 0;
    *(const char **)(void *)((char *)&sheet->rq + keys[sheet->over].at) = strndup(names, strcspn(names, " "));
    return 1;
}

int main(int argc, char **argv)
{
    struct sheet sheet = { .over = -1, .count = 12 };
    int columns, rows = 0, cell, total = 0;
    cairo_surface_t *out, *one;
    cairo_t *cr;

    if (argc < 5)
        return 2;
    cell = (int)strtol(argv[2], NULL, 10);
    columns = (int)strtol(argv[3], NULL, 10);
    sheet.rq.seed = strtoull(argv[4], NULL, 10);
    for (int i = 5; i < argc; i++)
        option(&sheet, argv[i]);
    while (request(&sheet, total))
        total++;
    rows = (total + columns - 1) / columns;
    sheet.rq.width = sheet.rq.height = cell;
    out = cairo_image_surface_create(CAIRO_FORMAT_RGB24, cell * columns, cell * rows);
    cr = cairo_create(out);
    for (int i = 0; i < total; i++) {
        struct croquis_request rq;

        request(&sheet, i);
        rq = sheet.rq;
        rq.seed += (uint64_t)i;
        if (croquis_draw(&rq, &one) < 0)
            return 1;
        cairo_set_source_surface(cr, one, cell * (i % columns), cell * (i / columns));
        cairo_paint(cr);
        cairo_surface_destroy(one);
    }
    cairo_destroy(cr);
    return cairo_surface_write_to_png(out, argv[1]) != CAIRO_STATUS_SUCCESS;
}
