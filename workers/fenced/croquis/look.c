/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sphere tracing by tiles: for each tile the few volumes that may be seen in it are listed first, and for each block of
 * a tile its rays go together as far as all of them are clear. Every second pixel of every second row is traced; those
 * between are filled in where the surface runs on smoothly, else traced too. */
#include "workers/fenced/croquis/look.h"
#include "common/memory.h"

enum { TILE = 16, BLOCK = 8, STEPS_MAX = 56 };

/* How far beyond a volume its blends and creases are felt, in heads. */
static const float margin = 0.14f;

struct tile {
    int x0, y0, x1, y1, count;
    float near, far;
    uint16_t list[VOLUMES_MAX];
};

/* A volume as the camera sees it: a segment with a radius, in pixels. */
struct outline {
    float ax, ay, bx, by, radius, near, far;
};

static struct outline outline_of(const struct camera *camera, const struct volume *v)
{
    vec3 a = v->f.o, b = along(a, v->f.y, v->shape == TUBE ? v->length : 0);
    float reach = volume_reach(v) + margin, da = 1, db = 1;
    struct outline o = { 0 };

    if (!camera_project(camera, a, &o.ax, &o.ay, &da) || !camera_project(camera, b, &o.bx, &o.by, &db))
        return o;
    o.near = minf(da, db) - reach;
    o.far = maxf(da, db) + reach;
    o.radius = reach * camera_scale(camera, minf(da, db));
    return o;
}

static float segment_distance(const struct outline *o, float x, float y)
{
    float dx = o->bx - o->ax, dy = o->by - o->ay, l = dx * dx + dy * dy;
    float t = l > 0 ? clampf(((x - o->ax) * dx + (y - o->ay) * dy) / l, 0, 1) : 0;

    return hypotf(x - o->ax - t * dx, y - o->ay - t * dy);
}

static void tile_fill(struct tile *tile, const struct look *look, const struct outline *outlines)
{
    float x = 0.5f * (float)(tile->x0 + tile->x1), y = 0.5f * (float)(tile->y0 + tile->y1);

    tile->count = 0;
    tile->near = 1e9f;
    tile->far = 0;
    for (int i = 0; i < look->scene->count; i++) {
        const struct outline *o = &outlines[i];

        if (o->far <= 0 || segment_distance(o, x, y) > o->radius + TILE * 0.7072f)
            continue;
        tile->list[tile->count++] = (uint16_t)i;
        tile->near = minf(tile->near, o->near);
        tile->far = maxf(tile->far, o->far);
    }
}

/* How deep all rays of the block round a pixel are clear; beyond tile->far when none meets anything. */
static float approach(const struct look *look, const struct tile *tile, float x, float y)
{
    float t = maxf(tile->near, look->camera.parallel ? -100.0f : 0.5f), slant;
    vec3 from, way;

    camera_ray(&look->camera, x, y, &from, &way);
    slant = 1 / length(way);
    for (int i = 0; i < STEPS_MAX && t < tile->far; i++) {
        float d = scene_distance(look->scene, tile->list, tile->count, along(from, way, t), NULL);
        float wide = 0.75f * BLOCK / camera_scale(&look->camera, t);

        if (d < wide * 1.2f)
            return t;
        t += (d - wide) * slant * 0.9f;
    }
    return t;
}

/* Depth of the first surface along a pixel's ray from depth t on, 0 when there is none. */
static float trace(const struct look *look, const struct tile *tile, float x, float y, float t)
{
    float slant, closest = 1e9f;
    vec3 from, way;

    camera_ray(&look->camera, x, y, &from, &way);
    slant = 1 / length(way);
    for (int i = 0; i < STEPS_MAX && t < tile->far; i++) {
        float d = scene_distance(look->scene, tile->list, tile->count, along(from, way, t), NULL);

        if (d < 0.0015f)
            return t;
        closest = minf(closest, d);
        t += d * slant * 0.9f;
    }
    return closest < 0.004f && t < tile->far ? t : 0;
}

static void examine(struct look *look, const struct tile *tile, float x, float y, struct sample *s)
{
    static const vec3 corners[4] = { { 1, -1, -1 }, { -1, -1, 1 }, { -1, 1, -1 }, { 1, 1, 1 } };
    static const float reach[2] = { 0.06f, 0.16f };
    vec3 at = look_place(look, x, y, s->depth), n = vec(0, 0, 0);
    struct touch touch = { 0 };
    float shut = 0;

    for (int i = 0; i < 4; i++)
        n = along(n, corners[i],
                  scene_distance(look->scene, tile->list, tile->count, along(at, corners[i], 0.004f), &touch));
    s->normal = unit(n);
    for (int i = 0; i < 2; i++) {
        float d = scene_distance(look->scene, tile->list, tile->count, along(at, s->normal, reach[i]), NULL);
        shut += clampf(1 - d / reach[i], 0, 1);
    }
    s->open = 1 - shut / 2;
    s->volume = (uint16_t)touch.volume;
    s->layer = look->scene->volumes[touch.volume].layer;
    s->limb = look->scene->volumes[touch.volume].limb;
}

