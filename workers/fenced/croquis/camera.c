/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/camera.h"

static const float distance = 24; /* heads: as far as one draws a model from */

bool camera_project(const struct camera *c, vec3 at, float *ret_x, float *ret_y, float *ret_depth)
{
    vec3 d = sub(at, c->f.o);
    float depth = -dot(d, c->f.z), s;

    if (!c->parallel && depth < 0.1f)
        return false;
    s = camera_scale(c, depth);
    *ret_x = c->cx + dot(d, c->f.x) * s;
    *ret_y = c->cy - dot(d, c->f.y) * s;
    *ret_depth = depth;
    return true;
}

void camera_ray(const struct camera *c, float x, float y, vec3 *ret_from, vec3 *ret_way)
{
    float dx = (x - c->cx) / c->focal, dy = (c->cy - y) / c->focal;
    vec3 aside = add(scale(c->f.x, dx), scale(c->f.y, dy));

    *ret_from = c->parallel ? add(c->f.o, aside) : c->f.o;
    *ret_way = c->parallel ? scale(c->f.z, -1) : sub(aside, c->f.z);
}

float camera_scale(const struct camera *c, float depth)
{
    return c->parallel ? c->focal : c->focal / depth;
}

struct bounds {
    float left, top, right, bottom;
};

/* What the scene covers as a camera with focal 1 at the origin of its picture sees it. */
static struct bounds scene_bounds(const struct scene *scene, const struct camera *c)
{
    struct bounds b = { 1e9f, 1e9f, -1e9f, -1e9f };

    for (int i = 0; i < scene->count; i++) {
        const struct volume *v = &scene->volumes[i];

        for (int end = 0; end < 2; end++) {
            float x, y, depth, r = v->shape == BOX ? v->size.y : volume_reach(v) * 0.9f;

            if (!camera_project(c, along(v->f.o, v->f.y, end ? v->length : 0), &x, &y, &depth))
                continue;
            r *= camera_scale(c, depth);
            b.left = minf(b.left, x - r);
            b.right = maxf(b.right, x + r);
            b.top = minf(b.top, y - r);
            b.bottom = maxf(b.bottom, y + r);
        }
    }
    return b;
}

struct camera camera_fit(const struct scene *scene, float eye, int width, int height, float part)
{
    struct camera c = { .f = { vec(0, eye, distance), { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }, .focal = 1 };
    struct bounds b = scene_bounds(scene, &c);
    float ground = eye / distance; /* where the ground below the figure is seen */

    b.bottom = maxf(b.bottom, ground);
    c.focal = minf(part * (float)height / (b.bottom - b.top), 0.84f * (float)width / (b.right - b.left));
    c.focal = minf(c.focal, 0.155f * (float)(height < width ? height : width) * distance);
    c.cx = 0.5f * (float)width - c.focal * (b.left + b.right) / 2;
    /* A little more room below than above, for the shadow to fall on. */
    c.cy = 0.495f * (float)height - c.focal * (b.top + b.bottom) / 2;
    return c;
}

struct camera camera_light(const struct scene *scene, vec3 to_light, int size)
{
    struct camera c = { .parallel = true, .focal = 1 };
    struct bounds b;

    c.f.z = to_light;
    c.f.x = unit(cross(vec(0, 1, 0.001f), c.f.z));
    c.f.y = cross(c.f.z, c.f.x);
    c.f.o = scale(to_light, 30);
    b = scene_bounds(scene, &c);
    c.focal = 0.94f * (float)size / maxf(b.right - b.left, b.bottom - b.top);
    c.cx = 0.5f * (float)size - c.focal * (b.left + b.right) / 2;
    c.cy = 0.5f * (float)size - c.focal * (b.top + b.bottom) / 2;
    return c;
}
