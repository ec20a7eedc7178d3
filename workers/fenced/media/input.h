/* SPDX-License-Identifier: GPL-3.0-or-later
 * Foreign media, opened for reading behind the fence. Only the forms and codings that are listed in input.c are read,
 * from one descriptor; whatever names another file or address (playlists, references in containers) is refused. */
#ifndef MILLRACE_MEDIA_INPUT_H
#define MILLRACE_MEDIA_INPUT_H
#include "queue/job.h"
#include "workers/fenced/media/formats.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum {
    MEDIA_STREAMS_MAX = 16,
    MEDIA_SECONDS_MAX = 4 * 3600,
    MEDIA_PIXELS_MAX = 64 * 1000 * 1000, /* of a frame */
};

enum media_class { MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_VIDEO };

struct media_input {
    AVFormatContext *format;
    AVIOContext *io;
    int fd;
    bool part; /* of our own making: media_part_open() */
    enum media_class class;
    AVStream *video, *audio; /* the one of each that is played; NULL: there is none */
    int64_t start, duration; /* microseconds; duration 0: not known, or a picture */
    int64_t first; /* where it begins on the clock of its packets: start, but for a part, whose clock is the whole's */
};

/* Open in/NAME of the job's folder; *ret hangs off the job. A negative number, with the job buried, when it is not
 * media that can be read. Also makes the libraries silent. */
int media_input_open(struct job *job, const char *name, struct media_input **ret);
/* The same of a part that media_cut() or media_part() has made. */
int media_part_open(struct job *job, const char *name, struct media_input **ret);
/* A decoder of one of its streams, within the limits. 0 or the library's error. Freed by avcodec_free_context(). */
int media_decoder_open(const struct media_input *in, const AVStream *stream, AVCodecContext **ret);
/* How far its pictures are to be turned to stand upright: 0, 90, 180 or 270 degrees clockwise. */
int media_turn_of(const AVStream *stream);
/* The same of a frame where its stream does not say it: a photo in which a camera has noted how it was held. */
int media_turn_of_frame(const AVFrame *frame);
/* The size that a picture of it has when it is shown, turned and with square pixels. */
struct media_size media_size_of(const AVStream *stream);

/* Bury a job because of what its input is; error is the library's, and what says which part of the work it was. Of what
 * is not the input's fault (the disk is full), release it. */
int media_refuse(struct job *job, const char *what, int error);
#endif
