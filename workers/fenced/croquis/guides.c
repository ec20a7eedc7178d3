/* SPDX-License-Identifier: GPL-3.0-or-later
 * Construction: what a teacher draws first. Under the figure its line of action, masses, joints and the measure in
 * heads; on a mannequin the lines that run over the form. */
#include "common/memory.h"
#include "workers/fenced/croquis/drawing.h"

/* Masses as ellipses: across a bone at a place, with radii along its x and y. */
static const struct {
    struct place at;
    float rx, ry;
} masses[] = {
    { { SKULL, 0, 0.1f, -0.04f }, 0.42f, 0.42f },
    { { SKULL, 0, -0.02f, 0 }, 0.36f, 0.52f },
    { { CHEST, 0, 0, 0 }, 0.74f, 0.96f },
    { { PELVIS, 0, -0.04f, 0 }, 0.72f, 0.5f },
};

/* Axes from joint to joint. */
static const struct {
    struct place a, b;
} axes[] = {
    { { UPPER_ARM, 0, 0, 0 }, { FOREARM, 0, 0, 0 } }, { { FOREARM, 0, 0, 0 }, { HAND, 0, 0, 0 } },
    { { HAND, 0, 0, 0 }, { HAND, 0, 0.7f, 0 } },      { { THIGH, 0, 0, 0 }, { SHIN, 0, 0, 0 } },
    { { SHIN, 0, 0, 0 }, { FOOT, 0, 0, 0 } },         { { FOOT, 0, 0, -0.2f }, { TOES, 0, 0, 0.3f } },
};

static const struct {
    struct place at;
    float radius;
} knots[] = {
    { { UPPER_ARM, 0, 0, 0 }, 0.24f }, { { FOREARM, 0, 0, 0 }, 0.17f }, { { HAND, 0, 0, 0 }, 0.12f },
    { { THIGH, 0, 0, 0 }, 0.3f },      { { SHIN, 0, 0, 0 }, 0.24f },    { { FOOT, 0, 0, 0 }, 0.15f },
};

static void guide_mass(struct drawing *d, struct random *random, size_t i)
{
    const struct bone_frame *bone = &d->skeleton->bones[LEFT][masses[i].at.bone];
    vec3 at = place_at(d->skeleton, LEFT, masses[i].at);
    float x, y, depth, s, angle, turned = hypotf(bone->f.x.x, bone->f.x.y);

    if (!camera_project(&d->look->camera, at, &x, &y, &depth))
        return;
    s = camera_scale(&d->look->camera, depth);
    angle = atan2f(bone->f.y.x, bone->f.y.y);
    pencil_ellipse(d, random, x, y, masses[i].rx * s * (0.72f + 0.28f * turned),
                   masses[i].ry * s * maxf(0.5f, hypotf(bone->f.y.x, bone->f.y.y)), angle, 0.9f);
}

/* The line of action: down the spine and out along the leg that carries, past its foot. */
static void guide_action(struct drawing *d)
{
    const struct bone_frame *l = d->skeleton->bones[LEFT], *r = d->skeleton->bones[RIGHT];
    const struct bone_frame *leg = l[FOOT].f.o.y < r[FOOT].f.o.y ? l : r;
    vec3 at[7] = { bone_at(&l[SKULL], 0, 0.9f, -0.1f),
                   l[SKULL].f.o,
                   l[CHEST].f.o,
                   l[PELVIS].f.o,
                   leg[SHIN].f.o,
                   leg[FOOT].f.o,
                   along(leg[FOOT].f.o, leg[SHIN].f.y, 0.5f) };
    float x[7], y[7], depth;

    for (int i = 0; i < 7; i++)
        if (!camera_project(&d->look->camera, at[i], &x[i], &y[i], &depth))
            return;
    cairo_set_line_width(d->cr, 2.2 * d->unit);
    cairo_new_path(d->cr);
    cairo_move_to(d->cr, x[0], y[0]);
    for (int i = 1; i + 1 < 7; i++) {
        float mx = 0.5f * (x[i] + x[i + 1]), my = 0.5f * (y[i] + y[i + 1]);
        double cx, cy;

        cairo_get_current_point(d->cr, &cx, &cy);
        cairo_curve_to(d->cr, cx + (x[i] - cx) * 2 / 3, cy + (y[i] - cy) * 2 / 3, mx + (x[i] - mx) * 2 / 3,
                       my + (y[i] - my) * 2 / 3, mx, my);
    }
    cairo_stroke(d->cr);
}

