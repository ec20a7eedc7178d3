/* SPDX-License-Identifier: GPL-3.0-or-later
 * A finished picture in memory: four bytes a pixel, red, green, blue and one that means nothing. */
#ifndef MILLRACE_IMAGE_RASTER_H
#define MILLRACE_IMAGE_RASTER_H
#include "workers/fenced/image/resize.h"
#include <stdbool.h>

struct raster {
    unsigned width, height;
    unsigned char *pixels;
};

enum { RASTER_QUALITY = 86 };

/* Its pixels hang off ctx. */
struct raster raster_new(void *ctx, unsigned width, unsigned height);
/* As many pixels as it has; where they are transparent white shows through. */
void raster_fill(struct raster *raster, const pixel *pixels, bool transparent);
/* Another one that is upright, of one stored as the orientation (1..8) says. */
struct raster raster_turn(const struct raster *raster, void *ctx, unsigned orientation);
/* Spread what lies between the darkest and the lightest two hundredth part of its pixels over the whole range, all
 * three colours alike. One that is all but of one colour stays as it is. */
void raster_stretch(struct raster *raster);
/* As a JPEG file, which is not there yet. 0, or -EIO. */
int raster_write(const struct raster *raster, const char *name);
#endif
