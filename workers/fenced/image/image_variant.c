/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/image_variant.h"
#include "common/memory.h"
#include "workers/fenced/image/picture.h"

static size_t plan_avatar(struct job *job, struct picture_output *outputs)
{
    (void)job;
    outputs[0] = (struct picture_output){
        .name = "avatar.jpg", .width = AVATAR_SIDE, .height = AVATAR_SIDE, .fit = PICTURE_FILL
    };
    return 1;
}

/* A box that is asked for twice is made once. */
static size_t plan_thumbnails(struct job *job, struct picture_output *outputs)
{
    const json_t *boxes = json_object_get(job->args, "boxes");
    size_t n = 0, seen = 0;

    for (size_t i = 0; i < json_array_size(boxes) && n < VARIANTS_MAX; i++) {
        const unsigned box = (unsigned)json_integer_value(json_array_get(boxes, i));

        for (seen = 0; seen < n && outputs[seen].width != box; seen++)
            continue;
        if (seen == n)
            outputs[n++] =
                (struct picture_output){ .name = FORMAT(job, "thumb-%u.jpg", box), .width = box, .height = box };
    }
    return n;
}

static const struct {
    const char *use;
    size_t (*plan)(struct job *job, struct picture_output *outputs);
} uses[] = {
    { "avatar", plan_avatar },
    { "group", plan_avatar },
    { "thumbnails", plan_thumbnails },
};

static size_t plan(struct job *job, struct picture_output *outputs)
{
    const char *use = job_text(job, "use");

    for (size_t i = 0; i < ELEMENTS(uses); i++)
        if (use && !strcmp(uses[i].use, use))
            return uses[i].plan(job, outputs);
    return 0;
}

static json_t *result_of(const struct picture_found *found, const struct picture_output *outputs, size_t n)
{
    json_t *pictures = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(pictures,
                              json_pack("{s:s, s:i, s:i, s:i}", "file", outputs[i].name, "box", (int)outputs[i].width,
                                        "width", (int)outputs[i].made_width, "height", (int)outputs[i].made_height));
    return json_pack("{s:s, s:i, s:i, s:o}", "type", found->type, "width", (int)found->width, "height",
                     (int)found->height, "pictures", pictures);
}

int image_variant(struct job *job)
{
    struct picture_output outputs[VARIANTS_MAX];
    struct picture_found found;
    size_t n = plan(job, outputs);
    int r;

    if (json_is_true(json_object_get(job->gathered, "gone"))) {
        job->result = json_pack("{s:b}", "gone", 1);
        return 0;
    }
    if (n == 0)
        return job_bury(job, "the job says not what to make of the picture");
    r = picture_make(job, "in/picture", outputs, n, &found);
    if (r == 0)
        job->result = result_of(&found, outputs, n);
    return r;
}
