/* SPDX-License-Identifier: GPL-3.0-or-later
 * Backgrounds, in the figure's own perspective and lighter than it. */
#include "workers/fenced/croquis/scenery.h"
#include "common/memory.h"

struct setting {
    const char *names;
    void (*draw)(struct drawing *d, struct random *random);
};

float scenery_horizon(const struct drawing *d)
{
    return d->look->camera.cy;
}

struct colour scenery_ink(const struct drawing *d)
{
    return d->medium->night ? d->medium->guide : d->medium->dark;
}

void scenery_tint(struct drawing *d, float y0, float y1, float top, float bottom)
{
    struct colour c = d->medium->dark;
    cairo_pattern_t *p = cairo_pattern_create_linear(0, y0, 0, y1);

    cairo_pattern_add_color_stop_rgba(p, 0, c.r, c.g, c.b, top);
    cairo_pattern_add_color_stop_rgba(p, 1, c.r, c.g, c.b, bottom);
    cairo_set_source(d->cr, p);
    cairo_rectangle(d->cr, 0, y0, d->width, y1 - y0);
    cairo_fill(d->cr);
    cairo_pattern_destroy(p);
}

void scenery_glow(struct drawing *d, struct colour c, float x, float y, float rx, float ry, float alpha)
{
    cairo_pattern_t *p = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);

    cairo_pattern_add_color_stop_rgba(p, 0, c.r, c.g, c.b, alpha);
    cairo_pattern_add_color_stop_rgba(p, 0.5, c.r, c.g, c.b, alpha * 0.6);
    cairo_pattern_add_color_stop_rgba(p, 1, c.r, c.g, c.b, 0);
    cairo_save(d->cr);
    cairo_translate(d->cr, x, y);
    cairo_scale(d->cr, rx, ry);
    cairo_set_source(d->cr, p);
    cairo_arc(d->cr, 0, 0, 1, 0, 6.2832);
    cairo_fill(d->cr);
    cairo_restore(d->cr);
    cairo_pattern_destroy(p);
}

/* Long slanting strokes filling an ellipse, as one blocks in a background. */
static void scribble(struct drawing *d, struct random *random, float x, float y, float rx, float ry, float alpha)
{
    float gap = 8 * d->unit, slant = random_range(random, 0.5f, 0.9f);

    for (float t = -1; t < 1; t += gap / rx) {
        float half = ry * sqrtf(1 - t * t) * random_range(random, 0.6f, 1.05f), cx = x + t * rx;
        float cy = y + random_range(random, -0.12f, 0.12f) * ry;

        pencil_colour(d, scenery_ink(d), alpha * random_range(random, 0.6f, 1.1f));
        pencil_line(d, random, cx + half * slant * 0.5f, cy - half, cx - half * slant * 0.5f, cy + half,
                    random_range(random, 1, 1.9f));
    }
}

static void draw_simple(struct drawing *d, struct random *random)
{
    float w = (float)d->width, h = (float)d->height, side = d->to_light.x > 0 ? 1.0f : -1.0f;

    /* Dark behind the lit side makes the light. */
    scribble(d, random, w * (0.5f + side * 0.14f), h * random_range(random, 0.42f, 0.52f), w * 0.24f, h * 0.26f, 0.2f);
    pencil_colour(d, scenery_ink(d), 0.3f);
    pencil_line(d, random, w * 0.08f, h * 0.885f, w * 0.92f, h * 0.88f, 1.1f);
}

static void draw_gradient(struct drawing *d, struct random *random)
{
    float w = (float)d->width, h = (float)d->height, side = d->to_light.x > 0 ? 1.0f : -1.0f;

    scenery_tint(d, 0, h, random_range(random, 0.22f, 0.36f), 0.03f);
    scenery_glow(d, d->medium->dark, w * (0.5f + 0.42f * side), h * 0.4f, w * 0.6f, h * 0.7f, 0.26f);
    scenery_glow(d, d->medium->light, w * (0.5f - 0.1f * side), h * 0.52f, w * 0.42f, h * 0.5f,
                 d->medium->night ? 0.1f : 0.3f);
}

