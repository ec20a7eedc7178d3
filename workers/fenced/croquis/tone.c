/* SPDX-License-Identifier: GPL-3.0-or-later
 * Values rubbed into the paper's grain: dark where they are darker than the paper, light where lighter. */
#include "workers/fenced/croquis/drawing.h"

/* The paper's tooth at a pixel, 0..1: two octaves of chance, the coarser smoothed. */
static float tooth(int x, int y, uint32_t seed)
{
    float fx = (float)(x % 3) / 3, fy = (float)(y % 3) / 3;
    int cx = x / 3, cy = y / 3;
    float top = mixf(random_at(cx, cy, seed), random_at(cx + 1, cy, seed), fx);
    float low = mixf(random_at(cx, cy + 1, seed), random_at(cx + 1, cy + 1, seed), fx);

    return 0.55f * mixf(top, low, fy) + 0.45f * random_at(x, y, seed ^ 0x5bd1e995u);
}

static uint32_t premultiplied(struct colour c, float alpha)
{
    uint32_t a = (uint32_t)(alpha * 255 + 0.5f);

    return a << 24 | (uint32_t)(c.r * (float)a + 0.5f) << 16 | (uint32_t)(c.g * (float)a + 0.5f) << 8 |
           (uint32_t)(c.b * (float)a + 0.5f);
}

/* What is rubbed onto a pixel of this value; cover: how much of the pixel it fills. */
static uint32_t rubbed(const struct drawing *d, float value, float cover, int x, int y)
{
    const struct medium *m = d->medium;
    float dark = clampf((m->value - value) / m->value, 0, 1), light = clampf((value - m->value) / (1 - m->value), 0, 1);
    float rough = m->grain * (tooth(x, y, (uint32_t)d->seed) - 0.5f);

    if (dark > 0) {
        dark = dark * (0.8f + 0.2f * dark);
        return premultiplied(m->dark, cover * clampf(m->wash * dark * (1 + 1.1f * rough * (1.15f - dark)), 0, 1));
    }
    /* On dark paper the chalk does all the modelling; else it only tops the lights. */
    light = m->night ? 0.12f * stepf(0, 0.1f, light) + 0.88f * light : light * light * (1.6f - 0.6f * light);
    return premultiplied(m->light, cover * clampf(m->chalk * light * (1 + 1.3f * rough), 0, 1));
}

/* How much of a pixel the figure fills, from its neighbours. */
static float covered(const struct drawing *d, int x, int y)
{
    int hits = 0, seen = 0;

    for (int j = y > 0 ? y - 1 : 0; j <= y + 1 && j < d->height; j++)
        for (int i = x > 0 ? x - 1 : 0; i <= x + 1 && i < d->width; i++) {
            seen++;
            hits += look_sample(d->look, i, j)->depth > 0;
        }
    return (float)hits / (float)seen;
}

static void tone(struct drawing *d, bool figure)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, d->width, d->height);
    int stride = cairo_image_surface_get_stride(surface) / 4;
    uint32_t *pixels = (uint32_t *)(void *)cairo_image_surface_get_data(surface);

    for (int y = 0; pixels && y < d->height; y++)
        for (int x = 0; x < d->width; x++) {
            float value = d->value[y * d->width + x];
            bool hit = look_sample(d->look, x, y)->depth > 0;

            if (hit != figure || (!hit && value > 0.995f))
                continue;
            if (!figure)
                value = d->medium->value * (0.42f + 0.58f * value);
            pixels[y * stride + x] = rubbed(d, value, figure ? covered(d, x, y) : 1, x, y);
        }
    cairo_surface_mark_dirty(surface);
    cairo_set_source_surface(d->cr, surface, 0, 0);
    cairo_paint(d->cr);
    cairo_surface_destroy(surface);
}

/* Where something stands on the ground, the dark between. */
static void contacts(struct drawing *d)
{
    for (int i = 0; i < d->scene->count; i++) {
        const struct volume *v = &d->scene->volumes[i];
        float reach = volume_reach(v), x, y, depth, size;
        vec3 at = v->f.o;
        cairo_pattern_t *dark;

        if (v->carve || v->shape == BOX || at.y - reach > 0.16f || reach > 0.5f || v->bone == LAP || v->bone == HEM)
            continue;
        if (!camera_project(&d->look->camera, vec(at.x, 0, at.z), &x, &y, &depth))
            continue;
        size = reach * 1.9f * camera_scale(&d->look->camera, depth);
        dark = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
        cairo_pattern_add_color_stop_rgba(dark, 0, d->medium->dark.r, d->medium->dark.g, d->medium->dark.b, 0.17);
        cairo_pattern_add_color_stop_rgba(dark, 1, d->medium->dark.r, d->medium->dark.g, d->medium->dark.b, 0);
        cairo_save(d->cr);
        cairo_translate(d->cr, x, y);
        cairo_scale(d->cr, size, size * maxf(0.14f, d->look->camera.f.o.y / depth));
        cairo_set_source(d->cr, dark);
        cairo_arc(d->cr, 0, 0, 1, 0, 6.2832);
        cairo_fill(d->cr);
        cairo_restore(d->cr);
        cairo_pattern_destroy(dark);
    }
}

void tone_ground(struct drawing *d)
{
    tone(d, false);
    contacts(d);
}

void tone_figure(struct drawing *d)
{
    tone(d, true);
}

cairo_surface_t *tone_mask(const struct drawing *d)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, d->width, d->height);
    int stride = cairo_image_surface_get_stride(surface);
    unsigned char *pixels = cairo_image_surface_get_data(surface);

    for (int y = 0; pixels && y < d->height; y++)
        for (int x = 0; x < d->width; x++)
            pixels[y * stride + x] = (unsigned char)(255 * covered(d, x, y) + 0.5f);
    cairo_surface_mark_dirty(surface);
    return surface;
}
