/* SPDX-License-Identifier: GPL-3.0-or-later
 * A drawing in the making, handed from one painter to the next. */
#ifndef MILLRACE_CROQUIS_DRAWING_H
#define MILLRACE_CROQUIS_DRAWING_H
#include "workers/fenced/croquis/clothes.h"
#include "workers/fenced/croquis/look.h"
#include <cairo.h>

struct colour {
    float r, g, b;
};

/* Where the light comes from, and what it leaves. Angles in degrees: azimuth 0 from behind the viewer, 90 from a side
 * (the seed says which), 180 from behind the figure. */
struct lighting {
    const char *names;
    float azimuth, elevation;
    float ambient, key, rim, fill; /* strengths; rim: on edges, fill: from the other side */
    float core;                    /* how dark the edge of the shadow is against the shadow */
    float soft;                    /* width of a shadow's edge, in heads */
    float contrast;
    bool night; /* wants a medium of white on dark */
};

/* Paper and what is drawn on it with. */
struct medium {
    const char *names;
    struct colour paper, dark, light, line, guide;
    float value;              /* of the paper, 0..1: what is darker is drawn dark, what is lighter in light */
    float wash, hatch, chalk; /* strengths of tone rubbed in, strokes, and lights */
    float line_width;
    float grain;
    bool night;
};

struct drawing {
    cairo_t *cr;
    int width, height;
    float unit; /* pixels of a stroke that is 1 wide on a picture 1024 high */
    uint64_t seed;
    const struct scene *scene;
    const struct skeleton *skeleton;
    const struct body *body;
    const struct clothing *clothing;
    const struct lighting *lighting;
    const struct medium *medium;
    const struct look *look, *light; /* from the eye; from the light */
    vec3 to_light;
    float *value; /* how light each pixel's surface is, 0..1; beside the figure: the ground, 1 where unshaded */
};

/* Streams of chance (random_stream). */
enum aspect {
    ASPECT_CHOICE,
    ASPECT_BODY,
    ASPECT_POSE,
    ASPECT_VIEW,
    ASPECT_CLOTHES,
    ASPECT_LIGHT,
    ASPECT_GUIDES,
    ASPECT_SCENERY,
    ASPECT_HATCH,
    ASPECT_LINES,
    ASPECT_GROUND
};

extern const struct words lighting_words, medium_words, scenery_words;
const struct lighting *lighting_get(int row);
const struct medium *medium_get(int row);

/* shade.c: fill value. */
void shade(void *ctx, struct drawing *drawing);
/* tone.c: rub the values in; the ground's, then the figure's. */
void tone_ground(struct drawing *drawing);
void tone_figure(struct drawing *drawing);
/* The figure's silhouette as an A8 surface, the caller's. */
cairo_surface_t *tone_mask(const struct drawing *drawing);
/* hatch.c: strokes along the form, and on the ground. */
void hatch(struct drawing *drawing);
/* contour.c */
void contour(void *ctx, struct drawing *drawing);
/* surface.c: places on the figure's surface. Where a ray from a place meets it within reach; false when it misses. */
bool surface_find(const struct drawing *drawing, vec3 from, vec3 way, float reach, vec3 *ret);
/* Stroke a line through places on the surface, in the present colour, wherever it can be seen. */
void surface_stroke(struct drawing *drawing, const vec3 *at, int count, float width);
/* A ring round a bone at height y (as bone_at sees it), from one angle to another (degrees; 0 is its front). */
void surface_ring(struct drawing *drawing, enum side side, enum bone bone, float y, float from, float to, float width);
/* guides.c: construction, under the figure and on it. */
void guides_under(struct drawing *drawing);
void guides_over(struct drawing *drawing);
/* features.c: eyes, mouth, seams and buttons. */
void features(struct drawing *drawing);
/* scenery.c */
void scenery(struct drawing *drawing, int row);

/* pencil.c: lines as a hand draws them. */
void pencil_colour(struct drawing *drawing, struct colour colour, float alpha);
void pencil_line(struct drawing *drawing, struct random *random, float x0, float y0, float x1, float y1, float width);
void pencil_ellipse(struct drawing *drawing, struct random *random, float x, float y, float rx, float ry, float angle,
                    float width);
/* A line between two places in the world; nothing when either lies behind the viewer. */
void pencil_edge(struct drawing *drawing, struct random *random, vec3 a, vec3 b, float width);
/* A ribbon through count points, as wide as widths (pixels) say, in the present colour. */
void pencil_ribbon(struct drawing *drawing, const float *xs, const float *ys, const float *widths, int count);
/* Add a place to the present path; false when it lies behind the viewer. */
bool pencil_to(struct drawing *drawing, vec3 at);
#endif
