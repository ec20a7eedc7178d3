/* SPDX-License-Identifier: GPL-3.0-or-later
 * Contours: wherever the surface breaks between two pixels there is a piece of edge; pieces are joined into chains,
 * the chains smoothed and drawn with a weight that follows the shadow. */
#include "common/memory.h"
#include "workers/fenced/croquis/drawing.h"

enum edge { EDGE_NONE, EDGE_CLOTH, EDGE_INNER, EDGE_OUTER };
enum { CHAIN_MAX = 4000 };

/* Edges between pixels, kept at the corner they start from: to the right, and down. */
struct edges {
    int width, height; /* in corners */
    uint8_t *right, *down;
};

struct chain {
    float x[CHAIN_MAX], y[CHAIN_MAX], width[CHAIN_MAX];
    int count;
    int kinds[4];
};

/* pixel: its size in heads. Where the farther surface turns away it drops steeply without breaking. */
static enum edge edge_between(const struct sample *a, const struct sample *b, float pixel)
{
    const struct sample *far = a->depth > b->depth ? a : b;

    if (a->depth <= 0 && b->depth <= 0)
        return EDGE_NONE;
    if (a->depth <= 0 || b->depth <= 0)
        return EDGE_OUTER;
    if (fabsf(a->depth - b->depth) > 0.12f + 2.5f * pixel / maxf(far->normal.z, 0.04f))
        return EDGE_INNER;
    /* A hairline has no outline: its strokes make it. */
    return a->layer != b->layer && a->layer != HAIR && b->layer != HAIR ? EDGE_CLOTH : EDGE_NONE;
}

static void edges_find(struct edges *e, const struct look *look)
{
    float pixel = 1 / camera_scale(&look->camera, look->camera.f.o.z);

    for (int y = 1; y < look->height; y++)
        for (int x = 1; x < look->width; x++) {
            const struct sample *here = look_sample(look, x, y);

            e->right[y * e->width + x] = (uint8_t)edge_between(look_sample(look, x, y - 1), here, pixel);
            e->down[y * e->width + x] = (uint8_t)edge_between(look_sample(look, x - 1, y), here, pixel);
        }
}

/* The four ways out of a corner; NULL outside. */
static uint8_t *edge_at(const struct edges *e, int x, int y, int way)
{
    if (way == 0 && x + 1 < e->width)
        return &e->right[y * e->width + x];
    if (way == 1 && y + 1 < e->height)
        return &e->down[y * e->width + x];
    if (way == 2 && x > 0)
        return &e->right[y * e->width + x - 1];
    if (way == 3 && y > 0)
        return &e->down[(y - 1) * e->width + x];
    return NULL;
}

static int degree(const struct edges *e, int x, int y)
{
    int n = 0;

    for (int way = 0; way < 4; way++) {
        const uint8_t *edge = edge_at(e, x, y, way);
        n += edge && *edge;
    }
    return n;
}

static bool chain_point(struct chain *chain, int x, int y)
{
    chain->x[chain->count] = (float)x;
    chain->y[chain->count++] = (float)y;
    return chain->count < CHAIN_MAX;
}

/* A way on from a corner: straight, then a turn; -1 when there is none. last: the way one came, -1 at the start. */
static int chain_way(const struct edges *e, int x, int y, int last)
{
    static const int turns[4] = { 0, 1, 3, 2 };

    for (int i = 0; i < 4; i++) {
        int way = last < 0 ? i : (last + turns[i]) % 4;
        const uint8_t *edge = edge_at(e, x, y, way);

        if (edge && *edge)
            return way;
    }
    return -1;
}

/* Take edges from a corner on until they end, fork or fill the chain. Where two edges only cross, as two pixels that
 * touch at a corner make them, it goes on. */
static void chain_follow(struct chain *chain, const struct edges *e, int x, int y)
{
    static const int dx[4] = { 1, 0, -1, 0 }, dy[4] = { 0, 1, 0, -1 };
    int way = -1;

    memset(chain->kinds, 0, sizeof(chain->kinds));
    chain->count = 0;
    while (chain_point(chain, x, y) && (chain->count < 2 || degree(e, x, y) != 2)) {
        way = chain_way(e, x, y, way);
        if (way < 0)
            return;
        chain->kinds[*edge_at(e, x, y, way)]++;
        *edge_at(e, x, y, way) = EDGE_NONE;
        x += dx[way];
        y += dy[way];
    }
}

static bool chain_closed(const struct chain *c)
{
    return hypotf(c->x[0] - c->x[c->count - 1], c->y[0] - c->y[c->count - 1]) < 1.5f;
}

