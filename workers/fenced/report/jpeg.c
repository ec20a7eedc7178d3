/* SPDX-License-Identifier: GPL-3.0-or-later
 * The markers of a JPEG (ITU-T T.81, annex B) and the orientation in its EXIF (CIPA DC-008). Nothing is decoded. */
#include "common/memory.h"
#include "workers/fenced/report/picture.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum marker {
    SOF0 = 0xc0,
    SOF2 = 0xc2,
    DHT = 0xc4,
    DAC = 0xcc,
    SOF15 = 0xcf,
    RST0 = 0xd0,
    RST7 = 0xd7,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    APP0 = 0xe0,
    APP1 = 0xe1,
    APP2 = 0xe2,
    APP14 = 0xee,
    APP15 = 0xef,
    COM = 0xfe,
};

struct walk {
    const unsigned char *bytes;
    size_t length, at;
    struct jpeg *jpeg;
};

static unsigned two(const unsigned char *at, bool little)
{
    return little ? at[0] | (unsigned)at[1] << 8 : (unsigned)at[0] << 8 | at[1];
}

static uint32_t four(const unsigned char *at, bool little)
{
    return little ? two(at, true) | (uint32_t)two(at + 2, true) << 16
                  : (uint32_t)two(at, false) << 16 | two(at + 2, false);
}

/* Of the EXIF's first directory. 1 when it does not say. */
static int exif_turn(const unsigned char *exif, size_t length)
{
    enum { TAG_ORIENTATION = 0x112, ENTRY = 12 };
    bool little;
    uint32_t at;
    unsigned count;

    if (length < 14 || memcmp(exif, "Exif\0", 6) != 0)
        return 1;
    exif += 6;
    length -= 6;
    little = exif[0] == 'I';
    at = four(exif + 4, little);
    if (at > length - 2 || length < 2)
        return 1;
    count = two(exif + at, little);
    for (unsigned i = 0; i < count && at + 2 + (i + 1) * ENTRY <= length; i++) {
        const unsigned char *entry = exif + at + 2 + i * ENTRY;
        unsigned turn = two(entry + 8, little);

        if (two(entry, little) == TAG_ORIENTATION)
            return turn >= 1 && turn <= 8 ? (int)turn : 1;
    }
    return 1;
}

static bool is_kept(enum marker marker)
{
    if (marker == COM)
        return false;
    return marker < APP0 || marker > APP15 || marker == APP0 || marker == APP2 || marker == APP14;
}

static void keep(struct walk *walk, size_t from, size_t to)
{
    memcpy(walk->jpeg->data + walk->jpeg->length, walk->bytes + from, to - from);
    walk->jpeg->length += to - from;
}

/* The frame's head: baseline and progressive, eight bits, as PDF has them. */
static int frame_read(const struct walk *walk, const unsigned char *frame, size_t length)
{
    unsigned parts;

    if (length < 6 || frame[0] != 8 || walk->jpeg->width)
        return -EINVAL;
    walk->jpeg->height = (int)two(frame + 1, false);
    walk->jpeg->width = (int)two(frame + 3, false);
    parts = frame[5];
    if (walk->jpeg->height == 0 || walk->jpeg->width == 0 || (parts != 1 && parts != 3 && parts != 4))
        return -EINVAL;
    if (walk->jpeg->height > PICTURE_SIDE_MAX || walk->jpeg->width > PICTURE_SIDE_MAX ||
        walk->jpeg->height * walk->jpeg->width > PICTURE_JPEG_AREA_MAX)
        return -E2BIG;
    return 0;
}

/* A segment's marker has been read, and stands at from. */
static int segment_read(struct walk *walk, enum marker marker, size_t from)
{
    const unsigned char *body = walk->bytes + walk->at + 2;
    size_t length;

    if (walk->length - walk->at < 2)
        return -EINVAL;
    length = two(walk->bytes + walk->at, false);
    if (length < 2 || length > walk->length - walk->at)
        return -EINVAL;
    walk->at += length;
    if (marker == APP1 && walk->jpeg->turn == 1)
        walk->jpeg->turn = exif_turn(body, length - 2);
    if (is_kept(marker))
        keep(walk, from, walk->at);
    if (marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != DAC)
        return marker > SOF2 ? -EINVAL : frame_read(walk, body, length - 2);
    return 0;
}

/* What follows a scan's head, up to the next marker that is one. */
static void coded_skip(struct walk *walk)
{
    size_t from = walk->at;

    while (walk->at + 1 < walk->length) {
        unsigned char next = walk->bytes[walk->at + 1];

        if (walk->bytes[walk->at] == 0xff && next != 0 && next != 0xff && (next < RST0 || next > RST7))
            break;
        walk->at++;
    }
    keep(walk, from, walk->at);
}

int jpeg_read(void *ctx, const unsigned char *bytes, size_t length, struct jpeg *ret)
{
    struct jpeg jpeg = { .turn = 1 };
    struct walk walk = { .bytes = bytes, .length = length, .at = 2, .jpeg = &jpeg };
    int r = 0;

    if (length < 4 || bytes[0] != 0xff || bytes[1] != SOI)
        return -EINVAL;
    jpeg.data = memory_check(talloc_size(ctx, length));
    keep(&walk, 0, 2);
    while (r == 0 && walk.at + 1 < length) {
        size_t from = walk.at;
        enum marker marker = bytes[walk.at + 1];

        if (bytes[walk.at] != 0xff)
            return -EINVAL;
        if ((int)marker == 0xff) { /* a fill byte */
            walk.at++;
            continue;
        }
        walk.at += 2;
        if (marker == EOI && jpeg.width) {
            keep(&walk, from, walk.at);
            *ret = jpeg;
            return 0;
        }
        r = segment_read(&walk, marker, from);
        if (r == 0 && marker == SOS)
            coded_skip(&walk);
    }
    return r < 0 ? r : -EINVAL;
}
