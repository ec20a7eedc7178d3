/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/image_generate.h"
#include "common/memory.h"
#include "workers/fenced/croquis/croquis.h"
#include "workers/fenced/croquis/finish.h"
#include "workers/fenced/image/image_import.h"
#include <inttypes.h>
#include <sodium.h>

/* A job that is run again draws the same pictures: nothing but its id and the picture's number decides. */
static uint64_t image_seed(const struct job *job, int i)
{
    autotalloc char *name = FORMAT(NULL, "%s/%d", job->id, i);
    unsigned char hash[crypto_generichash_BYTES];
    uint64_t seed = 0;

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)name, strlen(name), NULL, 0);
    for (int k = 0; k < 8; k++)
        seed = seed << 8 | hash[k];
    return seed;
}

static struct croquis_request image_request(const struct job *job, int i)
{
    const json_t *filters = json_object_get(job->args, "filters");

    return (struct croquis_request){
        .prompt = job_text(job, "prompt"),
        .body_type = json_string_value(json_object_get(filters, "body_type")),
        .pose = json_string_value(json_object_get(filters, "pose")),
        .lighting = json_string_value(json_object_get(filters, "lighting")),
        .clothing = json_string_value(json_object_get(filters, "clothing")),
        .background = json_string_value(json_object_get(filters, "background")),
        .seed = image_seed(job, i),
        .width = IMAGE_SIZE,
        .height = IMAGE_SIZE,
    };
}

/* Draw and write the i-th of count; its entry of the result is added to images. */
static int image_make(struct job *job, int i, int count, json_t *images)
{
    struct croquis_request request = image_request(job, i);
    autotalloc char *file = FORMAT(NULL, "%d.png", i), *thumbnail = FORMAT(NULL, "%d-thumb.jpg", i);
    autotalloc char *seed = FORMAT(NULL, "%" PRIu64, request.seed);
    cairo_surface_t *drawing;
    int r;

    job_progress(job, (i * 100 + 5) / count);
    r = croquis_draw(&request, &drawing);
    if (r < 0)
        return r;
    job_progress(job, (i * 100 + 60) / count);
    r = finish_write(drawing, request.seed, file, thumbnail);
    cairo_surface_destroy(drawing);
    if (r < 0)
        return r;
    job_progress(job, (i * 100 + 100) / count);
    json_array_append_new(images, json_pack("{ss ss ss ss si si ss}", "file", file, "thumbnail", thumbnail, "type",
                                            "image/png", "thumbnail_type", "image/jpeg", "width", IMAGE_SIZE, "height",
                                            IMAGE_SIZE, "seed", seed));
    return 0;
}

int image_generate(struct job *job)
{
    const char *model = job_text(job, "model");
    long long wanted = job_number(job, "batch_size", 1);
    int count = wanted < 1 ? 1 : wanted > IMAGE_BATCH_MAX ? IMAGE_BATCH_MAX : (int)wanted, failed = 0;
    json_t *images;

    if (json_object_get(job->gathered, "fetched"))
        return image_import(job, count);
    if (!model || strcmp(model, "croquis"))
        return job_bury(job, "no such local model: %.40s", model ? model : "none");
    images = json_array();
    finish_start();
    for (int i = 0; i < count; i++)
        failed += image_make(job, i, count, images) < 0;
    finish_stop();
    if (failed == count) {
        json_decref(images);
        return job_bury(job, "no image could be drawn or written");
    }
    job->result = json_pack("{so si}", "images", images, "failed", failed);
    return 0;
}
