/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/graph.h"
#include "common/memory.h"
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

static const char *const turns[] = {
    [0] = "", [1] = ",transpose=clock", [2] = ",hflip,vflip", [3] = ",transpose=cclock"
};

static bool is_picture(const struct media_track *track)
{
    return track->decoder->codec_type == AVMEDIA_TYPE_VIDEO;
}

bool media_graph_fits(const struct media_track *track, const AVFrame *frame)
{
    if (is_picture(track))
        return frame->format == track->form && frame->width == track->width && frame->height == track->height;
    return frame->format == track->form && frame->sample_rate == track->width &&
           frame->ch_layout.nb_channels == track->height;
}

/* ---- what goes in ---- */

static AVRational pixel_of(const struct media_track *track)
{
    AVRational pixel = track->from->sample_aspect_ratio;

    if (!pixel.num)
        pixel = track->decoder->sample_aspect_ratio;
    return pixel.num > 0 && pixel.den > 0 ? pixel : (AVRational){ 1, 1 };
}

static char *picture_source(struct media_track *track, const AVFrame *frame)
{
    const AVCodecContext *decoder = track->decoder;
    AVRational pixel = pixel_of(track), base = track->from->time_base;
    AVRational rate = av_guess_frame_rate(track->in->format, track->from, NULL);

    track->form = frame ? frame->format : (int)decoder->pix_fmt;
    track->width = frame ? frame->width : decoder->width;
    track->height = frame ? frame->height : decoder->height;
    return FORMAT(track, "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=%d/%d%s", track->width,
                  track->height, track->form, base.num, base.den, pixel.num, pixel.den,
                  rate.num > 0 && rate.den > 0 ? FORMAT(track, ":frame_rate=%d/%d", rate.num, rate.den) : "");
}

static char *sound_source(struct media_track *track, const AVFrame *frame)
{
    const AVCodecContext *decoder = track->decoder;
    AVChannelLayout layout = { .nb_channels = 0 };
    char channels[64];
    AVRational base = track->from->time_base;

    track->form = frame ? frame->format : (int)decoder->sample_fmt;
    track->width = frame ? frame->sample_rate : decoder->sample_rate;
    track->height = frame ? frame->ch_layout.nb_channels : decoder->ch_layout.nb_channels;
    av_channel_layout_copy(&layout, frame ? &frame->ch_layout : &decoder->ch_layout);
    if (layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, track->height);
    av_channel_layout_describe(&layout, channels, sizeof channels);
    av_channel_layout_uninit(&layout);
    return FORMAT(track, "sample_rate=%d:sample_fmt=%d:channel_layout=%s:time_base=%d/%d", track->width, track->form,
                  channels, base.num, base.den);
}

/* ---- what is done with it ---- */

/* Behind a picture that one can see through goes a white one. */
static const char *ground_of(const struct media_track *track)
{
    const AVPixFmtDescriptor *form = av_pix_fmt_desc_get(track->form);

    if (!track->plan->flat || !form || !(form->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL)))
        return "";
    return "format=rgba,split[over][under];[under]lutrgb=r=255:g=255:b=255:a=255[ground];[ground][over]overlay=format=gbrp,";
}

/* Scaled first, then turned: fewer pixels to turn. */
static char *picture_filter(struct media_track *track, const AVFrame *frame)
{
    AVRational pixel = pixel_of(track);
    struct media_size size = media_shown((struct media_size){ track->width, track->height }, pixel.num, pixel.den);

    if (!track->plan->box)
        return COPY(track, track->plan->filter);
    if (track->plan->late && frame && !track->graph)
        track->turn = media_turn_of_frame(frame) / 90;
    if (track->encoder) /* the size stays what it was */
        size = track->turn % 2 ? (struct media_size){ track->encoder->height, track->encoder->width }
                               : (struct media_size){ track->encoder->width, track->encoder->height };
    else
        size = media_fit(size, *track->plan->box, track->plan->late ? 1 : 2);
    return FORMAT(track, "scale=%d:%d%s,%s%s", size.width, size.height, turns[track->turn], ground_of(track),
                  track->plan->filter);
}

/* ---- together ---- */

static int ends_add(struct media_track *track, AVFilterGraph *graph, const char *source, bool to_picture)
{
    bool picture = is_picture(track);
    int r = avfilter_graph_create_filter(&track->source, avfilter_get_by_name(picture ? "buffer" : "abuffer"), "in",
                                         source, NULL, graph);
    if (r < 0)
        return r;
    return avfilter_graph_create_filter(&track->sink, avfilter_get_by_name(to_picture ? "buffersink" : "abuffersink"),
                                        "out", NULL, NULL, graph);
}

static AVFilterInOut *end_of(const char *label, AVFilterContext *filter)
{
    AVFilterInOut *end = avfilter_inout_alloc();

    if (end)
        *end = (AVFilterInOut){ .name = av_strdup(label), .filter_ctx = filter };
    return end;
}

static int graph_fill(struct media_track *track, AVFilterGraph *graph, const char *source, const char *filter)
{
    const AVCodec *encoder = avcodec_find_encoder_by_name(track->plan->encoder);
    AVFilterInOut *begin = NULL, *end = NULL;
    int r = encoder ? ends_add(track, graph, source, encoder->type == AVMEDIA_TYPE_VIDEO) : AVERROR_ENCODER_NOT_FOUND;

    if (r < 0)
        return r;
    begin = end_of("in", track->source);
    end = end_of("out", track->sink);
    r = begin && end ? avfilter_graph_parse_ptr(graph, filter, &end, &begin, NULL) : AVERROR(ENOMEM);
    avfilter_inout_free(&begin);
    avfilter_inout_free(&end);
    return r < 0 ? r : avfilter_graph_config(graph, NULL);
}

int media_graph_make(struct media_track *track, const AVFrame *frame)
{
    autotalloc char *source = is_picture(track) ? picture_source(track, frame) : sound_source(track, frame);
    autotalloc char *filter = is_picture(track) ? picture_filter(track, frame) : COPY(track, track->plan->filter);
    AVFilterGraph *graph;
    int r;

    if (track->form < 0 || track->width <= 0 || track->height <= 0)
        return AVERROR_INVALIDDATA; /* not even its first packets say what it is */
    graph = avfilter_graph_alloc();
    if (!graph)
        return AVERROR(ENOMEM);
    graph->nb_threads = 1;
    r = graph_fill(track, graph, source, filter);
    avfilter_graph_free(&track->graph);
    track->graph = graph;
    if (r >= 0 && track->encoder && track->encoder->codec_type == AVMEDIA_TYPE_AUDIO && track->encoder->frame_size)
        av_buffersink_set_frame_size(track->sink, (unsigned)track->encoder->frame_size);
    return r < 0 ? r : 0;
}
