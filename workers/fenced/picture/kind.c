/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/picture/kind.h"
#include "common/memory.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static uint32_t big(const unsigned char *bytes, size_t n)
{
    uint32_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t little(const unsigned char *bytes, size_t n)
{
    uint32_t value = 0;

    while (n-- > 0)
        value = value << 8 | bytes[n];
    return value;
}

/* ---- sizes: false when the header does not tell ---- */

/* Segments up to the one that begins a frame. */
static bool jpeg_size(const unsigned char *bytes, size_t length, struct picture_kind *ret)
{
    size_t at = 2;

    while (at + 4 <= length && bytes[at] == 0xff) {
        unsigned marker = bytes[at + 1];
        bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;

        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        if (frame && at + 9 <= length) {
            ret->height = big(bytes + at + 5, 2);
            ret->width = big(bytes + at + 7, 2);
            return true;
        }
        if (frame || marker == 0xd9 || marker == 0xda)
            return false;
        at += marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8) ? 2 : 2 + big(bytes + at + 2, 2);
    }
    return false;
}

static bool png_size(const unsigned char *bytes, size_t length, struct picture_kind *ret)
{
    if (length < 33 || memcmp(bytes + 8, "\0\0\0\15IHDR", 8) != 0)
        return false;
    ret->width = big(bytes + 16, 4);
    ret->height = big(bytes + 20, 4);
    return true;
}

static bool gif_size(const unsigned char *bytes, size_t length, struct picture_kind *ret)
{
    if (length < 13)
        return false;
    ret->width = little(bytes + 6, 2);
    ret->height = little(bytes + 8, 2);
    return true;
}

/* The first chunk: lossy, lossless or extended (RFC 9649). */
static bool webp_size(const unsigned char *bytes, size_t length, struct picture_kind *ret)
{
    if (length < 30)
        return false;
    if (!memcmp(bytes + 12, "VP8X", 4)) {
        ret->width = 1 + little(bytes + 24, 3);
        ret->height = 1 + little(bytes + 27, 3);
    } else if (!memcmp(bytes + 12, "VP8L", 4) && bytes[20] == 0x2f) {
        ret->width = 1 + (little(bytes + 21, 4) & 0x3fff);
        ret->height = 1 + (little(bytes + 21, 4) >> 14 & 0x3fff);
    } else if (!memcmp(bytes + 12, "VP8 ", 4) && !memcmp(bytes + 23, "\x9d\x01\x2a", 3)) {
        ret->width = little(bytes + 26, 2) & 0x3fff;
        ret->height = little(bytes + 28, 2) & 0x3fff;
    } else {
        return false;
    }
    return true;
}

static const struct {
    const char *name, *type;
    const char *magic; /* a dot stands for any byte */
    size_t magic_length;
    bool (*size)(const unsigned char *bytes, size_t length, struct picture_kind *ret);
    uint32_t side, pixels;
} formats[PICTURE_FORMATS] = {
    [PICTURE_JPEG] = { "JPEG", "image/jpeg", "\xff\xd8\xff", 3, jpeg_size, PICTURE_JPEG_SIDE, PICTURE_JPEG_PIXELS },
    [PICTURE_PNG] = { "PNG", "image/png", "\x89PNG\r\n\x1a\n", 8, png_size, PICTURE_SIDE, PICTURE_PIXELS },
    [PICTURE_WEBP] = { "WEBP", "image/webp", "RIFF....WEBP", 12, webp_size, PICTURE_SIDE, PICTURE_PIXELS },
    [PICTURE_GIF] = { "GIF", "image/gif", "GIF8.a", 6, gif_size, PICTURE_SIDE, PICTURE_PIXELS },
};

static bool begins(const unsigned char *bytes, size_t length, const char *magic, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (i >= length || (magic[i] != '.' && bytes[i] != (unsigned char)magic[i]))
            return false;
    return true;
}

int picture_kind_of(const unsigned char *bytes, size_t length, struct picture_kind *ret)
{
    for (size_t i = 0; i < ELEMENTS(formats); i++) {
        if (!begins(bytes, length, formats[i].magic, formats[i].magic_length))
            continue;
        *ret = (struct picture_kind){ .format = (enum picture_format)i };
        if (!formats[i].size(bytes, length, ret) || ret->width == 0 || ret->height == 0)
            return -EBADMSG;
        if (ret->width > formats[i].side || ret->height > formats[i].side ||
            (uint64_t)ret->width * ret->height > formats[i].pixels)
            return -EFBIG;
        return 0;
    }
    return -ENOTSUP;
}

const char *picture_format_name(enum picture_format format)
{
    return formats[format].name;
}

const char *picture_format_type(enum picture_format format)
{
    return formats[format].type;
}

/* ---- which way up ---- */

enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };

unsigned picture_orientation(const unsigned char *exif, size_t length)
{
    uint32_t (*number)(const unsigned char *, size_t), at, entries;

    if (length >= 6 && !memcmp(exif, "Exif\0", 6)) {
        exif += 6;
        length -= 6;
    }
    if (length < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 1;
    number = exif[0] == 'I' ? little : big;
    at = number(exif + 4, 4);
    if (at > length || length - at < 2)
        return 1;
    entries = number(exif + at, 2);
    at += 2;
    for (uint32_t i = 0; i < entries && length - at >= ENTRY; i++, at += ENTRY) {
        uint32_t value = number(exif + at + 8, 2);

        if (number(exif + at, 2) == ORIENTATION && number(exif + at + 2, 2) == SHORT && value >= 1 && value <= 8)
            return value;
    }
    return 1;
}

unsigned picture_jpeg_orientation(const unsigned char *bytes, size_t length)
{
    size_t at = 2;

    while (at + 4 <= length && bytes[at] == 0xff && bytes[at + 1] != 0xda && bytes[at + 1] != 0xd9) {
        const size_t segment = big(bytes + at + 2, 2);

        if (bytes[at + 1] == 0xe1 && segment >= 8 && at + 2 + segment <= length && !memcmp(bytes + at + 4, "Exif\0", 6))
            return picture_orientation(bytes + at + 4, segment - 2);
        at += bytes[at + 1] == 0xff ? 1 : 2 + segment;
    }
    return 1;
}
