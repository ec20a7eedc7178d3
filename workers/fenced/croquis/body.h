/* SPDX-License-Identifier: GPL-3.0-or-later
 * Kinds of bodies: how a figure departs from the eight-head canon. All factors are 1 for the canon. */
#ifndef MILLRACE_CROQUIS_BODY_H
#define MILLRACE_CROQUIS_BODY_H
#include "workers/fenced/croquis/random.h"
#include "workers/fenced/croquis/words.h"
#include <stdbool.h>

struct body {
    const char *names;
    float heads;                       /* height, in heads */
    float shoulder, chest, waist, hip; /* widths */
    float depth;                       /* of the trunk, front to back */
    float limb;                        /* thickness of arms and legs */
    float muscle;                      /* how far muscles stand out; 0: not at all */
    float fat;                         /* heads added all over, more where fat settles */
    float belly;                       /* radius of a belly, in heads; 0: none */
    float stoop;                       /* degrees the back is bent by age */
    float bust, neck;
    bool female;
};

/* A woman's or a man's measures, multiplied into those of the type. */
struct build {
    const char *names;
    float shoulder, chest, waist, hip, limb, muscle, neck, bust;
    bool female;
};

extern const struct words body_words, build_words;

/* The measures of a type (an index into body_words) and a build (build_words), with a seed's small deviations. */
struct body body_make(int type, int build, struct random *random);
#endif
