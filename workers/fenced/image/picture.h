/* SPDX-License-Identifier: GPL-3.0-or-later
 * Smaller pictures of a picture from outside: decoded once, however many are wanted, upright, in sRGB, on white where
 * it was transparent, and with nothing of the file's other contents (place, camera, thumbnails, comments). They are
 * JPEG. */
#ifndef MILLRACE_IMAGE_PICTURE_H
#define MILLRACE_IMAGE_PICTURE_H
#include "queue/job.h"
#include "workers/fenced/picture/kind.h"

enum { PICTURE_BOX_MAX = 4096 };

enum picture_fit {
    PICTURE_INSIDE, /* as large as fits into the box, never larger than it was */
    PICTURE_FILL,   /* exactly the box: what is longer is cut at both ends, what is smaller is enlarged */
};

/* A picture to be made, and what became of it. */
struct picture_output {
    const char *name; /* of the file to write */
    unsigned width, height;
    enum picture_fit fit;
    bool stretch; /* light and dark to the full range */
    unsigned made_width, made_height;
};

/* What was found; upright. */
struct picture_found {
    const char *type; /* image/jpeg */
    unsigned width, height;
};

/* in: a path of ours, see source_open(). 0, or the job is buried with a sentence for its owner. */
int picture_make(struct job *job, const char *in, struct picture_output *outputs, size_t n, struct picture_found *ret);
#endif
