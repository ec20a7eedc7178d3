/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/make.h"
#include "common/memory.h"
#include <sys/stat.h>

static const AVRational microseconds = { 1, 1000000 };

struct making {
    struct job *job;
    struct media_input *in;
    struct media_output *out;
    struct media_track *tracks[MEDIA_TRACKS_MAX];
    int count;
    AVPacket *packet;
};

static int making_free(struct making *making)
{
    av_packet_free(&making->packet);
    return 0;
}

long long media_file_size(const char *file)
{
    struct stat status;

    return stat(file, &status) < 0 ? 0 : (long long)status.st_size;
}

/* The last percent is the end's. */
static void tell(struct making *making, const AVPacket *packet, const AVStream *stream)
{
    const struct media_input *in = making->in;
    int64_t at = packet->pts == AV_NOPTS_VALUE ? packet->dts : packet->pts;

    if (at == AV_NOPTS_VALUE || in->duration <= 0)
        return;
    at = av_rescale_q(at, stream->time_base, microseconds) - in->first;
    if (at > 0)
        job_progress(making->job, (int)(at < in->duration ? at * 99 / in->duration : 99));
}

static struct media_track *track_of(struct making *making, int stream)
{
    for (int i = 0; i < making->count; i++)
        if (making->tracks[i]->from->index == stream)
            return making->tracks[i];
    return NULL;
}

/* Up to the end of what can be read: a file that was cut off is played as far as it goes. */
static int pump(struct making *making, bool one)
{
    AVPacket *packet = making->packet;
    int r = 0;

    while (r >= 0 && !(one && making->tracks[0]->count) && av_read_frame(making->in->format, packet) >= 0) {
        struct media_track *track = track_of(making, packet->stream_index);

        if (track) {
            tell(making, packet, track->from);
            r = media_track_feed(track, packet);
        }
        av_packet_unref(packet);
    }
    for (int i = 0; i < making->count && r >= 0 && !(one && making->tracks[0]->count); i++)
        r = media_track_feed(making->tracks[i], NULL);
    return r;
}

static int track_add(struct making *making, AVStream *from, const struct media_plan *plan)
{
    int r;

    if (!plan)
        return 0;
    r = media_track_new(making, making->in, from, making->out, plan, &making->tracks[making->count]);
    if (r >= 0)
        making->count++;
    return r;
}

static int begin(struct making *making, const struct media_order *order)
{
    unsigned tracks = (order->picture != NULL) + (order->sound != NULL);
    int r = media_output_new(making, order->muxer, order->muxer_options, order->file, tracks, &making->out);

    making->packet = av_packet_alloc();
    if (!making->packet)
        return AVERROR(ENOMEM);
    r = r < 0 ? r : track_add(making, making->in->video, order->picture);
    return r < 0 ? r : track_add(making, making->in->audio, order->sound);
}

/* A track without a packet is one of which nothing could be decoded: but for a picture's sound that is no result. */
static int finish(struct making *making)
{
    const struct media_track *first = making->tracks[0];

    if (first->count == 0)
        return job_bury(making->job, "this is not media that can be read: nothing of its %s can be decoded",
                        first->from->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? "pictures" : "sound");
    return 0;
}

static void tell_made(const struct making *making, struct media_made *made)
{
    *made = (struct media_made){ .duration = 0 };
    for (int i = 0; i < making->count; i++) {
        const AVCodecContext *encoder = making->tracks[i]->encoder;
        int64_t until = encoder ? av_rescale_q(making->tracks[i]->until, encoder->time_base, microseconds) : 0;

        if (encoder && encoder->codec_type == AVMEDIA_TYPE_VIDEO)
            made->size = (struct media_size){ encoder->width, encoder->height };
        if (making->tracks[i]->count && until > made->duration)
            made->duration = until;
    }
}

int media_make(struct job *job, struct media_input *in, const struct media_order *order, struct media_made *ret)
{
    autotalloc struct making *making = NEW(NULL, struct making);
    int r;

    *making = (struct making){ .job = job, .in = in };
    talloc_set_destructor(making, making_free);
    r = begin(making, order);
    if (r >= 0)
        r = pump(making, order->one);
    if (r < 0)
        return media_refuse(job, "this cannot be made of it", r);
    r = finish(making);
    if (r < 0)
        return r;
    tell_made(making, ret);
    r = media_output_end(making->out);
    return r < 0 ? media_refuse(job, "the result cannot be written", r) : 0;
}
