/* SPDX-License-Identifier: GPL-3.0-or-later
 * media.probe: what a file is. */
#include "common/memory.h"
#include "workers/fenced/media/input.h"
#include "workers/kinds.h"
#include <libavcodec/avcodec.h>

/* More is no rate that anybody has meant, but what a file's times come to when it has hardly any. */
enum { FRAME_RATE_MAX = 1000000 };
static const int64_t bit_rate_max = 1LL << 40;

static const char *const classes[] = { [MEDIA_IMAGE] = "image", [MEDIA_AUDIO] = "audio", [MEDIA_VIDEO] = "video" };

static json_t *picture_json(const struct media_input *in)
{
    const AVCodecParameters *has = in->video->codecpar;
    AVRational rate = av_guess_frame_rate(in->format, in->video, NULL);
    json_t *told = json_pack("{ss ss si si si}", "type", "video", "codec", avcodec_get_name(has->codec_id), "width",
                             has->width, "height", has->height, "rotation", media_turn_of(in->video));

    if (in->class == MEDIA_VIDEO && rate.num > 0 && rate.den > 0 && av_q2d(rate) <= FRAME_RATE_MAX)
        json_object_set_new(told, "frame_rate", json_real(av_q2d(rate)));
    return told;
}

static json_t *sound_json(const struct media_input *in)
{
    const AVCodecParameters *has = in->audio->codecpar;

    return json_pack("{ss ss si si}", "type", "audio", "codec", avcodec_get_name(has->codec_id), "sample_rate",
                     has->sample_rate, "channels", has->ch_layout.nb_channels);
}

static int picture_decode(struct media_input *in, AVCodecContext *decoder, AVPacket *packet, AVFrame *frame)
{
    int r = AVERROR(EAGAIN);

    while (r == AVERROR(EAGAIN) && (r = av_read_frame(in->format, packet)) >= 0) {
        r = packet->stream_index == in->video->index ? avcodec_send_packet(decoder, packet) : AVERROR(EAGAIN);
        av_packet_unref(packet);
        r = r < 0 ? r : avcodec_receive_frame(decoder, frame);
    }
    return r == AVERROR_EOF && avcodec_send_packet(decoder, NULL) >= 0 ? avcodec_receive_frame(decoder, frame) : r;
}

/* A picture says only when it is decoded how it is turned, and whether it can be. */
static int picture_look(struct job *job, struct media_input *in, struct media_size *size)
{
    AVCodecContext *decoder = NULL;
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int r = packet && frame ? media_decoder_open(in, in->video, &decoder) : AVERROR(ENOMEM);

    if (r >= 0)
        r = picture_decode(in, decoder, packet, frame);
    if (r >= 0 && media_turn_of_frame(frame) % 180)
        *size = (struct media_size){ size->height, size->width };
    avcodec_free_context(&decoder);
    av_packet_free(&packet);
    av_frame_free(&frame);
    return r < 0 ? media_refuse(job, "this is not media that can be read", r == AVERROR(EIO) ? AVERROR_INVALIDDATA : r)
                 : 0;
}

int media_probe(struct job *job)
{
    struct media_size size = { 0, 0 };
    struct media_input *in = NULL;
    json_t *streams;
    int r = media_input_open(job, "media", &in);

    if (r < 0)
        return r;
    if (in->video)
        size = media_size_of(in->video);
    if (in->class == MEDIA_IMAGE && in->video) {
        r = picture_look(job, in, &size);
        if (r < 0)
            return r;
    }
    streams = json_array();
    if (in->video)
        json_array_append_new(streams, picture_json(in));
    if (in->audio)
        json_array_append_new(streams, sound_json(in));
    job->result =
        json_pack("{ss ss so}", "class", classes[in->class], "format", in->format->iformat->name, "streams", streams);
    if (in->duration)
        json_object_set_new(job->result, "duration_ms", json_integer(in->duration / 1000));
    if (in->format->bit_rate > 0 && in->format->bit_rate <= bit_rate_max && in->class != MEDIA_IMAGE)
        json_object_set_new(job->result, "bit_rate", json_integer(in->format->bit_rate));
    if (in->video) {
        json_object_set_new(job->result, "width", json_integer(size.width));
        json_object_set_new(job->result, "height", json_integer(size.height));
    }
    return 0;
}