static void draw_grid(struct drawing *d, struct random *random)
{
    static const float far = -9, near = 7, wide = 9;

    pencil_colour(d, d->medium->guide, 0.5f);
    for (float x = -wide; x <= wide; x++)
        pencil_edge(d, random, vec(x, 0, far), vec(x, 0, near), x == 0 ? 1.5f : 0.9f);
    for (float z = far; z <= near; z++)
        pencil_edge(d, random, vec(-wide, 0, z), vec(wide, 0, z), 0.9f);
    pencil_colour(d, d->medium->guide, 0.34f);
    for (float x = -wide; x <= wide; x += 2)
        pencil_edge(d, random, vec(x, 0, far), vec(x, 11, far), 0.8f);
    for (float y = 1; y <= 11; y++)
        pencil_edge(d, random, vec(-wide, y, far), vec(wide, y, far), 0.8f);
    pencil_colour(d, d->medium->guide, 0.55f);
    pencil_line(d, random, 0, scenery_horizon(d), (float)d->width, scenery_horizon(d), 1.4f);
}

/* A box of four uprights between two corners, as edges. */
static void box(struct drawing *d, struct random *random, vec3 a, vec3 b, float width)
{
    for (int i = 0; i < 4; i++) {
        float x = i & 1 ? b.x : a.x, z = i & 2 ? b.z : a.z;

        pencil_edge(d, random, vec(x, a.y, z), vec(x, b.y, z), width);
        pencil_edge(d, random, vec(a.x, i & 1 ? b.y : a.y, z), vec(b.x, i & 1 ? b.y : a.y, z), width);
        pencil_edge(d, random, vec(x, i & 2 ? b.y : a.y, a.z), vec(x, i & 2 ? b.y : a.y, b.z), width);
    }
}

/* A lamp with a square soft box, turned to the figure, on a three-legged stand. */
static void lamp(struct drawing *d, struct random *random, float x, float z)
{
    static const float corners[4][2] = { { -1, -1 }, { 1, -1 }, { 1, 1 }, { -1, 1 } };
    vec3 head = vec(x, 7.9f, z), way = unit(sub(vec(0, 5, 0), head)), u = unit(cross(way, vec(0, 1, 0)));
    vec3 v = cross(u, way), near[4], far[4];

    for (int i = 0; i < 3; i++) {
        float a = 2.1f * (float)i + 0.4f;
        pencil_edge(d, random, vec(x, 1.4f, z), vec(x + 1.1f * cosf(a), 0, z + 1.1f * sinf(a)), 1.4f);
    }
    pencil_edge(d, random, vec(x, 0.4f, z), head, 1.8f);
    for (int i = 0; i < 4; i++) {
        near[i] = along(along(head, u, 0.28f * corners[i][0]), v, 0.28f * corners[i][1]);
        far[i] = along(along(along(head, way, 1), u, 1.05f * corners[i][0]), v, 1.05f * corners[i][1]);
    }
    for (int i = 0; i < 4; i++) {
        pencil_edge(d, random, near[i], near[(i + 1) % 4], 1.2f);
        pencil_edge(d, random, far[i], far[(i + 1) % 4], 1.5f);
        pencil_edge(d, random, near[i], far[i], 1.2f);
    }
}

static void draw_studio(struct drawing *d, struct random *random)
{
    float side = d->to_light.x > 0 ? 1.0f : -1.0f, w = (float)d->width, h = (float)d->height;

    scenery_glow(d, d->medium->dark, w * (0.5f + 0.3f * side), h * 0.35f, w * 0.75f, h * 0.6f, 0.28f);
    /* The backdrop: a roll of paper that sweeps onto the floor. */
    pencil_colour(d, scenery_ink(d), 0.38f);
    for (int edge = -1; edge <= 1; edge += 2) {
        cairo_set_line_width(d->cr, 1.3 * d->unit);
        cairo_new_path(d->cr);
        for (int i = 0; i <= 20; i++) {
            float t = (float)i / 20;
            vec3 at = t < 0.5f ? vec(5.6f * (float)edge, 11 - 21 * t, -5)
                               : vec(5.6f * (float)edge, 0.5f * powf(2 - 2 * t, 3), -5 + 16 * (t - 0.5f));

            if (!pencil_to(d, at))
                break;
        }
        cairo_stroke(d->cr);
    }
    pencil_edge(d, random, vec(-5.2f, 11, -5), vec(5.2f, 11, -5), 4);
    scribble(d, random, w * (0.5f + 0.2f * side), h * 0.36f, w * 0.2f, h * 0.2f, 0.13f);
    pencil_colour(d, scenery_ink(d), 0.5f);
    lamp(d, random, 4.1f * side, -2.6f);
    box(d, random, vec(-5.2f * side, 0, -4.4f), vec(-3.6f * side, 1.4f, -3.2f), 1.2f);
}

