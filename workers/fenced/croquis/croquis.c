/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/croquis.h"
#include "common/memory.h"
#include "workers/fenced/croquis/drawing.h"
#include <errno.h>

enum { LIGHT_SIZE = 320 };

/* What a request comes down to: a row of each vocabulary. */
struct choice {
    int row[CROQUIS_VOCABULARIES];
    int build;
};

static const struct words *const vocabularies[] = {
    [CROQUIS_BODY] = &body_words,         [CROQUIS_POSE] = &pose_words,          [CROQUIS_LIGHTING] = &lighting_words,
    [CROQUIS_CLOTHING] = &clothing_words, [CROQUIS_BACKGROUND] = &scenery_words, [CROQUIS_MEDIUM] = &medium_words,
};

const char *croquis_names(enum croquis_vocabulary vocabulary, size_t i)
{
    return words_names(vocabularies[vocabulary], i);
}

static const char *filter_of(const struct croquis_request *rq, enum croquis_vocabulary vocabulary)
{
    const char *const filters[] = {
        [CROQUIS_BODY] = rq->body_type,        [CROQUIS_POSE] = rq->pose,
        [CROQUIS_LIGHTING] = rq->lighting,     [CROQUIS_CLOTHING] = rq->clothing,
        [CROQUIS_BACKGROUND] = rq->background, [CROQUIS_MEDIUM] = NULL,
    };

    return filters[vocabulary];
}

/* The row that words ask for: the filter, else the prompt; -1: neither. */
static int asked(const struct croquis_request *rq, enum croquis_vocabulary vocabulary)
{
    int row = words_filter(vocabularies[vocabulary], filter_of(rq, vocabulary));

    return row >= 0 ? row : words_prompt(vocabularies[vocabulary], rq->prompt);
}

const char *croquis_choice(const struct croquis_request *rq, enum croquis_vocabulary vocabulary)
{
    int row = asked(rq, vocabulary);

    return row < 0 ? NULL : words_names(vocabularies[vocabulary], (size_t)row);
}

static int choose_build(const struct croquis_request *rq, bool dress, struct random *random)
{
    int row = words_filter(&build_words, rq->body_type), chance = random_pick(random, (int)build_words.count);

    if (row < 0)
        row = words_prompt(&build_words, rq->prompt);
    /* Index 1 is the woman's; unasked, dresses are hers. */
    return row >= 0 ? row : dress ? 1 : chance;
}

static struct choice choose(const struct croquis_request *rq)
{
    struct random random = random_stream(rq->seed, ASPECT_CHOICE);
    struct choice c;
    int clothing = asked(rq, CROQUIS_CLOTHING);

    for (int v = 0; v < CROQUIS_VOCABULARIES; v++) {
        /* Drawn whether needed or not, so that a word changes nothing but what it names. */
        int chance = random_pick(&random, (int)vocabularies[v]->count);

        c.row[v] = asked(rq, (enum croquis_vocabulary)v);
        if (c.row[v] < 0)
            c.row[v] = chance;
    }
    c.build = choose_build(rq, clothing >= 0 && clothing_get(clothing)->dress, &random);
    while (clothing < 0 && clothing_get(c.row[CROQUIS_CLOTHING])->dress && c.build == 0)
        c.row[CROQUIS_CLOTHING] = random_pick(&random, (int)clothing_words.count);
    /* Night wants white on dark, and nothing else does unless it was asked for. */
    while (asked(rq, CROQUIS_MEDIUM) < 0 &&
           medium_get(c.row[CROQUIS_MEDIUM])->night != lighting_get(c.row[CROQUIS_LIGHTING])->night)
        c.row[CROQUIS_MEDIUM] = random_pick(&random, (int)medium_words.count);
    return c;
}

static vec3 light_from(const struct lighting *by, uint64_t seed)
{
    struct random random = random_stream(seed, ASPECT_LIGHT);
    float side = random_unit(&random) < 0.5f ? -1.0f : 1.0f;
    float azimuth = radians((by->azimuth + random_range(&random, -10, 10)) * side);
    float elevation = radians(clampf(by->elevation + random_range(&random, -5, 5), -30, 84));

    return vec(sinf(azimuth) * cosf(elevation), sinf(elevation), cosf(azimuth) * cosf(elevation));
}

