/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/finish.h"
#include "common/memory.h"
#include "workers/fenced/croquis/random.h"
#include <errno.h>
#include <unistd.h>
/* The library's own headers are not written to our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <wand/MagickWand.h>
#pragma GCC diagnostic pop

enum { TILE = 256, COLOURS = 256 };

static void wand_free(MagickWand **wand)
{
    if (*wand)
        DestroyMagickWand(*wand);
}
#define autowand __attribute__((cleanup(wand_free)))

void finish_start(void)
{
    MagickWandGenesis();
    MagickSetResourceLimit(ThreadResource, 1);
}

void finish_stop(void)
{
    MagickWandTerminus();
}

/* A piece of laid paper that repeats: grey of the middle, with fibres and a faint ribbing. */
static MagickWand *paper_tile(uint64_t seed)
{
    autotalloc unsigned char *grey = memory_check(talloc_array(NULL, unsigned char, TILE *TILE));
    MagickWand *wand = NewMagickWand();

    for (int y = 0; y < TILE; y++)
        for (int x = 0; x < TILE; x++) {
            float fibre = random_at(x, y, (uint32_t)seed) + random_at(x / 2, y, (uint32_t)seed + 1) - 1;
            float rib = y % 8 < 2 ? 0.12f : -0.04f;

            grey[y * TILE + x] = (unsigned char)(127.5f + 56 * (fibre + rib));
        }
    if (!MagickConstituteImage(wand, TILE, TILE, "I", CharPixel, grey) || !MagickBlurImage(wand, 2, 0.7)) {
        DestroyMagickWand(wand);
        return NULL;
    }
    return wand;
}

/* Lay the paper's texture over the picture, weak enough to be felt more than seen. */
static int lay_paper(MagickWand *picture, uint64_t seed)
{
    autowand MagickWand *tile = paper_tile(seed), *sheet = NULL;

    if (!tile)
        return -EIO;
    sheet = MagickTextureImage(picture, tile);
    if (!sheet || !MagickCompositeImage(picture, sheet, SoftLightCompositeOp, 0, 0))
        return -EIO;
    return 0;
}

static int picture_read(cairo_surface_t *drawing, MagickWand *wand)
{
    int width = cairo_image_surface_get_width(drawing), height = cairo_image_surface_get_height(drawing);

    /* Cairo's ARGB32 is one native word a pixel; rows of such surfaces have no padding. */
    if (cairo_image_surface_get_stride(drawing) != width * 4)
        return -EINVAL;
    if (!MagickConstituteImage(wand, (size_t)width, (size_t)height, "BGRP", CharPixel,
                               cairo_image_surface_get_data(drawing)))
        return -EIO;
    return 0;
}

/* Dates and comments would make equal pictures unequal. */
static int picture_write(MagickWand *wand, const char *format, size_t quality, const char *path)
{
    MagickStripImage(wand);
    MagickSetOption(wand, "png:exclude-chunk", "date,time,tEXt,zTXt");
    if (!MagickSetImageFormat(wand, format) || !MagickSetImageCompressionQuality(wand, quality) ||
        !MagickWriteImage(wand, path)) {
        unlink(path);
        return -EIO;
    }
    return 0;
}

static int thumbnail_write(MagickWand *picture, const char *path)
{
    autowand MagickWand *small = CloneMagickWand(picture);
    size_t width = MagickGetImageWidth(picture), height = MagickGetImageHeight(picture);
    size_t larger = width > height ? width : height;

    if (!small || !MagickResizeImage(small, width * CROQUIS_THUMBNAIL / larger + (width * CROQUIS_THUMBNAIL < larger),
                                     height * CROQUIS_THUMBNAIL / larger + (height * CROQUIS_THUMBNAIL < larger),
                                     TriangleFilter, 1))
        return -EIO;
    return picture_write(small, "JPEG", CROQUIS_THUMBNAIL_QUALITY, path);
}

int finish_write(cairo_surface_t *drawing, uint64_t seed, const char *png, const char *thumbnail)
{
    autowand MagickWand *picture = NULL;
    int r;

    if (cairo_surface_get_type(drawing) != CAIRO_SURFACE_TYPE_IMAGE ||
        cairo_image_surface_get_format(drawing) != CAIRO_FORMAT_ARGB32)
        return -EINVAL;
    cairo_surface_flush(drawing);
    picture = NewMagickWand();
    r = picture_read(drawing, picture);
    if (r >= 0)
        r = lay_paper(picture, seed);
    if (r >= 0 && !MagickSigmoidalContrastImage(picture, MagickTrue, 1.6, QuantumRange * 0.55))
        r = -EIO;
    if (r >= 0)
        r = thumbnail_write(picture, thumbnail);
    /* A drawing has few colours: a palette a third of the size, and none would tell. */
    if (r >= 0 && !MagickQuantizeImage(picture, COLOURS, sRGBColorspace, 0, MagickFalse, MagickFalse))
        r = -EIO;
    if (r >= 0)
        r = picture_write(picture, "PNG", 60, png);
    if (r < 0)
        unlink(thumbnail);
    return r;
}
