/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hatching: short strokes that run round the form, denser and crossed where it is darker. */
#include "workers/fenced/croquis/drawing.h"

enum { STROKE_MAX = 16 };

/* One layer of strokes. */
struct hatching {
    float from, full; /* darkness at which it begins, and is full */
    float turn;       /* degrees from the way round the form */
    float spacing, length, width;
    bool light; /* of chalk, in the lights */
};

static const struct hatching hatchings[] = {
    { .from = .26f, .full = .8f, .turn = 0, .spacing = 5.2f, .length = 36, .width = .9f },
    { .from = .5f, .full = .95f, .turn = 30, .spacing = 5.6f, .length = 30, .width = .9f },
    { .from = .72f, .full = 1, .turn = -24, .spacing = 5.8f, .length = 28, .width = 1 },
    { .from = .3f, .full = .9f, .turn = 12, .spacing = 5.4f, .length = 18, .width = .95f, .light = true },
};

/* A face is small and bears few, short strokes. */
static bool on_face(const struct drawing *d, float x, float y)
{
    const struct sample *s = look_hit(d->look, x, y);

    return s && s->layer == SKIN && s->limb == HEAD;
}

/* How much a layer wants of this pixel, 0..1. */
static float wanted(const struct drawing *d, const struct hatching *h, float x, float y)
{
    float value = d->value[(int)y * d->width + (int)x], paper = d->medium->value, much;

    much = h->light ? (value - paper) / (1 - paper) : (paper - value) / paper;
    much = clampf((much - h->from) / (h->full - h->from), 0, 1);
    return much > 0 && on_face(d, x, y) ? clampf(much - 0.25f, 0, 0.4f) : much;
}

/* The way a stroke runs at a pixel of the surface: round the bone, leaning to one slant for all of the drawing. */
static void stroke_way(const struct drawing *d, const struct sample *s, float slant, float turn, float *ret_x,
                       float *ret_y)
{
    const struct volume *v = &d->scene->volumes[s->volume];
    vec3 axis = v->shape == BOX ? v->f.y : d->skeleton->bones[v->side][v->bone].f.y, round;
    float x, y, l, c = cosf(radians(turn)), k = sinf(radians(turn)), sx = cosf(slant), sy = -sinf(slant);

    /* Hair is drawn the way it falls. */
    round = s->layer == HAIR ? along(axis, s->normal, -dot(axis, s->normal)) : cross(s->normal, axis);
    x = round.x;
    y = -round.y;
    l = hypotf(x, y);

    if (l > 1e-3f) {
        x /= l;
        y /= l;
    }
    if (x * sx + y * sy < 0) {
        x = -x;
        y = -y;
    }
    x = x * 1.25f + sx * 0.6f;
    y = y * 1.25f + sy * 0.6f;
    l = hypotf(x, y);
    *ret_x = (x * c - y * k) / l;
    *ret_y = (x * k + y * c) / l;
}

static void stroke(struct drawing *d, const struct hatching *h, struct random *random, float x, float y, float slant)
{
    float part = on_face(d, x, y) ? 0.35f : 1, strength = 0;
    float step = part * h->length * d->unit / 8 * random_range(random, 0.7f, 1.3f);
    const struct sample *first = look_hit(d->look, x, y), *s = first;
    int n = 0;

    cairo_new_path(d->cr);
    for (; n < 9 && s && s->layer == first->layer && fabsf(s->depth - first->depth) < 0.5f; n++) {
        float much = wanted(d, h, x, y), dx, dy;

        if (much <= 0)
            break;
        strength += much;
        cairo_line_to(d->cr, x, y);
        stroke_way(d, s, slant, h->turn, &dx, &dy);
        x += dx * step;
        y += dy * step;
        s = look_hit(d->look, x, y);
    }
    if (n < 3)
        return;
    strength /= (float)n;
    pencil_colour(d, h->light ? d->medium->light : d->medium->dark,
                  (h->light ? d->medium->chalk * 0.55f : d->medium->hatch) * (0.22f + 0.6f * strength) *
                      random_range(random, 0.75f, 1.1f));
    cairo_set_line_width(d->cr, h->width * d->unit * random_range(random, 0.75f, 1.15f));
    cairo_stroke(d->cr);
}

static void hatch_figure(struct drawing *d, const struct hatching *h, struct random *random, float slant)
{
    float gap = h->spacing * d->unit;

    for (float y = 0; y < (float)d->height; y += gap)
        for (float x = 0; x < (float)d->width; x += gap) {
            float sx = x + random_unit(random) * gap * 0.7f, sy = y + random_unit(random) * gap * 0.7f;

            if (look_hit(d->look, sx, sy) && wanted(d, h, sx, sy) > random_unit(random) * 0.35f)
                stroke(d, h, random, sx, sy, slant);
        }
}

/* The shadow on the ground: strokes lying flat. */
static void hatch_ground(struct drawing *d, struct random *random)
{
    float gap = 5 * d->unit;

    cairo_set_line_width(d->cr, 0.95f * d->unit);
    for (float y = gap; y < (float)d->height - gap; y += gap)
        for (float x = 0; x < (float)d->width; x += gap * 2) {
            float sx = x + random_unit(random) * gap * 2, sy = y + random_unit(random) * gap, l;

            if (sx >= (float)d->width || look_hit(d->look, sx, sy))
                continue;
            l = 1 - d->value[(int)sy * d->width + (int)sx];
            if (l < 0.25f + 0.3f * random_unit(random))
                continue;
            pencil_colour(d, d->medium->dark, d->medium->hatch * 0.5f * l);
            cairo_new_path(d->cr);
            cairo_move_to(d->cr, sx - 9 * d->unit, sy + 1.6f * d->unit);
            for (float t = 0; t < 20 * d->unit && !look_hit(d->look, sx + t, sy); t += 2)
                cairo_line_to(d->cr, sx + t, sy - t * 0.16f);
            cairo_stroke(d->cr);
        }
}

void hatch(struct drawing *d)
{
    struct random random = random_stream(d->seed, ASPECT_HATCH);
    float slant = radians(random_range(&random, 28, 62));

    cairo_set_line_cap(d->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(d->cr, CAIRO_LINE_JOIN_ROUND);
    if (d->medium->hatch > 0.2f)
        hatch_ground(d, &random);
    for (size_t i = 0; i < sizeof(hatchings) / sizeof(hatchings[0]); i++)
        if (hatchings[i].light ? d->medium->chalk > 0.5f : d->medium->hatch > 0.15f)
            hatch_figure(d, &hatchings[i], &random, slant);
}
