/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.join: one file of the parts that media.part has made, packet by packet, with the times they have. */
#include "common/memory.h"
#include "workers/fenced/media/make.h"
#include "workers/fenced/media/plan.h"
#include "workers/kinds.h"

enum { REORDER_MAX = 16 }; /* pictures that a coding may hold back */
static const AVRational microseconds = { 1, 1000000 };

/* A track of the file, and where its packets come from: parts in their order, one after the other. */
struct source {
    struct job *job;
    const char *name; /* of its parts, before their numbers */
    int count, at;    /* parts; the one that is open */
    struct media_input *in;
    const AVStream *from; /* in it */
    AVStream *to;
    AVRational base;  /* of the first part's times, and of all packets here */
    AVPacket *packet; /* the next one */
    bool ended;
    int64_t last_dts;
    int delay;                       /* pictures that are held back at most */
    int64_t places[REORDER_MAX + 1]; /* of the pictures behind, in their order */
};

static int source_free(struct source *source)
{
    av_packet_free(&source->packet);
    return 0;
}

/* All of these return what the job is to return: it has been buried or released. */
static int source_open(struct source *source, int at)
{
    autotalloc char *name = FORMAT(NULL, "%s-%05d", source->name, at);
    int r;

    if (source->in)
        talloc_free(source->in);
    source->in = NULL;
    r = media_part_open(source->job, name, &source->in);
    if (r < 0)
        return r;
    source->at = at;
    source->from = source->in->video ? source->in->video : source->in->audio;
    return 0;
}

/* Parts do not say when a picture is decoded, only when it is shown: as many pictures before as are held back at most.
 * Over all parts, as each would begin anew. Before the first one there are none: they are thought to be. */
static void decoding_time(struct source *source, AVPacket *packet)
{
    int64_t *places = source->places, step = av_rescale_q(1, av_inv_q(source->to->avg_frame_rate), source->base);

    if (source->last_dts == INT64_MIN)
        for (int i = 0; i <= source->delay; i++)
            places[i] = packet->pts - (source->delay + 1 - i) * (step > 0 ? step : 1);
    places[0] = packet->pts;
    for (int i = 0; i < source->delay && places[i] > places[i + 1]; i++) {
        int64_t later = places[i];
        places[i] = places[i + 1];
        places[i + 1] = later;
    }
    packet->dts = places[0];
}

/* It is on the clock of the whole. */
static void packet_place(struct source *source)
{
    AVPacket *packet = source->packet;

    av_packet_rescale_ts(packet, source->from->time_base, source->base);
    packet->pts -= av_rescale_q(MEDIA_PART_SHIFT, microseconds, source->base);
    packet->dts = packet->pts;
    if (source->delay > 0)
        decoding_time(source, packet);
    if (packet->dts <= source->last_dts)
        packet->dts = source->last_dts + 1;
    if (packet->pts < packet->dts)
        packet->pts = packet->dts;
    source->last_dts = packet->dts;
    if (!packet->duration && source->to->avg_frame_rate.num > 0)
        packet->duration = av_rescale_q(1, av_inv_q(source->to->avg_frame_rate), source->base);
    packet->stream_index = source->to->index;
}

/* The next packet, of the next part when this one has no more. */
static int source_next(struct source *source)
{
    int r = 0;

    while (r >= 0) {
        if (av_read_frame(source->in->format, source->packet) >= 0) {
            if (source->packet->stream_index == source->from->index && source->packet->pts != AV_NOPTS_VALUE) {
                packet_place(source);
                return 0;
            }
            av_packet_unref(source->packet);
        } else if (source->at + 1 < source->count) {
            r = source_open(source, source->at + 1);
        } else {
            source->ended = true;
            return 0;
        }
    }
    return r;
}

static int source_new(struct job *job, const char *name, int count, struct media_output *out, struct source **ret)
{
    struct source *source = NEW(job, struct source);
    int r;

    talloc_set_destructor(source, source_free);
    *source = (struct source){ .job = job, .name = name, .count = count, .last_dts = INT64_MIN };
    source->packet = av_packet_alloc();
    if (!source->packet)
        return media_refuse(job, "the parts cannot be joined", AVERROR(ENOMEM));
    r = source_open(source, 0);
    if (r < 0)
        return r;
    r = media_output_copy(out, source->in->format, source->in->format->streams[source->from->index], &source->to);
    if (r < 0)
        return media_refuse(job, "the parts cannot be joined", r);
    source->base = source->from->time_base;
    source->delay = source->to->codecpar->video_delay;
    if (source->delay > REORDER_MAX || source->to->avg_frame_rate.num <= 0)
        source->delay = 0;
    *ret = source;
    return source_next(source);
}

/* When its next packet is to be decoded, in microseconds; of one that has ended, never. */
static int64_t source_time(const struct source *source)
{
    return source->ended ? INT64_MAX : av_rescale_q(source->packet->dts, source->base, microseconds);
}

/* All of them, in the order of their times. */
static int sources_write(struct job *job, struct source **sources, int count, struct media_output *out,
                         int64_t duration)
{
    int r = 0;

    while (r >= 0) {
        struct source *next = sources[0];

        for (int i = 1; i < count; i++)
            if (source_time(sources[i]) < source_time(next))
                next = sources[i];
        if (next->ended)
            return 0;
        if (duration > 0 && source_time(next) > 0)
            job_progress(job, (int)(source_time(next) * 99 / duration));
        r = media_output_write(out, next->packet, next->base);
        if (r < 0)
            return media_refuse(job, "the parts cannot be joined", r);
        r = source_next(next);
    }
    return r;
}

static int join(struct job *job, const struct media_wish *wish, int parts, bool sound)
{
    const struct media_format *format = wish->format;
    long long duration = json_integer_value(json_object_get(job->gathered, "duration_ms"));
    struct source *sources[MEDIA_TRACKS_MAX] = { NULL };
    struct media_output *out = NULL;
    int r = media_output_new(job, format->muxer, format->muxer_options, format->file, sound ? 2 : 1, &out);

    if (r < 0)
        return media_refuse(job, "the parts cannot be joined", r);
    r = source_new(job, "part", parts, out, &sources[0]);
    if (r >= 0 && sound)
        r = source_new(job, "sound", 1, out, &sources[1]);
    if (r >= 0)
        r = sources_write(job, sources, sound ? 2 : 1, out, duration * 1000);
    if (r < 0)
        return r;
    job->result =
        json_pack("{ss ss sI si si}", "file", format->file, "type", format->type, "duration_ms", (json_int_t)duration,
                  "width", sources[0]->to->codecpar->width, "height", sources[0]->to->codecpar->height);
    r = media_output_end(out);
    if (r < 0)
        return media_refuse(job, "the result cannot be written", r);
    json_object_set_new(job->result, "size", json_integer(media_file_size(format->file)));
    return 0;
}

int media_join(struct job *job)
{
    int parts = (int)json_integer_value(json_object_get(job->gathered, "parts"));
    bool sound = json_is_true(json_object_get(job->gathered, "sound"));
    struct media_wish wish;
    int r = media_wish_read(job, &wish);

    if (r < 0)
        return r;
    if (parts < 1)
        return job_bury(job, "there are no parts to join");
    return join(job, &wish, parts, sound);
}
