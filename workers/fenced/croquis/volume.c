/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/volume.h"

static inline float smooth_min(float a, float b, float k)
{
    float h = maxf(k - fabsf(a - b), 0);
    return k > 0 ? minf(a, b) - h * h / (4 * k) : minf(a, b);
}

static float smooth_max(float a, float b, float k)
{
    return -smooth_min(-a, -b, k);
}

/* Distance to an ellipsoid to first order: exact on it (Quilez' bound). */
static float ellipsoid_distance(vec3 q, vec3 r)
{
    vec3 a = vec(q.x / r.x, q.y / r.y, q.z / r.z), b = vec(a.x / r.x, a.y / r.y, a.z / r.z);
    float k0 = length(a), k1 = length(b);

    return k1 > 1e-6f ? k0 * (k0 - 1) / k1 : -minf(r.x, minf(r.y, r.z));
}

static float box_distance(vec3 q, vec3 half, float round)
{
    vec3 d = vec(fabsf(q.x) - half.x + round, fabsf(q.y) - half.y + round, fabsf(q.z) - half.z + round);
    vec3 out = vec(maxf(d.x, 0), maxf(d.y, 0), maxf(d.z, 0));

    return length(out) + minf(maxf(d.x, maxf(d.y, d.z)), 0) - round;
}

/* The folds' height, 0..fold; h: 0..1 along the tube. */
static float fold_height(const struct volume *v, vec3 q, float h)
{
    float angle = v->fold_round != 0 ? atan2f(q.x, q.z) : 0;
    float wave = 0.5f * (v->fold_round * angle + v->fold_along * h + v->fold_phase +
                         1.1f * sinf(2 * angle + 3.7f * h + v->fold_phase * 2));

    /* Full rounds with sharp creases between them, as cloth falls; odd rounds have to close, too. */
    return v->fold * fabsf(sinf(wave));
}

static float tube_distance(const struct volume *v, vec3 q)
{
    /* The radius has no slope at either end, so that its round caps join without a crease. */
    float h = clampf(q.y / v->length, 0, 1), g = clampf(h + v->shift * h * (1 - h), 0, 1), w = 4 * g * (1 - g);
    float s = h * h * (3 - 2 * h), sx = v->size.x * (1 + v->widen * s), d, slope, r;
    vec3 p;
    float l;

    w *= w;
    r = v->r0 + (v->r1 - v->r0) * s + v->bulge * w;
    p = vec(q.x / sx, q.y - h * v->length, (q.z - v->bow * w) / v->size.z);
    l = sqrtf(dot(p, p));

    /* Stretched sideways, the gradient is no longer 1. */
    slope = sqrtf(p.x * p.x / (sx * sx) + p.y * p.y + p.z * p.z / (v->size.z * v->size.z));
    d = slope > 1e-6f ? (l - r) * l / slope : -r;
    if (v->fold > 0 && d < v->fold * 4)
        d -= fold_height(v, q, h) * (1 - stepf(0, 4 * v->fold, d));
    return d;
}

static float volume_distance(const struct volume *v, vec3 at)
{
    vec3 o = sub(at, v->f.o), q = vec(dot(o, v->f.x), dot(o, v->f.y), dot(o, v->f.z));
    float d;

    if (v->shape == TUBE)
        d = tube_distance(v, q);
    else if (v->shape == BOX)
        d = box_distance(q, v->size, v->r0);
    else
        d = ellipsoid_distance(q, v->size);
    if (v->high > v->low) {
        float h = dot(sub(at, v->edge_at), v->edge);
        d = maxf(d, maxf(v->low - h, h - v->high));
    }
    return d;
}

/* Distance to one limb of one layer, list[*i] on; *i ends behind it. */
static float limb_distance(const struct scene *scene, const uint16_t *list, int count, int *i, vec3 at, float *nearest,
                           int *ret)
{
    const struct volume *first = &scene->volumes[list[*i]], *v = first;
    float limb = 1e9f;

    for (; *i < count; (*i)++) {
        float d, reach;
        vec3 away;

        v = &scene->volumes[list[*i]];
        if (v->limb != first->limb || v->layer != first->layer)
            break;
        /* Too far to matter, even blended. */
        away = sub(at, v->middle);
        reach = v->radius + v->blend + (v->carve ? 0.25f : maxf(limb, -v->blend));
        if (dot(away, away) > reach * reach)
            continue;
        d = volume_distance(v, at);
        if (v->carve) {
            limb = smooth_max(limb, -d, v->blend);
            continue;
        }
        limb = smooth_min(limb, d, v->blend);
        if (d < *nearest) {
            *nearest = d;
            *ret = list[*i];
        }
    }
    return limb;
}

float scene_distance(const struct scene *scene, const uint16_t *list, int count, vec3 at, struct touch *ret)
{
    float best = 1e9f, layer = 1e9f, nearest = 1e9f;
    int found = 0, i = 0;

    while (i < count) {
        const struct volume *first = &scene->volumes[list[i]];
        float d = limb_distance(scene, list, count, &i, at, &nearest, &found), blend = 0;

        if (first->limb != TRUNK && first->layer != PROP) {
            vec3 to = sub(at, scene->joints[first->limb].at);
            float range = scene->joints[first->limb].range;
            blend = scene->joints[first->limb].blend * maxf(0, 1 - dot(to, to) / (range * range));
        }
        layer = smooth_min(layer, d, blend);
        if (i < count && scene->volumes[list[i]].layer == first->layer)
            continue;
        if (layer < best) {
            best = layer;
            if (ret)
                ret->volume = found;
        }
        layer = nearest = 1e9f;
    }
    /* Nothing reaches below the ground. */
    return maxf(best, -at.y);
}

struct volume *scene_add(struct scene *scene, enum layer layer, enum limb limb)
{
    struct volume *v;

    if (scene->count == VOLUMES_MAX)
        return NULL;
    v = &scene->volumes[scene->count++];
    *v = (struct volume){ .layer = (uint8_t)layer, .limb = (uint8_t)limb, .size = { 1, 1, 1 } };
    return v;
}

void volume_place(struct volume *v, vec3 a, vec3 b, vec3 front)
{
    vec3 d = sub(b, a);

    v->length = maxf(length(d), 1e-4f);
    v->f.o = a;
    v->f.y = unit(d);
    v->f.z = across(front, v->f.y, across(vec(0, 1, 0), v->f.y, vec(1, 0, 0)));
    v->f.x = cross(v->f.y, v->f.z);
}

float volume_reach(const struct volume *v)
{
    if (v->shape == TUBE)
        return (maxf(v->r0, v->r1) + maxf(v->bulge, 0)) *
                   maxf(1, maxf(v->size.x * (1 + maxf(v->widen, 0)), v->size.z)) +
               fabsf(v->bow) + v->fold;
    if (v->shape == BOX)
        return length(v->size);
    return maxf(v->size.x, maxf(v->size.y, v->size.z));
}

static int volume_key(const struct volume *v)
{
    return v->layer * LIMBS + v->limb;
}

/* By layer and limb, stable: the order within a limb is the order of blending. */
void scene_sort(struct scene *scene)
{
    for (int i = 0; i < scene->count; i++) {
        struct volume v = scene->volumes[i];
        int j = i;

        v.middle = along(v.f.o, v.f.y, v.shape == TUBE ? v.length / 2 : 0);
        v.radius = volume_reach(&v) + (v.shape == TUBE ? v.length / 2 : 0);
        for (; j > 0 && volume_key(&scene->volumes[j - 1]) > volume_key(&v); j--)
            scene->volumes[j] = scene->volumes[j - 1];
        scene->volumes[j] = v;
    }
}
