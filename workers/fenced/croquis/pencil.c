/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/drawing.h"

enum { RIBBON_MAX = 4096 };

void pencil_colour(struct drawing *d, struct colour c, float alpha)
{
    cairo_set_source_rgba(d->cr, c.r, c.g, c.b, alpha);
}

/* A hand's line bows a little and runs past its ends. */
void pencil_line(struct drawing *d, struct random *random, float x0, float y0, float x1, float y1, float width)
{
    float dx = x1 - x0, dy = y1 - y0, l = hypotf(dx, dy), bow, past0, past1;

    if (l < 1 || l > 64000)
        return;
    bow = random_range(random, -0.012f, 0.012f) * minf(l, 300 * d->unit);
    past0 = random_range(random, 0, 5) * d->unit / l;
    past1 = random_range(random, 0, 9) * d->unit / l;
    cairo_set_line_width(d->cr, width * d->unit);
    cairo_set_line_cap(d->cr, CAIRO_LINE_CAP_ROUND);
    cairo_new_path(d->cr);
    cairo_move_to(d->cr, x0 - dx * past0, y0 - dy * past0);
    cairo_curve_to(d->cr, x0 + dx * 0.3f - dy / l * bow, y0 + dy * 0.3f + dx / l * bow, x0 + dx * 0.7f - dy / l * bow,
                   y0 + dy * 0.7f + dx / l * bow, x1 + dx * past1, y1 + dy * past1);
    cairo_stroke(d->cr);
}

/* Once and a half round, not quite closing, as one searches for a shape. */
void pencil_ellipse(struct drawing *d, struct random *random, float x, float y, float rx, float ry, float angle,
                    float width)
{
    float start = random_range(random, 0, 6.28f), sweep = random_range(random, 7.2f, 10);
    float drift = random_range(random, 0.02f, 0.05f);

    cairo_set_line_width(d->cr, width * d->unit);
    cairo_set_line_cap(d->cr, CAIRO_LINE_CAP_ROUND);
    cairo_new_path(d->cr);
    for (int i = 0; i <= 60; i++) {
        float t = (float)i / 60, a = start + sweep * t, grow = 1 + drift * (t - 0.5f);
        float ex = cosf(a) * rx * grow, ey = sinf(a) * ry * (1 - drift * (t - 0.5f));

        cairo_line_to(d->cr, x + ex * cosf(angle) - ey * sinf(angle), y + ex * sinf(angle) + ey * cosf(angle));
    }
    cairo_stroke(d->cr);
}

void pencil_edge(struct drawing *d, struct random *random, vec3 a, vec3 b, float width)
{
    float ax, ay, bx, by, depth;

    if (camera_project(&d->look->camera, a, &ax, &ay, &depth) && camera_project(&d->look->camera, b, &bx, &by, &depth))
        pencil_line(d, random, ax, ay, bx, by, width);
}

bool pencil_to(struct drawing *d, vec3 at)
{
    float x, y, depth;

    if (!camera_project(&d->look->camera, at, &x, &y, &depth))
        return false;
    cairo_line_to(d->cr, x, y);
    return true;
}

void pencil_ribbon(struct drawing *d, const float *xs, const float *ys, const float *widths, int count)
{
    if (count < 2 || count > RIBBON_MAX)
        return;
    cairo_new_path(d->cr);
    for (int k = 0; k < 2 * count; k++) {
        int i = k < count ? k : 2 * count - 1 - k, a = i > 0 ? i - 1 : i, b = i + 1 < count ? i + 1 : i;
        float dx = xs[b] - xs[a], dy = ys[b] - ys[a], l = hypotf(dx, dy), w = widths[i] * (k < count ? 0.5f : -0.5f);

        if (l > 1e-4f)
            cairo_line_to(d->cr, xs[i] - dy / l * w, ys[i] + dx / l * w);
    }
    cairo_close_path(d->cr);
    cairo_fill(d->cr);
}
