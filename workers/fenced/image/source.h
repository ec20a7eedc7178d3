/* SPDX-License-Identifier: GPL-3.0-or-later
 * A picture that is being read: rows from the top, as they are stored. JPEG comes from libjpeg (which can give a
 * smaller picture at a fraction of the cost), the other formats from MagickWand, told which format it is to expect. */
#ifndef MILLRACE_IMAGE_SOURCE_H
#define MILLRACE_IMAGE_SOURCE_H
#include "workers/fenced/picture/kind.h"
#include <stdbool.h>

enum source_ink {
    SOURCE_RGB,  /* the fourth byte means nothing */
    SOURCE_RGBA, /* colours not multiplied with alpha */
    SOURCE_CMYK, /* 255: no ink */
};

struct source {
    struct picture_kind kind;
    const char *path;
    const unsigned char *bytes; /* of the file */
    size_t length;
    const char *why; /* it cannot be read */

    /* Known when it is open: */
    unsigned width, height; /* of the rows; smaller than the kind says when source_start() has made it so */
    unsigned orientation;   /* 1..8 */
    enum source_ink ink;
    const unsigned char *colours; /* an ICC profile; NULL: none, so sRGB */
    size_t colours_length;
    const struct source_ways *ways;
    void *reader;
};

struct source_ways {
    int (*open)(struct source *source);
    int (*start)(struct source *source, double shrink);
    int (*row)(struct source *source, unsigned char *row);
};

extern const struct source_ways source_jpeg, source_magick;

/* Read a file's headers. The path is ours, and none that a library could take for more than a path ("a[0]", "b:c").
 * *ret hangs off ctx, and frees with it what the decoder holds. All of these: 0, or -errno with a sentence for whoever
 * sent the picture in why (*ret_why): -ENOTSUP, -EFBIG, -EBADMSG, or what open(2) says. */
int source_open(void *ctx, const char *path, struct source **ret, const char **ret_why);
/* Begin to decode. What is wanted is at most 1/shrink as wide and as high: the rows may be fewer and shorter now, but
 * not below twice that. */
int source_start(struct source *source, double shrink);
/* The next of source->height rows: source->width times four bytes. After a failure there are no more. */
int source_row(struct source *source, unsigned char *row);

/* As return value of a way, with its sentence. */
int source_fail(struct source *source, int r, const char *why);
#endif
