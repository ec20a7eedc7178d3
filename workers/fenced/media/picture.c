/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.poster: a picture that stands for a video or a sound: a frame of the one, the wave of the other. */
#include "common/memory.h"
#include "workers/fenced/media/make.h"
#include "workers/kinds.h"
#include <errno.h>

enum { LOOKED_AT = 48 }; /* frames of which the one is taken that is most like all of them */

static const struct media_box box = { 1280, 1280 };
static const struct media_plan frame_plan = { .encoder = "mjpeg",
                                              .options = "flags=+qscale:global_quality=354",
                                              .filter = "thumbnail=48,format=yuvj420p,setsar=1",
                                              .box = &box };
static const struct media_plan wave_plan = {
    .encoder = "png",
    .options = "pred=mixed",
    /* The filter keeps all samples to the end: few of them do for a picture. */
    .filter =
        "aresample=8000,aformat=channel_layouts=mono,showwavespic=s=1280x240:colors=0x3b6ea5:scale=sqrt,format=rgba",
};

/* Most videos begin with something black, or a title. */
static void skip_beginning(struct media_input *in)
{
    int64_t at = in->start + in->duration / 10;

    if (in->duration > 0)
        avformat_seek_file(in->format, -1, INT64_MIN, at, at,
                           0); /* one that cannot be sought begins at its beginning */
}

static int answer(struct job *job, const char *file, const char *type, const char *style, const struct media_made *made)
{
    job->result = json_pack("{ss ss ss sI si si}", "file", file, "type", type, "style", style, "size",
                            (json_int_t)media_file_size(file), "width", made->size.width, "height", made->size.height);
    return 0;
}

static int frame_make(struct job *job, struct media_input *in)
{
    const struct media_order order = {
        .muxer = "image2pipe", .file = "poster.jpg", .picture = &frame_plan, .one = true
    };
    struct media_made made;
    int r;

    skip_beginning(in);
    r = media_make(job, in, &order, &made);
    return r < 0 ? r : answer(job, order.file, "image/jpeg", "poster", &made);
}

static int wave_make(struct job *job, struct media_input *in)
{
    const struct media_order order = { .muxer = "image2pipe", .file = "waveform.png", .sound = &wave_plan };
    struct media_made made;
    int r = media_make(job, in, &order, &made);

    return r < 0 ? r : answer(job, order.file, "image/png", "waveform", &made);
}

int media_poster(struct job *job)
{
    const char *style = job_text(job, "style");
    struct media_input *in;
    int r = media_input_open(job, "media", &in);

    if (r < 0)
        return r;
    if (!style || !strcmp(style, "auto"))
        style = in->video ? "poster" : "waveform";
    if (!strcmp(style, "poster"))
        return in->video ? frame_make(job, in) : job_bury(job, "there is no picture in it");
    return in->audio ? wave_make(job, in) : job_bury(job, "there is no sound in it");
}
