/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/drawing.h"

enum { POINTS_MAX = 64 };

bool surface_find(const struct drawing *d, vec3 from, vec3 way, float reach, vec3 *ret)
{
    uint16_t list[VOLUMES_MAX];
    float t = 0;

    for (int i = 0; i < d->scene->count; i++)
        list[i] = (uint16_t)i;
    for (int i = 0; i < 32 && t < reach; i++) {
        vec3 at = along(from, way, t);
        float far = scene_distance(d->scene, list, d->scene->count, at, NULL);

        if (far < 0.006f) {
            *ret = at;
            return t > 0; /* not when it began inside */
        }
        t += far * 0.9f;
    }
    return false;
}

static bool seen(const struct drawing *d, vec3 at, float *ret_x, float *ret_y)
{
    const struct sample *s;
    float depth;

    if (!camera_project(&d->look->camera, at, ret_x, ret_y, &depth))
        return false;
    s = look_hit(d->look, *ret_x, *ret_y);
    return s && fabsf(s->depth - depth) < 0.06f;
}

void surface_stroke(struct drawing *d, const vec3 *at, int count, float width)
{
    float x[POINTS_MAX], y[POINTS_MAX], w[POINTS_MAX];
    int n = 0;

    for (int i = 0; i <= count; i++) {
        bool on = i < count && n < POINTS_MAX && seen(d, at[i], &x[n], &y[n]);

        if (on) {
            n++;
            continue;
        }
        for (int k = 0; k < n; k++)
            w[k] = width * d->unit * (0.45f + 0.55f * sinf((float)M_PI * ((float)k + 0.5f) / (float)n));
        pencil_ribbon(d, x, y, w, n);
        n = 0;
    }
}

void surface_ring(struct drawing *d, enum side side, enum bone bone, float y, float from, float to, float width)
{
    const struct bone_frame *b = &d->skeleton->bones[side][bone];
    vec3 at[POINTS_MAX], centre = bone_at(b, 0, y, 0);
    int count = 0;

    for (int i = 0; i < 40; i++) {
        float a = radians(from + (to - from) * (float)i / 39);
        vec3 out = add(scale(b->f.z, cosf(a)), scale(b->f.x, sinf(a)));

        if (surface_find(d, along(centre, out, 0.95f), scale(out, -1), 0.9f, &at[count]))
            count++;
    }
    surface_stroke(d, at, count, width);
}
