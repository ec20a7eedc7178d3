/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a file from outside is, told from its first bytes and nothing else: never from its name, and without a decoder.
 * Whoever decodes it then names the format itself, so that no library guesses (and finds a script, a document or a
 * list of other files). */
#ifndef MILLRACE_PICTURE_KIND_H
#define MILLRACE_PICTURE_KIND_H
#include <stddef.h>
#include <stdint.h>

enum picture_format { PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP, PICTURE_GIF, PICTURE_FORMATS };

/* The second pair holds for what is decoded as a whole, the first for JPEG, which is decoded row by row, and smaller
 * where that will do. ImageMagick as Debian sets it up would take little more than the second. */
enum {
    PICTURE_BYTES = 32 << 20, /* of a file that is taken in */
    PICTURE_JPEG_SIDE = 30000,
    PICTURE_JPEG_PIXELS = 120 * 1000 * 1000,
    PICTURE_SIDE = 16000,
    PICTURE_PIXELS = 32 * 1000 * 1000,
};

struct picture_kind {
    enum picture_format format;
    uint32_t width, height; /* of its canvas, as its header says */
};

/* 0; or -ENOTSUP: none of these formats; -EBADMSG: it is one, but its header is cut short or makes no sense; -EFBIG:
 * more pixels than any picture here may have. In both last cases ret->format is set. */
int picture_kind_of(const unsigned char *bytes, size_t length, struct picture_kind *ret);

/* "JPEG", and "image/jpeg". */
const char *picture_format_name(enum picture_format format);
const char *picture_format_type(enum picture_format format);

/* Which way up: 1..8 as the tag Orientation of Exif (TIFF 6.0) has it; 1 when exif, a TIFF structure perhaps behind the
 * six bytes of a JPEG's segment, does not say or is broken. */
unsigned picture_orientation(const unsigned char *exif, size_t length);
/* The same of a whole JPEG file. */
unsigned picture_jpeg_orientation(const unsigned char *bytes, size_t length);
#endif