/* One house front along the street: floors, windows, in perspective. */
static void facade(struct drawing *d, struct random *random, float x, float z0, float z1, float tall)
{
    static const struct {
        float y, z;
    } corners[] = { { 0, 0 }, { 0, 1 }, { 1, 1 }, { 1, 0 } };
    float gap = random_range(random, 1.6f, 2.4f), faint = 0.2f + 0.25f * (z0 + 60) / 64;

    pencil_colour(d, scenery_ink(d), ((x > 0) == (d->to_light.x > 0) ? 0.15f : 0.05f) * (0.5f + faint));
    cairo_new_path(d->cr);
    for (size_t i = 0; i < ELEMENTS(corners); i++)
        if (!pencil_to(d, vec(x, corners[i].y * tall, mixf(z0, z1, corners[i].z))))
            return;
    cairo_fill(d->cr);
    pencil_colour(d, scenery_ink(d), faint);
    pencil_edge(d, random, vec(x, 0, z0), vec(x, tall, z0), 1.3f);
    pencil_edge(d, random, vec(x, 0, z1), vec(x, tall, z1), 1.3f);
    pencil_edge(d, random, vec(x, tall, z0), vec(x, tall, z1), 1.4f);
    pencil_edge(d, random, vec(x, 3.6f, z0), vec(x, 3.6f, z1), 1);
    for (float y = 4.6f; y + 2 < tall; y += 3.2f)
        for (float z = z1 + 0.8f; z + 1 < z0; z += gap) {
            pencil_edge(d, random, vec(x, y, z), vec(x, y + 1.8f, z), 0.8f);
            pencil_edge(d, random, vec(x, y, z + 0.9f), vec(x, y + 1.8f, z + 0.9f), 0.8f);
            pencil_edge(d, random, vec(x, y, z), vec(x, y, z + 0.9f), 0.8f);
            pencil_edge(d, random, vec(x, y + 1.8f, z), vec(x, y + 1.8f, z + 0.9f), 0.8f);
        }
}

static void draw_city(struct drawing *d, struct random *random)
{
    scenery_tint(d, 0, scenery_horizon(d), 0.14f, 0);
    for (int side = -1; side <= 1; side += 2)
        for (float z = 4; z > -60;) {
            float deep = random_range(random, 5, 10), x = (7.5f + random_range(random, -0.2f, 0.8f)) * (float)side;

            facade(d, random, x, z, z - deep, random_range(random, 13, 30));
            z -= deep + (random_unit(random) < 0.25f ? 2.0f : 0.1f);
        }
    pencil_colour(d, scenery_ink(d), 0.3f);
    for (int side = -1; side <= 1; side += 2) {
        pencil_edge(d, random, vec(5.2f * (float)side, 0, 12), vec(5.2f * (float)side, 0, -70), 1.2f);
        pencil_edge(d, random, vec(4.9f * (float)side, 0, 12), vec(4.9f * (float)side, 0, -70), 0.9f);
    }
    for (float z = 8; z > -40; z -= 4)
        pencil_edge(d, random, vec(0, 0, z), vec(0, 0, z - 1.8f), 1.1f);
    scenery_tint(d, scenery_horizon(d), (float)d->height, 0.16f, 0.03f);
}

