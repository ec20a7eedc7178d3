/* SPDX-License-Identifier: GPL-3.0-or-later
 * Backgrounds under the open sky. */
#include "workers/fenced/croquis/scenery.h"

/* A ragged ridge across the picture, filled. */
static void ridge(struct drawing *d, struct random *random, float base, float height, float alpha)
{
    float a = random_range(random, 0, 6), b = random_range(random, 0, 6), w = (float)d->width;

    pencil_colour(d, scenery_ink(d), alpha);
    cairo_new_path(d->cr);
    cairo_move_to(d->cr, 0, base);
    for (float x = 0; x <= w + 8; x += 8) {
        float t = x / w, y = 0.5f + 0.3f * sinf(a + 5 * t) + 0.14f * sinf(b + 13 * t) + 0.05f * sinf(a + 31 * t);
        cairo_line_to(d->cr, x, base - height * y);
    }
    cairo_line_to(d->cr, w, base);
    cairo_close_path(d->cr);
    cairo_fill_preserve(d->cr);
    pencil_colour(d, scenery_ink(d), alpha * 1.6f);
    cairo_set_line_width(d->cr, d->unit);
    cairo_stroke(d->cr);
}

/* A crown of small arcs over a trunk. */
static void tree(struct drawing *d, struct random *random, vec3 foot, float tall)
{
    float x, y, depth, s;

    if (!camera_project(&d->look->camera, foot, &x, &y, &depth))
        return;
    s = camera_scale(&d->look->camera, depth) * tall;
    pencil_colour(d, scenery_ink(d), 0.3f);
    pencil_line(d, random, x - 0.02f * s, y, x - 0.01f * s, y - 0.5f * s, 1.6f);
    pencil_line(d, random, x + 0.025f * s, y, x + 0.015f * s, y - 0.5f * s, 1.6f);
    scenery_glow(d, d->medium->dark, x, y - 0.7f * s, 0.4f * s, 0.42f * s, 0.26f);
    for (int i = 0; i < 90; i++) {
        float a = random_range(random, 0, 6.28f), r = sqrtf(random_unit(random)),
              size = random_range(random, 0.03f, 0.08f) * s;
        float at = random_range(random, 2.4f, 4.2f);

        pencil_colour(d, scenery_ink(d), 0.18f + 0.16f * (sinf(a) > 0 ? 1.0f : 0.2f));
        cairo_set_line_width(d->cr, d->unit);
        cairo_new_path(d->cr);
        cairo_arc(d->cr, x + 0.33f * s * r * cosf(a), y - 0.7f * s + 0.33f * s * r * sinf(a), size, at, at + 2.2f);
        cairo_stroke(d->cr);
    }
}

static void clouds(struct drawing *d, struct random *random)
{
    float w = (float)d->width;

    for (int i = 0; i < 4; i++) {
        float x = random_range(random, 0, w), y = random_range(random, 0.05f, 0.6f) * scenery_horizon(d),
              r = random_range(random, 20, 50) * d->unit;

        pencil_colour(d, scenery_ink(d), 0.2f);
        cairo_set_line_width(d->cr, 1.1 * d->unit);
        for (int k = 0; k < 5; k++) {
            cairo_new_path(d->cr);
            cairo_arc(d->cr, x + (float)k * r * 0.9f, y - (k % 2 ? 0.4f : 0.0f) * r, r * (k % 2 ? 0.8f : 0.6f), 3.3,
                      6.1);
            cairo_stroke(d->cr);
        }
        pencil_line(d, random, x - r, y + r * 0.3f, x + 5 * r, y + r * 0.35f, 0.9f);
    }
}

/* Blades of grass from one root. */
static void tuft(struct drawing *d, struct random *random, vec3 root, float tall)
{
    pencil_colour(d, scenery_ink(d), 0.3f);
    for (int i = -2; i <= 2; i++) {
        float lean = 0.22f * (float)i + random_range(random, -0.1f, 0.1f), long_ = tall * random_range(random, 0.6f, 1);

        pencil_edge(d, random, vec(root.x + 0.05f * (float)i, 0, root.z),
                    vec(root.x + lean * 1.2f * tall + 0.05f * (float)i, long_, root.z), 0.9f);
    }
}

void scenery_outdoor(struct drawing *d, struct random *random)
{
    float h = scenery_horizon(d), bottom = (float)d->height, unit = d->unit;

    clouds(d, random);
    ridge(d, random, h + 2, 130 * unit, 0.07f);
    ridge(d, random, h + 4, 70 * unit, 0.11f);
    scenery_tint(d, h, bottom, 0.16f, 0.02f);
    for (int i = 0; i < 5; i++)
        tree(d, random, vec(random_range(random, 5, 17) * (i % 2 ? 1.0f : -1.0f), 0, random_range(random, -30, -12)),
             random_range(random, 9, 13));
    for (int i = 0; i < 120; i++) {
        vec3 at = vec(random_range(random, -14, 14), 0, random_range(random, -20, 5));

        tuft(d, random, at, random_range(random, 0.15f, 0.4f));
    }
}

void scenery_sea(struct drawing *d, struct random *random)
{
    float h = scenery_horizon(d);

    clouds(d, random);
    scenery_tint(d, 0, h, 0.1f, 0.02f);
    pencil_colour(d, scenery_ink(d), 0.42f);
    pencil_line(d, random, 0, h, (float)d->width, h, 1.2f);
    scenery_tint(d, h, h + ((float)d->height - h) * 0.5f, 0.28f, 0);
    for (int i = 0; i < 240; i++) {
        float z = -powf(random_unit(random), 2) * 90 - 6, x = random_range(random, -1, 1) * (8 - z * 0.6f),
              l = random_range(random, 0.4f, 1.6f);

        pencil_colour(d, scenery_ink(d), 0.28f);
        pencil_edge(d, random, vec(x, 0, z), vec(x + l, 0, z - 0.1f), 1);
    }
    pencil_colour(d, scenery_ink(d), 0.3f);
    for (int k = 0; k < 3; k++) {
        cairo_set_line_width(d->cr, 1.2 * d->unit);
        cairo_new_path(d->cr);
        for (float x = -14; x <= 14; x += 0.4f)
            pencil_to(d, vec(x, 0, -5.4f + 0.5f * (float)k + 0.35f * sinf(x * 0.9f + (float)k * 2)));
        cairo_stroke(d->cr);
    }
}
