/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/image_import.h"
#include "common/memory.h"
#include "workers/fenced/image/picture.h"
#include <unistd.h>

enum { SIDE_MAX = 2048, THUMBNAIL_SIDE = 256 };

/* One picture; false: it is not there, or none. */
static bool import(struct job *job, int i, json_t *images)
{
    const char *in = FORMAT(job, "in/%d", i);
    struct picture_output outputs[] = {
        { .name = FORMAT(job, "%d.jpg", i), .width = SIDE_MAX, .height = SIDE_MAX },
        { .name = FORMAT(job, "%d-thumb.jpg", i), .width = THUMBNAIL_SIDE, .height = THUMBNAIL_SIDE },
    };
    struct picture_found found;

    if (access(in, R_OK) < 0)
        return false;
    if (picture_make(job, in, outputs, ELEMENTS(outputs), &found) < 0) {
        job->outcome = JOB_DONE; /* the others may still hold */
        unlink(outputs[0].name);
        unlink(outputs[1].name);
        return false;
    }
    json_array_append_new(images,
                          json_pack("{ss ss ss ss si si}", "file", outputs[0].name, "thumbnail", outputs[1].name,
                                    "type", "image/jpeg", "thumbnail_type", "image/jpeg", "width",
                                    (int)outputs[0].made_width, "height", (int)outputs[0].made_height));
    return true;
}

int image_import(struct job *job, int count)
{
    json_auto_t *images = json_array();
    int failed = 0;

    for (int i = 0; i < count; i++) {
        failed += !import(job, i, images);
        job_progress(job, (i + 1) * 100 / count);
    }
    if (failed == count)
        return job_bury(job, "none of the pictures can be read: %s", job->why ? job->why : "there is none");
    job->result = json_pack("{sO si}", "images", images, "failed", failed);
    return 0;
}
