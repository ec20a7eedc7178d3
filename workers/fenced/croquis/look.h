/* SPDX-License-Identifier: GPL-3.0-or-later
 * Looking at a scene: what each pixel sees. */
#ifndef MILLRACE_CROQUIS_LOOK_H
#define MILLRACE_CROQUIS_LOOK_H
#include "workers/fenced/croquis/camera.h"

struct sample {
    float depth; /* 0: nothing there */
    vec3 normal;
    float open; /* 1: nothing near; towards 0 in creases */
    uint16_t volume;
    uint8_t layer, limb;
};

struct look {
    const struct scene *scene;
    struct camera camera;
    int width, height;
    struct sample *samples; /* row by row; hangs off the look */
};

/* Allocated on ctx. Without detail only depths are found. */
struct look *look_at(void *ctx, const struct scene *scene, const struct camera *camera, int width, int height,
                     bool detail);

static inline const struct sample *look_sample(const struct look *look, int x, int y)
{
    return &look->samples[(size_t)y * (size_t)look->width + (size_t)x];
}

/* As look_sample, NULL when there is nothing or it is outside. */
static inline const struct sample *look_hit(const struct look *look, float x, float y)
{
    const struct sample *s;

    if (x < 0 || y < 0 || x >= (float)look->width || y >= (float)look->height)
        return NULL;
    s = look_sample(look, (int)x, (int)y);
    return s->depth > 0 ? s : NULL;
}

/* Where a pixel's sample lies in the world. */
vec3 look_place(const struct look *look, float x, float y, float depth);
#endif
