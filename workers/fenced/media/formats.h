/* SPDX-License-Identifier: GPL-3.0-or-later
 * What media can be made into: one row a format, with the settings of its three qualities. Pure tables and arithmetic,
 * without the libraries. */
#ifndef MILLRACE_MEDIA_FORMATS_H
#define MILLRACE_MEDIA_FORMATS_H
#include <stdbool.h>

enum media_quality { MEDIA_LOW, MEDIA_MEDIUM, MEDIA_HIGH, MEDIA_QUALITIES };

/* How one kind of track is made. */
struct media_coding {
    const char *encoder;                  /* its name in the library; NULL: the format has no such track */
    const char *options[MEDIA_QUALITIES]; /* of the encoder, key=value joined by colons */
    const char *form;                     /* what it takes, as the end of a filter graph */
    bool flat;                            /* it knows nothing transparent: what is becomes white */
};

/* The largest frame of each quality, whichever way it stands. */
struct media_box {
    int longer, shorter;
};

struct media_format {
    const char *name; /* as callers say it */
    const char *muxer, *muxer_options, *file, *type;
    struct media_coding video, audio; /* of a picture: video */
    struct media_box boxes[MEDIA_QUALITIES];
    int frames_per_second; /* at most; 0: one frame, a picture */
};

/* NULL when there is none of that name. */
const struct media_format *media_format_find(const char *name);
/* False when there is none of that name. */
bool media_quality_find(const char *name, enum media_quality *ret);

/* The size that a picture takes in a box: never larger than it was, its proportions kept, both sides whole units
 * (encoders of video want halves of them, so 2), at least one. */
struct media_size {
    int width, height;
};
struct media_size media_fit(struct media_size size, struct media_box box, int unit);
/* The size that is shown: what pixels that are not square, num wide for den high, make of it. Ones or less of either:
 * as if they were square. */
struct media_size media_shown(struct media_size size, int num, int den);
#endif
