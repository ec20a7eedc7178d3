/* SPDX-License-Identifier: GPL-3.0-or-later
 * PNG, WebP and GIF by MagickWand. The format is put before the data, so that the library does not choose a decoder by
 * what the bytes look like; its limits stand below what the header has been allowed. */
#include "common/memory.h"
#include "common/text.h"
#include "workers/fenced/image/source.h"
#include "workers/fenced/image/wand.h"
#include <errno.h>

enum { MIB = 1 << 20 };

struct reader {
    MagickWand *wand;
    unsigned row;
    unsigned char *colours; /* from the library */
};

/* Over the limits the library would go on in files: there are none to be. */
static const struct {
    ResourceType resource;
    MagickSizeType limit;
} limits[] = {
    { ThreadResource, 1 },
    { WidthResource, PICTURE_SIDE },
    { HeightResource, PICTURE_SIDE },
    { AreaResource, 2ULL * PICTURE_PIXELS }, /* of all that it has at a time */
    { MemoryResource, 8ULL * PICTURE_PIXELS + 16 * MIB },
    { MapResource, 0 },
    { DiskResource, 0 },
    { ListLengthResource, 4 },
};

static void begin_once(void)
{
    static bool begun;

    if (begun)
        return;
    MagickWandGenesis();
    for (size_t i = 0; i < ELEMENTS(limits); i++)
        MagickSetResourceLimit(limits[i].resource, limits[i].limit);
    begun = true;
}

static int reader_free(struct reader *reader)
{
    if (reader->colours)
        MagickRelinquishMemory(reader->colours);
    DestroyMagickWand(reader->wand);
    return 0;
}

static int magick_open(struct source *source)
{
    struct reader *reader = NEW(source, struct reader);

    begin_once();
    reader->wand = NewMagickWand();
    talloc_set_destructor(reader, reader_free);
    source->reader = reader;
    source->ink = SOURCE_RGBA;
    return 0;
}

/* The library's own sentence, without the names of files, ours and its own. */
static int magick_fail(struct source *source)
{
    struct reader *reader = source->reader;
    ExceptionType severity;
    char *text = MagickGetException(reader->wand, &severity);
    const size_t length = strcspn(text, "`@");
    char *why =
        length ? FORMAT(source, "it cannot be decoded: %.*s", (int)length, text) : COPY(source, "it cannot be decoded");

    MagickRelinquishMemory(text);
    return source_fail(source, -EBADMSG, text_trim(why));
}

static unsigned orientation_of(MagickWand *wand)
{
    size_t length = 0;
    unsigned char *exif = MagickGetImageProfile(wand, "exif", &length);
    unsigned orientation = exif ? picture_orientation(exif, length) : 1;

    if (exif)
        MagickRelinquishMemory(exif);
    return orientation;
}

/* Headers do not say which way up: that is known when all is decoded. */
static int magick_start(struct source *source, double shrink)
{
    struct reader *reader = source->reader;
    const char *format = picture_format_name(source->kind.format);
    size_t width, height;

    (void)shrink;
    if (!MagickReadImage(reader->wand, FORMAT(source, "%s:%s[0]", format, source->path)) ||
        MagickGetExceptionType(reader->wand) >= ErrorException)
        return magick_fail(source);
    MagickSetFirstIterator(reader->wand);
    width = MagickGetImageWidth(reader->wand);
    height = MagickGetImageHeight(reader->wand);
    if (width == 0 || height == 0 || width > PICTURE_SIDE || height > PICTURE_SIDE)
        return source_fail(source, -EBADMSG, "it contradicts itself about its size");
    source->width = (unsigned)width;
    source->height = (unsigned)height;
    source->orientation = orientation_of(reader->wand);
    reader->colours = MagickGetImageProfile(reader->wand, "icc", &source->colours_length);
    source->colours = reader->colours;
    if (!reader->colours && !MagickTransformImageColorspace(reader->wand, sRGBColorspace))
        return magick_fail(source);
    return 0;
}

static int magick_row(struct source *source, unsigned char *row)
{
    struct reader *reader = source->reader;

    if (!MagickExportImagePixels(reader->wand, 0, (ssize_t)reader->row, source->width, 1, "RGBA", CharPixel, row))
        return magick_fail(source);
    reader->row++;
    return 0;
}

const struct source_ways source_magick = { .open = magick_open, .start = magick_start, .row = magick_row };
