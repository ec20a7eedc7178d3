/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.part: the pictures of a part of a video in another coding, or the sound of the whole. Not yet a file that
 * anybody plays: media.join makes that of all of them. */
#include "common/memory.h"
#include "workers/fenced/media/make.h"
#include "workers/fenced/media/plan.h"
#include "workers/kinds.h"

int media_part(struct job *job)
{
    bool sound = !strcmp(job_text(job, "track"), "sound");
    struct media_order order = { .muxer = "nut", .file = "part.nut" };
    struct media_input *in = NULL;
    struct media_wish wish;
    struct media_made made;
    int r = media_wish_read(job, &wish);

    if (r >= 0) /* the sound is that of the file as it was sent in */
        r = sound ? media_input_open(job, "media", &in) : media_part_open(job, "media", &in);
    if (r < 0)
        return r;
    if (!(sound ? in->audio : in->video) || !(sound ? wish.sound.encoder : wish.picture.encoder))
        return job_bury(job, "there is no %s in it", sound ? "sound" : "picture");
    wish.picture.turn = (int)job_number(job, "turn", 0);
    if (sound)
        order.sound = &wish.sound;
    else
        order.picture = &wish.picture;
    r = media_make(job, in, &order, &made);
    if (r < 0)
        return r;
    job->result = json_pack("{ss sI}", "file", order.file, "size", (json_int_t)media_file_size(order.file));
    return 0;
}
