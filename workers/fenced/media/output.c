/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/output.h"
#include "common/memory.h"
#include <libavcodec/avcodec.h>

static int output_free(struct media_output *out)
{
    if (!(out->format->oformat->flags & AVFMT_NOFILE))
        avio_closep(&out->format->pb);
    avformat_free_context(out->format);
    return 0;
}

int media_output_new(void *ctx, const char *muxer, const char *options, const char *path, unsigned tracks,
                     struct media_output **ret)
{
    struct media_output *out;
    AVFormatContext *format;
    int r = avformat_alloc_output_context2(&format, NULL, muxer, path);

    if (r < 0)
        return r;
    format->flags |= AVFMT_FLAG_BITEXACT; /* nothing of this machine in it: the same input makes the same file */
    out = NEW(ctx, struct media_output);
    *out =
        (struct media_output){ .format = format, .options = options, .tracks = tracks, .part = !strcmp(muxer, "nut") };
    if (out->part)
        format->avoid_negative_ts = 0; /* it would move each by something else */
    talloc_set_destructor(out, output_free);
    *ret = out;
    return 0;
}

static int output_begin(struct media_output *out)
{
    AVDictionary *options = NULL;
    int r = 0;

    if (!(out->format->oformat->flags & AVFMT_NOFILE))
        r = avio_open(&out->format->pb, out->format->url, AVIO_FLAG_WRITE);
    if (r >= 0 && out->options)
        r = av_dict_parse_string(&options, out->options, "=", ":", 0);
    if (r >= 0)
        r = avformat_write_header(out->format, &options);
    av_dict_free(&options);
    out->begun = r >= 0;
    return r < 0 ? r : 0;
}

static int output_added(struct media_output *out)
{
    return out->format->nb_streams == out->tracks ? output_begin(out) : 0;
}

int media_output_add(struct media_output *out, const AVCodecContext *encoder, AVStream **ret)
{
    AVStream *stream = avformat_new_stream(out->format, NULL);
    int r = stream ? avcodec_parameters_from_context(stream->codecpar, encoder) : AVERROR(ENOMEM);

    if (r < 0)
        return r;
    stream->time_base = encoder->time_base;
    stream->avg_frame_rate = encoder->framerate;
    stream->sample_aspect_ratio = encoder->sample_aspect_ratio;
    *ret = stream;
    return output_added(out);
}

int media_output_copy(struct media_output *out, AVFormatContext *format, AVStream *from, AVStream **ret)
{
    AVStream *stream = avformat_new_stream(out->format, NULL);
    int r = stream ? avcodec_parameters_copy(stream->codecpar, from->codecpar) : AVERROR(ENOMEM);

    if (r < 0)
        return r;
    stream->codecpar->codec_tag = 0; /* each form has its own words for a coding */
    stream->time_base = from->time_base;
    stream->avg_frame_rate = av_guess_frame_rate(format, from, NULL);
    stream->sample_aspect_ratio = stream->codecpar->sample_aspect_ratio =
        av_guess_sample_aspect_ratio(format, from, NULL);
    *ret = stream;
    return output_added(out);
}

int media_output_write(struct media_output *out, AVPacket *packet, AVRational time_base)
{
    AVRational base = out->format->streams[packet->stream_index]->time_base;
    int64_t shift = out->part ? av_rescale_q(MEDIA_PART_SHIFT, (AVRational){ 1, 1000000 }, base) : 0;

    av_packet_rescale_ts(packet, time_base, base);
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts += shift;
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts += shift;
    return av_interleaved_write_frame(out->format, packet);
}

int media_output_end(struct media_output *out)
{
    int r;

    if (!out->begun)
        return AVERROR(EINVAL);
    r = av_write_trailer(out->format);
    if (!(out->format->oformat->flags & AVFMT_NOFILE)) {
        int closed = avio_closep(&out->format->pb);
        r = r < 0 ? r : closed;
    }
    return r < 0 ? r : 0;
}
