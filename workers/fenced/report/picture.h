/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures that go into a document. Of a JPEG the coded data is taken over as it is, without what says where and with
 * what it was taken; PNG and WebP are decoded, and made smaller when they have more than a page can show. */
#ifndef MILLRACE_REPORT_PICTURE_H
#define MILLRACE_REPORT_PICTURE_H
#include <cairo.h>
#include <stddef.h>

enum {
    PICTURE_SIDE_MAX = 16000,
    PICTURE_JPEG_AREA_MAX = 64 << 20, /* pixels */
    PICTURE_PNG_AREA_MAX = 24 << 20,  /* of WebP as well */
    PICTURE_PNG_SIDE = 1600,          /* made smaller beyond */
};

/* What a JPEG says of itself. */
struct jpeg {
    int width, height;   /* as coded */
    int turn;            /* EXIF orientation, 1..8 */
    unsigned char *data; /* without EXIF, comments and what follows its end */
    size_t length;
};

struct picture {
    cairo_surface_t *surface;
    int width, height; /* as it is to be seen */
    int turn;
};

/* Read a whole JPEG in memory: ret->data on ctx. -EINVAL: it is none that a document can hold, or has no end; -E2BIG.
 */
int jpeg_read(void *ctx, const unsigned char *bytes, size_t length, struct jpeg *ret);
/* -EINVAL: no JPEG, PNG or WebP; -E2BIG; -EIO. Give it back with picture_clear(). */
int picture_load(const char *path, struct picture *ret);
void picture_clear(struct picture *picture);
/* Paint it upright, as large as it goes into the box, in the middle of its top. */
void picture_paint(cairo_t *cr, const struct picture *picture, double x, double y, double width, double height);
#endif