/* A scale beside the figure, a mark each head from the ground. */
static void guide_measure(struct drawing *d, struct random *random)
{
    vec3 top = bone_at(&d->skeleton->bones[LEFT][SKULL], 0, 0.5f, 0);
    float x = 0.075f * (float)d->width, x0, y0, y1, depth;

    if (top.y < 5.5f || !camera_project(&d->look->camera, vec(0, 0, 0), &x0, &y0, &depth) ||
        !camera_project(&d->look->camera, vec(0, top.y, 0), &x0, &y1, &depth))
        return;
    pencil_line(d, random, x, y0, x, y1, 0.8f);
    for (int i = 0; (float)i <= top.y + 0.02f; i++) {
        float y = y1 + (y0 - y1) * (float)i / top.y, long_ = (i % 4 == 0 ? 22.0f : 13.0f) * d->unit;

        pencil_line(d, random, x - long_, y, x + long_, y, 0.9f);
    }
}

void guides_under(struct drawing *d)
{
    struct random random = random_stream(d->seed, ASPECT_GUIDES);
    const struct bone_frame *l = d->skeleton->bones[LEFT], *r = d->skeleton->bones[RIGHT];
    float x, y, depth;

    /* Fainter where clothes are the subject. */
    pencil_colour(d, d->medium->guide, d->clothing->bare ? 0.5f : 0.26f);
    cairo_set_line_cap(d->cr, CAIRO_LINE_CAP_ROUND);
    for (size_t i = 0; i < ELEMENTS(masses); i++)
        guide_mass(d, &random, i);
    for (int side = 0; side < SIDES; side++) {
        for (size_t i = 0; i < ELEMENTS(axes); i++)
            pencil_edge(d, &random, place_at(d->skeleton, (enum side)side, axes[i].a),
                        place_at(d->skeleton, (enum side)side, axes[i].b), 1);
        for (size_t i = 0; i < ELEMENTS(knots); i++)
            if (camera_project(&d->look->camera, place_at(d->skeleton, (enum side)side, knots[i].at), &x, &y, &depth)) {
                float radius = knots[i].radius * camera_scale(&d->look->camera, depth);
                pencil_ellipse(d, &random, x, y, radius, radius, 0, 0.7f);
            }
    }
    /* Shoulders and hips, run out to both sides: their tilt is the pose. */
    pencil_edge(d, &random, middle(l[UPPER_ARM].f.o, r[UPPER_ARM].f.o, -0.45f),
                middle(l[UPPER_ARM].f.o, r[UPPER_ARM].f.o, 1.45f), 1);
    pencil_edge(d, &random, middle(l[THIGH].f.o, r[THIGH].f.o, -0.9f), middle(l[THIGH].f.o, r[THIGH].f.o, 1.9f), 1);
    pencil_colour(d, d->medium->guide, d->clothing->bare ? 0.42f : 0.22f);
    guide_action(d);
    pencil_colour(d, d->medium->guide, 0.6f);
    guide_measure(d, &random);
}

/* Lines over the form. */
static const struct {
    enum bone bone;
    float y, from, to;
    bool once;
} rings[] = {
    { SKULL, 0.0f, -115, 115, true },      { SKULL, -0.2f, -80, 80, true },      { NECK, 0.12f, -180, 180, true },
    { CHEST, -0.42f, -180, 180, true },    { WAIST, -0.12f, -180, 180, true },   { PELVIS, -0.1f, -180, 180, true },
    { UPPER_ARM, 0.5f, -180, 180, false }, { FOREARM, 0.04f, -180, 180, false }, { FOREARM, 0.45f, -180, 180, false },
    { FOREARM, 0.94f, -180, 180, false },  { THIGH, 0.3f, -180, 180, false },    { THIGH, 0.65f, -180, 180, false },
    { SHIN, 0.03f, -180, 180, false },     { SHIN, 0.4f, -180, 180, false },     { SHIN, 0.9f, -180, 180, false },
};

/* The middle line of a bone's front, from height y0 to y1. */
static void guide_middle(struct drawing *d, enum bone bone, float y0, float y1)
{
    const struct bone_frame *b = &d->skeleton->bones[LEFT][bone];
    vec3 at[24];
    int count = 0;

    for (int i = 0; i < 24; i++) {
        vec3 from = bone_at(b, 0, y0 + (y1 - y0) * (float)i / 23, 0);

        if (surface_find(d, along(from, b->f.z, 1.1f), scale(b->f.z, -1), 1, &at[count]))
            count++;
    }
    surface_stroke(d, at, count, 1.3f);
}

void guides_over(struct drawing *d)
{
    if (!d->clothing->bare)
        return;
    pencil_colour(d, d->medium->guide, 0.72f);
    for (size_t i = 0; i < ELEMENTS(rings); i++)
        for (int side = 0; side < (rings[i].once ? 1 : SIDES); side++)
            surface_ring(d, (enum side)side, rings[i].bone, rings[i].y, rings[i].from, rings[i].to, 1.3f);
    guide_middle(d, SKULL, 0.48f, -0.46f);
    guide_middle(d, CHEST, 0.62f, -0.5f);
    guide_middle(d, WAIST, 0.1f, -0.4f);
    guide_middle(d, PELVIS, 0.1f, -0.4f);
}
