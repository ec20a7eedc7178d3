/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.transcode: another form of a video, a sound or a picture; or the sound of a video. A long video is only cut
 * here: media.part makes its parts, media.join one of them all. */
#include "common/memory.h"
#include "workers/fenced/media/cut.h"
#include "workers/fenced/media/make.h"
#include "workers/fenced/media/plan.h"
#include "workers/kinds.h"
#include <unistd.h>

/* Why it cannot be made of this input, or NULL. */
static const char *mismatch(const struct media_format *format, const struct media_input *in)
{
    bool picture = format->video.encoder && !format->frames_per_second;

    if (picture && in->class != MEDIA_IMAGE)
        return "a picture is made of a picture; of a video there is its poster";
    if (!picture && in->class == MEDIA_IMAGE)
        return "neither video nor sound can be made of a picture";
    if (format->video.encoder && !in->video)
        return "there is no picture in it";
    if (!format->video.encoder && !in->audio)
        return "there is no sound in it";
    return NULL;
}

static int make_whole(struct job *job, struct media_input *in, const struct media_wish *wish)
{
    const struct media_format *format = wish->format;
    const struct media_order order = { .muxer = format->muxer,
                                       .muxer_options = format->muxer_options,
                                       .file = format->file,
                                       .picture = wish->picture.encoder ? &wish->picture : NULL,
                                       .sound = wish->sound.encoder && in->audio ? &wish->sound : NULL,
                                       .one = in->class == MEDIA_IMAGE };
    struct media_made made;
    int r = media_make(job, in, &order, &made);

    if (r < 0)
        return r;
    job->result = json_pack("{ss ss sI sI si si}", "file", format->file, "type", format->type, "size",
                            (json_int_t)media_file_size(format->file), "duration_ms",
                            (json_int_t)(made.duration / 1000), "width", made.size.width, "height", made.size.height);
    return 0;
}

/* Seconds of a part of what is to be cut; 0: it is not. What would be less than two parts is not worth it. */
static int part_seconds(const struct job *job, const struct media_input *in, const struct media_format *format)
{
    int seconds = (int)json_integer_value(json_object_get(job->gathered, "part_seconds"));

    if (seconds <= 0 || !format->video.encoder || in->class != MEDIA_VIDEO)
        return 0;
    return in->duration > 2LL * seconds * 1000000 ? seconds : 0;
}

/* 0 with a result; 1: it has too few key frames to be cut. */
static int make_parts(struct job *job, struct media_input *in, int seconds)
{
    json_auto_t *files = NULL;
    int r = media_cut(job, in, seconds, &files);

    if (r < 0)
        return r;
    if (json_array_size(files) < 2) {
        unlink(json_string_value(json_array_get(files, 0)));
        return 1;
    }
    job->result = json_pack("{sO sb si sI}", "parts", files, "sound", in->audio != NULL, "turn",
                            media_turn_of(in->video), "duration_ms", (json_int_t)(in->duration / 1000));
    return 0;
}

int media_transcode(struct job *job)
{
    struct media_input *in = NULL;
    struct media_wish wish;
    int seconds, r = media_wish_read(job, &wish);

    r = r < 0 ? r : media_input_open(job, "media", &in);
    if (r < 0)
        return r;
    if (mismatch(wish.format, in))
        return job_bury(job, "%s", mismatch(wish.format, in));
    seconds = part_seconds(job, in, wish.format);
    if (seconds > 0) {
        r = make_parts(job, in, seconds);
        if (r <= 0)
            return r;
        r = media_input_open(job, "media", &in); /* from its beginning again */
        if (r < 0)
            return r;
    }
    return make_whole(job, in, &wish);
}