/* Even out values along a chain, again and again; ends stay, and a closed chain stays closed. */
static void even_out(float *v, int count, bool closed, int passes)
{
    for (int pass = 0; pass < passes; pass++) {
        float before = closed ? v[count - 2] : v[0];

        for (int i = closed ? 0 : 1; i + 1 < count; i++) {
            float here = v[i];

            v[i] = 0.25f * before + 0.5f * here + 0.25f * v[i + 1];
            before = here;
        }
        if (closed)
            v[count - 1] = v[0];
    }
}

/* How dark it is around a place, 0..1. */
static float darkness(const struct drawing *d, float x, float y)
{
    float sum = 0;
    int n = 0, far = (int)(3 * d->unit + 1.5f);

    for (int k = 0; k < 8; k++) {
        static const int dx[8] = { 1, 1, 0, -1, -1, -1, 0, 1 }, dy[8] = { 0, 1, 1, 1, 0, -1, -1, -1 };
        float px = x + (float)(dx[k] * far), py = y + (float)(dy[k] * far);

        if (!look_hit(d->look, px, py))
            continue;
        sum += 1 - d->value[(int)py * d->width + (int)px];
        n++;
    }
    return n ? sum / (float)n : 0.3f;
}

/* Thick in shadow, thin and almost lost in light, tapering out. */
static void chain_weigh(struct chain *c, const struct drawing *d, struct random *random, float base)
{
    float phase = random_range(random, 0, 6.28f), pace = random_range(random, 0.012f, 0.03f) / d->unit;

    for (int i = 0; i < c->count; i++) {
        float end = minf((float)i, (float)(c->count - 1 - i)) / (14 * d->unit);
        float press = 0.8f + 0.2f * sinf(phase + pace * (float)i) + 0.12f * sinf(phase * 3 + pace * 2.7f * (float)i);

        c->width[i] = base * press * (0.3f + 1.15f * darkness(d, c->x[i], c->y[i])) * (0.25f + 0.75f * minf(end, 1));
    }
}

static void chain_draw(struct chain *c, struct drawing *d, struct random *random)
{
    static const float weights[4] = { 0, 0.8f, 1.15f, 1.6f }, alphas[4] = { 0, .6f, .8f, .88f };
    enum edge kind = c->kinds[EDGE_OUTER] * 2 > c->count   ? EDGE_OUTER
                     : c->kinds[EDGE_INNER] * 2 > c->count ? EDGE_INNER
                                                           : EDGE_CLOTH;
    float base = weights[kind] * d->medium->line_width * d->unit * 1.25f, phase = random_range(random, 0, 6.28f);
    bool closed;

    /* Specks, and islands where one cloth barely pierces another, are no contours. */
    if ((float)c->count < (kind == EDGE_CLOTH && chain_closed(c) ? 130 : 12) * d->unit)
        return;
    /* A staircase of pixels becomes a curve. */
    closed = chain_closed(c) && c->count > 20;
    even_out(c->x, c->count, closed, (int)(4 + 12 * d->unit));
    even_out(c->y, c->count, closed, (int)(4 + 12 * d->unit));
    chain_weigh(c, d, random, base);
    even_out(c->width, c->count, closed, (int)(10 + 50 * d->unit));
    pencil_colour(d, d->medium->line, alphas[kind]);
    pencil_ribbon(d, c->x, c->y, c->width, c->count);
    if (kind == EDGE_CLOTH || (float)c->count < 60 * d->unit)
        return;
    /* A second, searching line beside the first. */
    for (int i = 0; i < c->count; i++) {
        float t = (float)i / (90 * d->unit);

        c->x[i] += 1.5f * d->unit * sinf(phase + t * 2.1f) + 0.6f * d->unit;
        c->y[i] += 1.4f * d->unit * sinf(phase * 2 + t * 1.7f) - 0.5f * d->unit;
        c->width[i] = 0.55f * d->unit * (0.5f + 0.5f * sinf(phase * 5 + t));
    }
    pencil_colour(d, d->medium->line, 0.34f);
    pencil_ribbon(d, c->x, c->y, c->width, c->count);
}

void contour(void *ctx, struct drawing *d)
{
    struct random random = random_stream(d->seed, ASPECT_LINES);
    struct edges e = { .width = d->width + 1, .height = d->height + 1 };
    unsigned corners = (unsigned)(e.width * e.height);
    struct chain *chain = NEW(ctx, struct chain);

    e.right = memory_check(talloc_zero_array(chain, uint8_t, corners));
    e.down = memory_check(talloc_zero_array(chain, uint8_t, corners));
    edges_find(&e, d->look);
    /* From ends and forks first, so that what is left are rings. */
    for (int rings = 0; rings < 2; rings++)
        for (int y = 0; y < e.height; y++)
            for (int x = 0; x < e.width; x++)
                for (int n = degree(&e, x, y); n > 0 && (rings || n % 2); n = degree(&e, x, y)) {
                    chain_follow(chain, &e, x, y);
                    chain_draw(chain, d, &random);
                }
    talloc_free(chain);
}
