/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/track.h"
#include "common/memory.h"
#include "workers/fenced/media/graph.h"
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>

enum { RATE_USUAL = 25, RATE_MOST = 1000 };
static const AVRational microseconds = { 1, 1000000 };

static int track_free(struct media_track *track)
{
    avcodec_free_context(&track->decoder);
    avcodec_free_context(&track->encoder);
    avfilter_graph_free(&track->graph);
    av_frame_free(&track->decoded);
    av_frame_free(&track->filtered);
    av_packet_free(&track->packet);
    return 0;
}

/* ---- the encoder ---- */

static void encoder_of_pictures(struct media_track *track, AVCodecContext *encoder)
{
    AVRational rate = av_buffersink_get_frame_rate(track->sink);
    int most = track->plan->rate_max ? track->plan->rate_max : RATE_MOST;

    if (rate.num <= 0 || rate.den <= 0)
        rate = (AVRational){ RATE_USUAL, 1 };
    encoder->width = av_buffersink_get_w(track->sink);
    encoder->height = av_buffersink_get_h(track->sink);
    encoder->pix_fmt = av_buffersink_get_format(track->sink);
    encoder->sample_aspect_ratio = av_buffersink_get_sample_aspect_ratio(track->sink);
    encoder->time_base = av_buffersink_get_time_base(track->sink);
    encoder->framerate = av_q2d(rate) > most ? (AVRational){ most, 1 } : rate;
    if (track->decoder->codec_type == AVMEDIA_TYPE_VIDEO) {
        encoder->color_range = track->decoder->color_range;
        encoder->color_primaries = track->decoder->color_primaries;
        encoder->color_trc = track->decoder->color_trc;
        encoder->colorspace =
            track->decoder->colorspace == AVCOL_SPC_RGB ? AVCOL_SPC_UNSPECIFIED : track->decoder->colorspace;
    }
}

static int encoder_of_sound(struct media_track *track, AVCodecContext *encoder)
{
    encoder->sample_rate = av_buffersink_get_sample_rate(track->sink);
    encoder->sample_fmt = av_buffersink_get_format(track->sink);
    encoder->time_base = (AVRational){ 1, encoder->sample_rate };
    return av_buffersink_get_ch_layout(track->sink, &encoder->ch_layout);
}

static int encoder_open(struct media_track *track)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(track->plan->encoder);
    AVCodecContext *encoder = codec ? avcodec_alloc_context3(codec) : NULL;
    AVDictionary *options = NULL;
    int r = encoder ? 0 : AVERROR(ENOMEM);

    if (r < 0)
        return r;
    track->encoder = encoder;
    if (codec->type == AVMEDIA_TYPE_VIDEO)
        encoder_of_pictures(track, encoder);
    else
        r = encoder_of_sound(track, encoder);
    encoder->thread_count = 1;
    if (track->out->format->oformat->flags & AVFMT_GLOBALHEADER)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (r >= 0)
        r = av_dict_parse_string(&options, track->plan->options, "=", ":", 0);
    if (r >= 0)
        r = avcodec_open2(encoder, codec, &options);
    av_dict_free(&options);
    if (r >= 0 && encoder->frame_size && codec->type == AVMEDIA_TYPE_AUDIO)
        av_buffersink_set_frame_size(track->sink, (unsigned)encoder->frame_size);
    return r < 0 ? r : media_output_add(track->out, encoder, &track->to);
}

/* ---- encode ---- */

static int packets_write(struct media_track *track)
{
    AVPacket *packet = track->packet;
    int r;

    while ((r = avcodec_receive_packet(track->encoder, packet)) >= 0) {
        packet->stream_index = track->to->index;
        if (!packet->duration && track->encoder->codec_type == AVMEDIA_TYPE_VIDEO)
            packet->duration = av_rescale_q(1, av_inv_q(track->encoder->framerate), track->encoder->time_base);
        if (packet->dts != AV_NOPTS_VALUE && packet->dts <= track->last_dts) /* muxers insist on it */
            packet->dts = track->last_dts + 1;
        if (packet->dts != AV_NOPTS_VALUE)
            track->last_dts = packet->dts;
        if (packet->pts < packet->dts)
            packet->pts = packet->dts;
        track->until = packet->pts + packet->duration;
        r = media_output_write(track->out, packet, track->encoder->time_base);
        if (r < 0)
            return r;
        track->count++;
    }
    return r == AVERROR(EAGAIN) || r == AVERROR_EOF ? 0 : r;
}

/* Whether a picture comes too soon behind the last one. What has no place in time has one behind it. */
static bool picture_too_soon(struct media_track *track, AVFrame *frame)
{
    int64_t least = 1;

    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = track->last == INT64_MIN ? 0 : track->last + 1;
    if (track->last == INT64_MIN)
        return false;
    if (track->plan->rate_max) /* a tenth less: times are rounded */
        least = av_rescale_q(9, (AVRational){ 1, 10 * track->plan->rate_max }, track->encoder->time_base);
    return frame->pts - track->last < (least > 1 ? least : 1);
}

