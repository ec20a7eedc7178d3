/* SPDX-License-Identifier: GPL-3.0-or-later
 * Light on form: light, halftone, core shadow, reflected light, cast shadow, and the dark of creases. */
#include "common/memory.h"
#include "workers/fenced/croquis/drawing.h"

enum { TAPS = 12 };

/* Twelve places spread evenly over the unit disc, along a sunflower's spiral. */
static const float disc[TAPS][2] = {
    { 0.204f, 0.000f },   { -0.261f, 0.239f }, { 0.040f, -0.455f }, { 0.329f, 0.429f },
    { -0.603f, -0.107f }, { 0.571f, -0.363f }, { -0.191f, 0.711f }, { -0.364f, -0.702f },
    { 0.791f, 0.289f },   { -0.822f, 0.339f }, { 0.396f, -0.847f }, { 0.293f, 0.934f },
};

/* How much of the light reaches a place whose surface faces it so much (a cosine): 1 all. Taps are spread over a disc
 * as wide as the shadow's edge. */
static float reached(const struct drawing *d, vec3 at, float facing, float turned)
{
    const struct look *light = d->light;
    float spread = maxf(d->lighting->soft * light->camera.focal, 1.2f), x, y, depth, sum = 0;
    float slope = sqrtf(maxf(1 - facing * facing, 0)) / maxf(facing, 0.12f);
    float c = spread * cosf(6.2832f * turned), k = spread * sinf(6.2832f * turned);

    camera_project(&light->camera, at, &x, &y, &depth);
    /* As deep as a slanting surface runs across the disc, lest it shade itself. */
    depth -= 0.05f + minf(slope * (spread + 1) / light->camera.focal, 0.5f);
    for (int i = 0; i < TAPS; i++) {
        const struct sample *s =
            look_hit(light, x + c * disc[i][0] - k * disc[i][1], y + k * disc[i][0] + c * disc[i][1]);

        sum += s && s->depth < depth ? 0 : 1;
    }
    return sum / TAPS;
}

static float contrasted(float v, float contrast)
{
    return clampf(0.5f + (v - 0.5f) * contrast, 0, 1);
}

static float lit(const struct drawing *d, const struct sample *s, vec3 at, float chance)
{
    const struct lighting *by = d->lighting;
    vec3 n = s->normal, kicker = unit(vec(-d->to_light.x, 0.25f, -0.7f)), fill = unit(vec(-d->to_light.x, 0.35f, 0.9f));
    float facing = dot(n, d->to_light), hits = facing > -0.25f ? reached(d, along(at, n, 0.02f), facing, chance) : 0;
    float direct = hits * powf(clampf((facing + 0.12f) / 1.12f, 0, 1), 0.9f);
    /* The ground throws light back from below; the sky gives some from above. */
    float bounce = 0.62f + 0.22f * n.y + 0.16f * clampf(-n.y, 0, 1) - 0.18f * clampf(-facing, 0, 1);
    float reflected = clampf(dot(n, unit(vec(-d->to_light.x, -0.45f, -d->to_light.z * 0.4f))), 0, 1);
    float core = by->core * 2.2f * expf(-(facing - 0.02f) * (facing - 0.02f) * 14);
    float edge = stepf(0.75f, 0.15f, n.z) * (0.3f + 0.7f * clampf(maxf(dot(n, kicker), facing), 0, 1));
    float v = by->ambient * bounce + (0.08f + 0.2f * by->ambient) * reflected + by->key * direct + by->rim * edge +
              by->fill * clampf(dot(n, fill), 0, 1) - core;
    float shade = s->layer == HAIR ? 0.62f : s->layer == PROP ? 0.12f : d->clothing->shades[s->layer];

    v *= 0.45f + 0.55f * s->open;
    v = contrasted(v, by->contrast);
    return v * (1 - 0.78f * shade) + 0.02f;
}

/* The ground a pixel sees: 1 in the light, less in the figure's shadow. */
static float ground(const struct drawing *d, float x, float y, float chance)
{
    vec3 from, way, at;
    float t, fade;

    camera_ray(&d->look->camera, x, y, &from, &way);
    if (way.y > -1e-4f)
        return 1;
    t = -from.y / way.y;
    at = along(from, way, t);
    fade = stepf(11, 3, hypotf(at.x, at.z));
    if (fade <= 0 || d->to_light.y <= 0.02f)
        return 1;
    return 1 - fade * (1 - reached(d, at, d->to_light.y, chance));
}

/* Even out single pixels' chance, not across edges. */
static void smooth(void *ctx, struct drawing *d)
{
    size_t n = (size_t)d->width * (size_t)d->height;
    float *out = memory_check(talloc_array(ctx, float, (unsigned)n));

    memcpy(out, d->value, n * sizeof(*out));
    for (int y = 2; y < d->height - 2; y++)
        for (int x = 2; x < d->width - 2; x++) {
            const struct sample *s = look_sample(d->look, x, y);
            float sum = 0, weight = 0;

            for (int k = 0; k < 25; k++) {
                int at = (y + k / 5 - 2) * d->width + x + k % 5 - 2;
                const struct sample *o = &d->look->samples[at];
                bool same = (o->depth > 0) == (s->depth > 0) &&
                            (s->depth <= 0 || (o->layer == s->layer && fabsf(o->depth - s->depth) < 0.12f));

                sum += same ? d->value[at] : 0;
                weight += same ? 1 : 0;
            }
            out[y * d->width + x] = sum / weight;
        }
    talloc_free(d->value);
    d->value = out;
}

void shade(void *ctx, struct drawing *d)
{
    uint32_t seed = (uint32_t)random_mix(d->seed);

    d->value = memory_check(talloc_array(ctx, float, (unsigned)(d->width * d->height)));
    for (int y = 0; y < d->height; y++)
        for (int x = 0; x < d->width; x++) {
            const struct sample *s = look_sample(d->look, x, y);
            float px = (float)x + 0.5f, py = (float)y + 0.5f, chance = random_at(x, y, seed);

            d->value[y * d->width + x] =
                s->depth > 0 ? lit(d, s, look_place(d->look, px, py, s->depth), chance) : ground(d, px, py, chance);
        }
    smooth(ctx, d);
}