static void draw_interior(struct drawing *d, struct random *random)
{
    float side = d->to_light.x > 0 ? 1.0f : -1.0f, back = -7, wide = 8.5f, x = 3.4f * side;

    pencil_colour(d, scenery_ink(d), 0.34f);
    for (int i = -1; i <= 1; i += 2) {
        pencil_edge(d, random, vec(wide * (float)i, 0, back), vec(wide * (float)i, 13, back), 1.3f);
        pencil_edge(d, random, vec(wide * (float)i, 0, back), vec(wide * (float)i, 0, 12), 1.3f);
        pencil_edge(d, random, vec(wide * (float)i, 0.6f, back), vec(wide * (float)i, 0.6f, 12), 0.9f);
    }
    pencil_edge(d, random, vec(-wide, 0, back), vec(wide, 0, back), 1.3f);
    pencil_edge(d, random, vec(-wide, 0.6f, back), vec(wide, 0.6f, back), 1);
    pencil_colour(d, scenery_ink(d), 0.22f);
    for (float b = -wide; b <= wide; b += 0.85f)
        pencil_edge(d, random, vec(b, 0, back), vec(b, 0, 12), 0.9f);
    scenery_glow(d, d->medium->dark, (float)d->width * (0.5f - 0.45f * side), (float)d->height * 0.3f,
                 (float)d->width * 0.7f, (float)d->height * 0.6f, 0.24f);
    /* A tall window with its bars, towards the light, and a picture on the other side. */
    pencil_colour(d, scenery_ink(d), 0.45f);
    box(d, random, vec(x - 1.5f, 2.8f, back), vec(x + 1.5f, 9.4f, back), 1.3f);
    box(d, random, vec(x - 1.7f, 2.6f, back), vec(x + 1.7f, 9.6f, back), 1);
    pencil_edge(d, random, vec(x, 2.8f, back), vec(x, 9.4f, back), 1.2f);
    for (float y = 4.4f; y < 9; y += 1.65f)
        pencil_edge(d, random, vec(x - 1.5f, y, back), vec(x + 1.5f, y, back), 1);
    box(d, random, vec(-x - 1.3f, 5.2f, back), vec(-x + 1.3f, 8.4f, back), 1.2f);
    box(d, random, vec(-x - 1.1f, 5.4f, back), vec(-x + 1.1f, 8.2f, back), 0.9f);
}

static void draw_stage(struct drawing *d, struct random *random)
{
    float w = (float)d->width, h = (float)d->height,
          floor_ = scenery_horizon(d) + d->look->camera.focal * d->look->camera.f.o.y / 31;
    float spot_x, spot_y, depth;

    scenery_tint(d, 0, floor_, 0.55f, 0.3f);
    for (float x = 0; x < w;) {
        float fold = random_range(random, 16, 38) * d->unit;

        scenery_glow(d, d->medium->dark, x, floor_ * 0.5f, fold * 0.55f, floor_ * 0.62f, 0.4f);
        pencil_colour(d, scenery_ink(d), 0.4f);
        pencil_line(d, random, x, 0, x + random_range(random, -6, 6) * d->unit,
                    floor_ - random_range(random, 0, 8) * d->unit, 1.1f);
        x += fold;
    }
    scenery_tint(d, floor_, h, 0.4f, 0.2f);
    camera_project(&d->look->camera, vec(0, 0, 0), &spot_x, &spot_y, &depth);
    scenery_glow(d, d->medium->light, spot_x, spot_y, w * 0.45f, w * 0.45f * maxf(0.2f, d->look->camera.f.o.y / depth),
                 d->medium->night ? 0.3f : 0.75f);
    scenery_glow(d, d->medium->light, w * 0.5f, h * 0.45f, w * 0.3f, h * 0.55f, d->medium->night ? 0.1f : 0.4f);
}

static const struct setting settings[] = {
    { "simple plain white blank none minimal empty clean", draw_simple },
    { "studio photostudio backdrop atelier", draw_studio },
    { "outdoor outdoors nature park forest landscape field garden mountain mountains countryside meadow",
      scenery_outdoor },
    { "grid perspective technical reference measured blueprint", draw_grid },
    { "gradient tonal abstract dark smooth", draw_gradient },
    { "city urban architecture street town buildings alley downtown", draw_city },
    { "interior indoor indoors room house home bedroom window", draw_interior },
    { "stage theater theatre curtain concert circus", draw_stage },
    { "sea ocean beach seaside shore water coast", scenery_sea },
};

const struct words scenery_words = WORDS(settings);

void scenery(struct drawing *d, int row)
{
    struct random random = random_stream(d->seed, ASPECT_SCENERY);

    settings[row].draw(d, &random);
}
