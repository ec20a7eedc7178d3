/* SPDX-License-Identifier: GPL-3.0-or-later
 * Scaling a part of a picture, row by row as a decoder gives them, so that memory grows with the result and not with
 * the picture. Lanczos' filter, three lobes; smaller pictures average all that falls into a pixel. */
#ifndef MILLRACE_IMAGE_RESIZE_H
#define MILLRACE_IMAGE_RESIZE_H

/* Four values of a pixel, 0..255 each; with alpha, the other three are multiplied with it. */
typedef float pixel __attribute__((vector_size(16)));

struct resize;

/* A part of a picture, in its pixels: need not begin or end on one. */
struct area {
    double left, top, width, height;
};

/* Of rows of in_width pixels, in_height of them, the part from to out_width times out_height pixels. On ctx. */
struct resize *resize_new(void *ctx, unsigned in_width, unsigned in_height, struct area from, unsigned out_width,
                          unsigned out_height);
/* The next row, from the top. */
void resize_row(struct resize *resize, const pixel *row);
/* When all rows have been given: out_width times out_height pixels, which may lie a little outside 0..255. */
const pixel *resize_result(const struct resize *resize);
#endif
