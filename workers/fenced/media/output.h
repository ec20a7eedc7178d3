/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file that is being made. Its header is written as soon as all of its tracks are known. */
#ifndef MILLRACE_MEDIA_OUTPUT_H
#define MILLRACE_MEDIA_OUTPUT_H
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdbool.h>

enum { MEDIA_PART_SHIFT = 10 * 1000000 }; /* microseconds; see media_output_write() */

struct media_output {
    AVFormatContext *format;
    const char *options; /* of the muxer, key=value joined by colons; NULL: none */
    unsigned tracks;     /* it is to have so many */
    bool begun, part;    /* part: it is of the form nut, for ourselves */
};

/* All return 0 or the library's error. *ret hangs off ctx, as a file does that was not ended; it is for the caller to
 * remove. */
int media_output_new(void *ctx, const char *muxer, const char *options, const char *path, unsigned tracks,
                     struct media_output **ret);
/* A track of it whose encoder is open; *ret is its stream. */
int media_output_add(struct media_output *out, const AVCodecContext *encoder, AVStream **ret);
/* A track that takes packets as they are, of a stream of a file that is read. */
int media_output_copy(struct media_output *out, AVFormatContext *format, AVStream *from, AVStream **ret);
/* packet is in the time base that is given; it is the output's afterwards. A part's clock is that of the whole, on
 * which codings of sound begin before 0: its times are MEDIA_PART_SHIFT later, as its form has none that are negative.
 */
int media_output_write(struct media_output *out, AVPacket *packet, AVRational time_base);
/* The file is whole. AVERROR(EINVAL) when it was never begun. */
int media_output_end(struct media_output *out);
#endif
