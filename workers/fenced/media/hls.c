/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.hls: a playlist and its segments, for players that fetch a video piece by piece. */
#include "common/memory.h"
#include "workers/fenced/media/make.h"
#include "workers/kinds.h"

enum { SEGMENT_SECONDS = 6, SEGMENTS_MOST = 600 };

/* Each segment is a file in the storage, so long videos have longer ones. */
static int segment_seconds(const struct media_input *in)
{
    int64_t least = in->duration / 1000000 / SEGMENTS_MOST + 1;

    return least > SEGMENT_SECONDS ? (int)least : SEGMENT_SECONDS;
}

static int segments_count(void)
{
    char name[32];
    int n = 0;

    do
        snprintf(name, sizeof name, "part-%05d.ts", n++);
    while (media_file_size(name) > 0);
    return n - 1;
}

int media_hls(struct job *job)
{
    const struct media_format *mp4 = media_format_find("mp4");
    enum media_quality quality;
    struct media_input *in;
    struct media_made made;
    int r;

    if (!media_quality_find(job_text(job, "quality"), &quality))
        return job_bury(job, "there is no such quality");
    r = media_input_open(job, "media", &in);
    if (r < 0)
        return r;
    if (in->class == MEDIA_IMAGE)
        return job_bury(job, "neither video nor sound can be made of a picture");
    const int seconds = segment_seconds(in);
    const struct media_plan picture = { .encoder = mp4->video.encoder,
                                        .options = FORMAT(job, "%s:forced-idr=1", mp4->video.options[quality]),
                                        .filter = mp4->video.form,
                                        .box = &mp4->boxes[quality],
                                        .rate_max = mp4->frames_per_second,
                                        .key_seconds = seconds };
    const struct media_plan sound = { .encoder = mp4->audio.encoder,
                                      .options = mp4->audio.options[quality],
                                      .filter = mp4->audio.form };
    const struct media_order order = { .muxer = "hls",
                                       .muxer_options = FORMAT(job,
                                                               "hls_time=%d:hls_playlist_type=vod:"
                                                               "hls_segment_filename=part-%%05d.ts",
                                                               seconds),
                                       .file = "index.m3u8",
                                       .picture = in->video ? &picture : NULL,
                                       .sound = in->audio ? &sound : NULL };
    r = media_make(job, in, &order, &made);
    if (r < 0)
        return r;
    job->result = json_pack("{ss ss si sI si si}", "file", order.file, "type", "application/vnd.apple.mpegurl",
                            "segments", segments_count(), "duration_ms", (json_int_t)(made.duration / 1000), "width",
                            made.size.width, "height", made.size.height);
    return 0;
}