/* Build the figure and look at it. */
static void stage(void *ctx, struct drawing *d, const struct choice *c)
{
    struct random body_random = random_stream(d->seed, ASPECT_BODY), pose_random = random_stream(d->seed, ASPECT_POSE);
    struct random random = random_stream(d->seed, ASPECT_VIEW), clothes_random = random_stream(d->seed, ASPECT_CLOTHES);
    const struct pose *pose = pose_get(c->row[CROQUIS_POSE]);
    struct scene *scene = NEW(ctx, struct scene);
    struct skeleton *skeleton = NEW(ctx, struct skeleton);
    struct body *body = NEW(ctx, struct body);
    bool mirrored = random_unit(&random) < 0.5f, behind = random_unit(&random) < 0.14f && pose->back;
    float yaw = pose->view + pose->sweep * random_range(&random, -1, 1) + (behind ? 180 : 0), eye;
    struct camera camera;

    *body = body_make(c->row[CROQUIS_BODY], c->build, &body_random);
    skeleton_pose(pose, body, mirrored, mirrored ? -yaw : yaw, &pose_random, skeleton);
    flesh_add(skeleton, body, scene);
    clothes_add(d->clothing, skeleton, body, &clothes_random, scene);
    prop_add(skeleton, scene);
    scene_sort(scene);
    d->scene = scene;
    d->skeleton = skeleton;
    d->body = body;
    /* From somewhat below a standing viewer's eye to above; lower before what lies low. */
    eye = 1 + random_range(&random, 0.3f, 0.68f) * minf(skeleton->bones[LEFT][SKULL].f.o.y, 8);
    camera = camera_fit(scene, eye, d->width, d->height, random_range(&random, 0.8f, 0.86f));
    d->look = look_at(ctx, scene, &camera, d->width, d->height, true);
    camera = camera_light(scene, d->to_light, LIGHT_SIZE);
    d->light = look_at(ctx, scene, &camera, LIGHT_SIZE, LIGHT_SIZE, false);
}

/* Paper, a little darker towards its edges. */
static void paper(struct drawing *d)
{
    double w = d->width, h = d->height;
    cairo_pattern_t *edge =
        cairo_pattern_create_radial(w / 2, h * 0.48, 0.35 * w, w / 2, h / 2, 0.78 * (w > h ? w : h));

    cairo_set_source_rgb(d->cr, d->medium->paper.r, d->medium->paper.g, d->medium->paper.b);
    cairo_paint(d->cr);
    cairo_pattern_add_color_stop_rgba(edge, 0, 0.2, 0.13, 0.06, 0);
    cairo_pattern_add_color_stop_rgba(edge, 1, 0.2, 0.13, 0.06, 0.16);
    cairo_set_source(d->cr, edge);
    cairo_paint(d->cr);
    cairo_pattern_destroy(edge);
}

/* The background, with the figure's place left free. */
static void behind(struct drawing *d, int row)
{
    cairo_surface_t *mask = tone_mask(d);

    cairo_push_group(d->cr);
    scenery(d, row);
    cairo_set_operator(d->cr, CAIRO_OPERATOR_DEST_OUT);
    cairo_set_source_rgb(d->cr, 0, 0, 0);
    cairo_mask_surface(d->cr, mask, 0, 0);
    cairo_set_operator(d->cr, CAIRO_OPERATOR_OVER);
    cairo_pop_group_to_source(d->cr);
    cairo_paint(d->cr);
    cairo_surface_destroy(mask);
}

static void draw(void *ctx, struct drawing *d, const struct choice *c)
{
    stage(ctx, d, c);
    shade(ctx, d);
    paper(d);
    behind(d, c->row[CROQUIS_BACKGROUND]);
    tone_ground(d);
    guides_under(d);
    tone_figure(d);
    hatch(d);
    guides_over(d);
    features(d);
    contour(ctx, d);
}

int croquis_draw(const struct croquis_request *rq, cairo_surface_t **ret)
{
    autotalloc void *ctx = NULL;
    struct choice c = { 0 };
    struct drawing d = { .width = rq->width, .height = rq->height, .seed = rq->seed };
    cairo_surface_t *surface;
    cairo_status_t status;

    if (rq->width < CROQUIS_SIZE_MIN || rq->width > CROQUIS_SIZE_MAX || rq->height < CROQUIS_SIZE_MIN ||
        rq->height > CROQUIS_SIZE_MAX)
        return -EINVAL;
    ctx = memory_check(talloc_new(NULL));
    surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, rq->width, rq->height);
    c = choose(rq);
    d.unit = (float)(rq->width < rq->height ? rq->width : rq->height) / 1024;
    d.clothing = clothing_get(c.row[CROQUIS_CLOTHING]);
    d.lighting = lighting_get(c.row[CROQUIS_LIGHTING]);
    d.medium = medium_get(c.row[CROQUIS_MEDIUM]);
    d.to_light = light_from(d.lighting, rq->seed);
    d.cr = cairo_create(surface);
    if (cairo_status(d.cr) == CAIRO_STATUS_SUCCESS)
        draw(ctx, &d, &c);
    status = cairo_status(d.cr);
    cairo_destroy(d.cr);
    if (status != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return status == CAIRO_STATUS_NO_MEMORY ? -ENOMEM : -EIO;
    }
    cairo_surface_flush(surface);
    *ret = surface;
    return 0;
}
