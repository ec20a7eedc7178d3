/* SPDX-License-Identifier: GPL-3.0-or-later
 * One stream on its way through: decoder, filter graph, encoder, output. What a stream's packets hold that cannot be
 * decoded is passed over, as players do. */
#ifndef MILLRACE_MEDIA_TRACK_H
#define MILLRACE_MEDIA_TRACK_H
#include "workers/fenced/media/input.h"
#include "workers/fenced/media/output.h"
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>

/* What a track becomes. */
struct media_plan {
    const char *encoder, *options; /* as struct media_coding has them */
    const char *filter;            /* the whole graph; of pictures without size and turn, which box says */
    const struct media_box *box;   /* of pictures: the most they may take; NULL: the filter alone decides */
    int rate_max;                  /* pictures a second at most; 0: any */
    int key_seconds;               /* a picture that stands for itself so often at least; 0: as the encoder likes */
    int turn;                      /* degrees clockwise, where the stream does not say it itself */
    bool flat;                     /* as struct media_coding has it */
    bool late;                     /* the first picture says what its stream does not: how it is turned */
};

struct media_track {
    const struct media_input *in;
    AVStream *from, *to;
    struct media_output *out;
    const struct media_plan *plan;
    AVCodecContext *decoder, *encoder;
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    AVFrame *decoded, *filtered;
    AVPacket *packet;
    int form, width, height; /* what the graph was made for: of sound, format, rate and channels */
    int turn;
    int64_t next, last, last_dts, next_key;
    int64_t until;   /* where the last packet ends, in the time base of the encoder */
    long long count; /* packets written */
};

/* All return 0 or the library's error. *ret hangs off ctx; plan must live as long. */
int media_track_new(void *ctx, const struct media_input *in, AVStream *from, struct media_output *out,
                    const struct media_plan *plan, struct media_track **ret);
/* A packet of its stream, or NULL: there are no more. */
int media_track_feed(struct media_track *track, const AVPacket *packet);
#endif