static void sample_trace(struct look *look, const struct tile *tile, int x, int y, float from, bool detail)
{
    struct sample *s = &look->samples[(size_t)y * (size_t)look->width + (size_t)x];

    s->depth = trace(look, tile, (float)x + 0.5f, (float)y + 0.5f, from);
    if (s->depth > 0 && detail)
        examine(look, tile, (float)x + 0.5f, (float)y + 0.5f, s);
}

static bool runs_on(const struct sample *a, const struct sample *b)
{
    if ((a->depth > 0) != (b->depth > 0))
        return false;
    return a->depth <= 0 || (a->layer == b->layer && a->limb == b->limb && fabsf(a->depth - b->depth) < 0.05f &&
                             dot(a->normal, b->normal) > 0.93f);
}

/* Fill a pixel from the traced ones on both sides of it; false when the surface breaks between them. */
static bool sample_between(struct look *look, int x, int y)
{
    int dx = x & 1, dy = y & 1;
    const struct sample *a, *b, *c, *d;
    struct sample *s = &look->samples[(size_t)y * (size_t)look->width + (size_t)x];

    if (x + dx >= look->width || y + dy >= look->height)
        return false;
    a = look_sample(look, x - dx, y - dy);
    b = look_sample(look, x + dx, y + dy);
    c = look_sample(look, x + dx, y - dy);
    d = look_sample(look, x - dx, y + dy);
    if (!runs_on(a, b) || !runs_on(c, d) || !runs_on(a, c))
        return false;
    *s = *a;
    s->depth = (a->depth + b->depth + c->depth + d->depth) / 4;
    s->normal = unit(add(add(a->normal, b->normal), add(c->normal, d->normal)));
    s->open = (a->open + b->open + c->open + d->open) / 4;
    return true;
}

static void block_look(struct look *look, const struct tile *tile, int x0, int y0, bool between, bool detail)
{
    int x1 = x0 + BLOCK < tile->x1 ? x0 + BLOCK : tile->x1, y1 = y0 + BLOCK < tile->y1 ? y0 + BLOCK : tile->y1;
    float from = approach(look, tile, (float)x0 + BLOCK / 2, (float)y0 + BLOCK / 2);

    if (from >= tile->far)
        return;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            if (((x | y) & 1) == between && (!between || !sample_between(look, x, y)))
                sample_trace(look, tile, x, y, from, detail);
}

static void tile_look(struct look *look, const struct tile *tile, bool between, bool detail)
{
    for (int y = tile->y0; y < tile->y1; y += BLOCK)
        for (int x = tile->x0; x < tile->x1; x += BLOCK)
            block_look(look, tile, x, y, between, detail);
}

/* Rays that graze a surface may give up before they reach it: a pixel almost surrounded by the surface is part of it.
 */
static void holes_fill(struct look *look)
{
    for (int y = 1; y + 1 < look->height; y++)
        for (int x = 1; x + 1 < look->width; x++) {
            struct sample *s = &look->samples[y * look->width + x];
            const struct sample *from = NULL;
            int around = 0;

            for (int k = 0; k < 9 && s->depth <= 0; k++) {
                const struct sample *o = s + (k / 3 - 1) * look->width + k % 3 - 1;

                around += o->depth > 0;
                from = o->depth > 0 ? o : from;
            }
            if (around >= 6)
                *s = *from;
        }
}

struct look *look_at(void *ctx, const struct scene *scene, const struct camera *camera, int width, int height,
                     bool detail)
{
    struct look *look = NEW(ctx, struct look);
    struct outline *outlines = memory_check(talloc_array(look, struct outline, (unsigned)scene->count + 1));
    struct tile *tile = NEW(look, struct tile);

    *look = (struct look){ .scene = scene, .camera = *camera, .width = width, .height = height };
    look->samples = memory_check(talloc_zero_array(look, struct sample, (unsigned)(width * height)));
    for (int i = 0; i < scene->count; i++)
        outlines[i] = outline_of(camera, &scene->volumes[i]);
    for (int pass = 0; pass < 2; pass++)
        for (tile->y0 = 0; tile->y0 < height; tile->y0 += TILE)
            for (tile->x0 = 0; tile->x0 < width; tile->x0 += TILE) {
                tile->x1 = tile->x0 + TILE < width ? tile->x0 + TILE : width;
                tile->y1 = tile->y0 + TILE < height ? tile->y0 + TILE : height;
                tile_fill(tile, look, outlines);
                if (tile->count > 0)
                    tile_look(look, tile, pass == 1, detail);
            }
    if (detail)
        holes_fill(look);
    talloc_free(outlines);
    talloc_free(tile);
    return look;
}

vec3 look_place(const struct look *look, float x, float y, float depth)
{
    vec3 from, way;

    camera_ray(&look->camera, x, y, &from, &way);
    return along(from, way, depth);
}