static void picture_key(struct media_track *track, AVFrame *frame)
{
    int64_t at = av_rescale_q(frame->pts, track->encoder->time_base, microseconds);

    frame->pict_type = AV_PICTURE_TYPE_NONE;
    frame->quality = track->encoder->global_quality;
    if (!track->plan->key_seconds || at < track->next_key)
        return;
    frame->pict_type = AV_PICTURE_TYPE_I;
    while (track->next_key <= at)
        track->next_key += track->plan->key_seconds * 1000000LL;
}

static int frame_encode(struct media_track *track, AVFrame *frame)
{
    int r;

    if (track->encoder->codec_type == AVMEDIA_TYPE_VIDEO) {
        if (picture_too_soon(track, frame))
            return 0;
        picture_key(track, frame);
    } else if (frame->pts != AV_NOPTS_VALUE) {
        frame->pts = av_rescale_q(frame->pts, av_buffersink_get_time_base(track->sink), track->encoder->time_base);
    }
    if (frame->pts != AV_NOPTS_VALUE)
        track->last = frame->pts;
    if (av_rescale_q(track->last, track->encoder->time_base, (AVRational){ 1, 1 }) > MEDIA_SECONDS_MAX)
        return AVERROR(EOVERFLOW);
    r = avcodec_send_frame(track->encoder, frame);
    return r < 0 ? r : packets_write(track);
}

/* ---- filter ---- */

static int frames_pull(struct media_track *track)
{
    int r;

    while ((r = av_buffersink_get_frame(track->sink, track->filtered)) >= 0) {
        r = frame_encode(track, track->filtered);
        av_frame_unref(track->filtered);
        if (r < 0)
            return r;
    }
    return r == AVERROR(EAGAIN) || r == AVERROR_EOF ? 0 : r;
}

/* What is still in a graph that is to be replaced comes out first. */
static int graph_change(struct media_track *track, const AVFrame *frame)
{
    int r = 0;

    if (track->graph && track->decoder->codec_type == AVMEDIA_TYPE_VIDEO) { /* of sound it would be a piece too short */
        r = av_buffersrc_add_frame(track->source, NULL);
        r = r < 0 ? r : frames_pull(track);
    }
    r = r < 0 ? r : media_graph_make(track, frame);
    return r < 0 || track->encoder ? r : encoder_open(track);
}

/* Its time, on the input's clock as if that began at 0. */
static void frame_place(struct media_track *track, AVFrame *frame)
{
    AVRational base = track->from->time_base;
    int64_t pts = frame->best_effort_timestamp;

    if (pts == AV_NOPTS_VALUE)
        pts = track->next;
    else
        pts -= av_rescale_q(track->in->start, microseconds, base);
    track->next = pts + (frame->pkt_duration > 0 ? frame->pkt_duration : 1);
    frame->pts = pts;
}

static int frame_filter(struct media_track *track, AVFrame *frame)
{
    int r = 0;

    frame_place(track, frame);
    if (!track->graph || !media_graph_fits(track, frame))
        r = graph_change(track, frame);
    r = r < 0 ? r : av_buffersrc_add_frame(track->source, frame);
    return r < 0 ? r : frames_pull(track);
}

/* ---- decode ---- */

static int frames_decode(struct media_track *track)
{
    int r;

    while ((r = avcodec_receive_frame(track->decoder, track->decoded)) >= 0) {
        r = frame_filter(track, track->decoded);
        av_frame_unref(track->decoded);
        if (r < 0)
            return r;
    }
    return r == AVERROR(ENOMEM) ? r : 0; /* what is damaged is passed over */
}

/* Everything that is still on its way comes out. */
static int track_flush(struct media_track *track)
{
    int r = frames_decode(track);

    if (r < 0 || !track->encoder)
        return r;
    r = av_buffersrc_add_frame(track->source, NULL);
    r = r < 0 ? r : frames_pull(track);
    r = r < 0 ? r : avcodec_send_frame(track->encoder, NULL);
    return r < 0 ? r : packets_write(track);
}

int media_track_feed(struct media_track *track, const AVPacket *packet)
{
    int r = avcodec_send_packet(track->decoder, packet);

    if (r == AVERROR(ENOMEM))
        return r;
    return packet ? frames_decode(track) : track_flush(track);
}

int media_track_new(void *ctx, const struct media_input *in, AVStream *from, struct media_output *out,
                    const struct media_plan *plan, struct media_track **ret)
{
    struct media_track *track = NEW(ctx, struct media_track);
    int r;

    talloc_set_destructor(track, track_free);
    *track = (struct media_track){
        .in = in, .from = from, .out = out, .plan = plan, .last = INT64_MIN, .last_dts = INT64_MIN
    };
    track->turn = from->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? (media_turn_of(from) + plan->turn) / 90 % 4 : 0;
    track->decoded = av_frame_alloc();
    track->filtered = av_frame_alloc();
    track->packet = av_packet_alloc();
    if (!track->decoded || !track->filtered || !track->packet)
        return AVERROR(ENOMEM);
    r = media_decoder_open(in, from, &track->decoder);
    if (r >= 0 && !plan->late)
        r = media_graph_make(track, NULL);
    if (r >= 0 && !plan->late)
        r = encoder_open(track);
    if (r < 0)
        return r;
    *ret = track;
    return 0;
}
