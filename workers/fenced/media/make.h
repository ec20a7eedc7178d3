/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file made of an input: its tracks, and the loop that drives them. */
#ifndef MILLRACE_MEDIA_MAKE_H
#define MILLRACE_MEDIA_MAKE_H
#include "workers/fenced/media/track.h"

enum { MEDIA_TRACKS_MAX = 2 };

/* What is to be made. A track whose plan is NULL is left out; one that the input has not is the caller's to see to. */
struct media_order {
    const char *muxer, *muxer_options, *file;
    const struct media_plan *picture; /* of in->video */
    const struct media_plan *sound;   /* of in->audio */
    bool one;                         /* a picture: over when the first one is written */
};

/* What came of it. */
struct media_made {
    struct media_size size; /* 0 by 0: it has no picture */
    int64_t duration;       /* microseconds */
};

/* Make it, with progress. 0; or a negative number, with the job buried or released. */
int media_make(struct job *job, struct media_input *in, const struct media_order *order, struct media_made *ret);
/* Bytes of a file that was made; 0 when it cannot be asked. */
long long media_file_size(const char *file);
#endif
