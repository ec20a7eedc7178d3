/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/input.h"
#include "common/memory.h"
#include "workers/fenced/media/output.h"
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, MICROSECONDS = 1000000 };

/* Demuxers and decoders by their names in the library. Everything else it has is out of reach. */
static const char readable[] = "mov,matroska,mp3,wav,ogg,flac,gif,apng,jpeg_pipe,png_pipe,webp_pipe";
static const char parts[] = "nut"; /* what we have written ourselves on the way */
static const char pictures[] = "gif,apng,jpeg_pipe,png_pipe,webp_pipe";
static const char codings[] =
    "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,theora,prores,mjpeg,png,apng,gif,webp,aac,alac,mp3float,mp3,"
    "opus,libopus,vorbis,flac,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le";

/* ---- reading ---- */

static int input_read(void *opaque, uint8_t *bytes, int size)
{
    const struct media_input *in = opaque;
    ssize_t n;

    do
        n = read(in->fd, bytes, (size_t)size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return AVERROR(errno);
    return n ? (int)n : AVERROR_EOF;
}

static int64_t input_seek(void *opaque, int64_t offset, int whence)
{
    const struct media_input *in = opaque;
    struct stat status;

    if (whence & AVSEEK_SIZE)
        return fstat(in->fd, &status) < 0 ? AVERROR(errno) : status.st_size;
    offset = lseek(in->fd, offset, whence & ~AVSEEK_FORCE);
    return offset < 0 ? AVERROR(errno) : offset;
}

/* A demuxer that wants another file follows what somebody wrote into this one. */
static int open_nothing(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static void say_nothing(void *object, int level, const char *text, va_list arguments)
{
    (void)object, (void)level, (void)text, (void)arguments;
}

static int input_free(struct media_input *in)
{
    avformat_close_input(&in->format);
    if (in->io)
        av_freep(&in->io->buffer);
    avio_context_free(&in->io);
    memory_close(&in->fd);
    return 0;
}

/* ---- what went wrong ---- */

static int bury(struct job *job, const char *what, int error)
{
    char why[AV_ERROR_MAX_STRING_SIZE];

    if (error == AVERROR(ENOMEM))
        return job_bury(job, "%s: it needs more memory than a job may have", what);
    if (error == AVERROR(EFBIG))
        return job_bury(job, "%s: it would be larger than a job may write", what);
    if (error == AVERROR(EOVERFLOW))
        return job_bury(job, "%s: it is longer than %d hours", what, MEDIA_SECONDS_MAX / 3600);
    if (error == AVERROR_EXTERNAL)
        return job_bury(job, "%s: its coding failed, as it does when memory is short", what);
    av_make_error_string(why, sizeof why, error);
    return job_bury(job, "%s: %s", what, why);
}

/* Demuxers call damage an input error, too. */
static int unreadable(struct job *job, int error)
{
    return bury(job, "this is not media that can be read", error);
}

int media_refuse(struct job *job, const char *what, int error)
{
    if (error == AVERROR(ENOSPC) || error == AVERROR(EIO) || error == AVERROR(EDQUOT))
        return job_release(job, -1, "%s: %s", what, strerror(AVUNERROR(error)));
    return bury(job, what, error);
}

/* ---- what it is ---- */

/* By its bytes alone. */
static int form_find(struct job *job, struct media_input *in, const char *forms, const AVInputFormat **ret)
{
    const AVInputFormat *form = NULL;
    int r = av_probe_input_buffer2(in->io, &form, "", NULL, 0, 0);

    if (r < 0)
        return unreadable(job, r);
    if (av_match_list(form->name, forms, ',') <= 0)
        return job_bury(job, "this is not media that can be read: it is of the form %s", form->long_name);
    *ret = form;
    return 0;
}

static AVStream *stream_find(AVFormatContext *format, enum AVMediaType type)
{
    int i = av_find_best_stream(format, type, -1, -1, NULL, 0);

    if (i < 0 || format->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC) /* the cover of a record is no video */
        return NULL;
    return format->streams[i];
}

/* Its streams have been looked at: choose, and refuse what is too much. */
static int streams_choose(struct job *job, struct media_input *in)
{
    AVFormatContext *format = in->format;
    bool picture = av_match_list(format->iformat->name, pictures, ',') > 0;
    struct media_size size;

    in->video = stream_find(format, AVMEDIA_TYPE_VIDEO);
    in->audio = stream_find(format, AVMEDIA_TYPE_AUDIO);
    in->class = picture ? MEDIA_IMAGE : in->video ? MEDIA_VIDEO : MEDIA_AUDIO;
    in->start = format->start_time == AV_NOPTS_VALUE ? 0 : format->start_time;
    in->first = in->start;
    in->duration = picture || format->duration <= 0 ? 0 : format->duration;
    if (in->part) { /* its length is told from the beginning of its clock on */
        in->duration -= in->first < in->duration ? in->first : in->duration;
        in->start = MEDIA_PART_SHIFT;
    }
    if (!in->video && !in->audio)
        return job_bury(job, "this is not media that can be read: there is neither picture nor sound in it");
    if (in->duration > (int64_t)MEDIA_SECONDS_MAX * MICROSECONDS)
        return job_bury(job, "this is too long: more than %d hours", MEDIA_SECONDS_MAX / 3600);
    size = in->video ? (struct media_size){ in->video->codecpar->width, in->video->codecpar->height }
                     : (struct media_size){ 1, 1 };
    if (size.width <= 0 || size.height <= 0)
        return job_bury(job, "this is not media that can be read: its pictures have no size");
    if ((int64_t)size.width * size.height > MEDIA_PIXELS_MAX)
        return job_bury(job, "its pictures are too large: %d by %d", size.width, size.height);
    for (unsigned i = 0; i < format->nb_streams; i++)
        if (format->streams[i] != in->video && format->streams[i] != in->audio)
            format->streams[i]->discard = AVDISCARD_ALL;
    return 0;
}

/* The first packets are decoded to learn what their headers do not say: under the same limits. */
static int streams_look(AVFormatContext *format)
{
    AVDictionary *options[MEDIA_STREAMS_MAX] = { NULL };
    unsigned count = format->nb_streams;
    int r = 0;

    if (count > MEDIA_STREAMS_MAX)
        return AVERROR_PATCHWELCOME;
    for (unsigned i = 0; i < count; i++) {
        av_dict_set_int(&options[i], "max_pixels", MEDIA_PIXELS_MAX, 0);
        av_dict_set_int(&options[i], "threads", 1, 0);
    }
    r = avformat_find_stream_info(format, options);
    for (unsigned i = 0; i < count; i++)
        av_dict_free(&options[i]);
    return r;
}

static int format_open(struct job *job, struct media_input *in, const char *forms)
{
    AVDictionary *options = NULL;
    const AVInputFormat *form = NULL;
    int r = form_find(job, in, forms, &form);

    if (r < 0)
        return r;
    in->format = avformat_alloc_context();
    if (!in->format)
        return unreadable(job, AVERROR(ENOMEM));
    in->format->pb = in->io;
    in->format->io_open = open_nothing;
    av_dict_set(&options, "format_whitelist", forms, 0);
    av_dict_set(&options, "codec_whitelist", codings, 0);
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    av_dict_set_int(&options, "max_streams", MEDIA_STREAMS_MAX, 0);
    r = avformat_open_input(&in->format, "", form, &options);
    av_dict_free(&options);
    if (r >= 0)
        r = streams_look(in->format);
    return r < 0 ? unreadable(job, r) : streams_choose(job, in);
}

static int input_open(struct job *job, const char *name, const char *forms, struct media_input **ret)
{
    struct media_input *in = NEW(job, struct media_input);
    uint8_t *buffer;
    int r;

    av_log_set_callback(say_nothing);
    in->part = forms == parts;
    in->fd = open(FORMAT(in, "in/%s", name), O_RDONLY | O_CLOEXEC);
    talloc_set_destructor(in, input_free);
    if (in->fd < 0)
        return job_release(job, -1, "the input is not there: %s", strerror(errno));
    buffer = av_malloc(BUFFER);
    in->io = buffer ? avio_alloc_context(buffer, BUFFER, 0, in, input_read, NULL, input_seek) : NULL;
    if (!in->io) {
        av_free(buffer);
        return unreadable(job, AVERROR(ENOMEM));
    }
    r = format_open(job, in, forms);
    if (r < 0)
        return r;
    *ret = in;
    return 0;
}

int media_input_open(struct job *job, const char *name, struct media_input **ret)
{
    return input_open(job, name, readable, ret);
}

int media_part_open(struct job *job, const char *name, struct media_input **ret)
{
    return input_open(job, name, parts, ret);
}

/* ---- its streams ---- */

int media_decoder_open(const struct media_input *in, const AVStream *stream, AVCodecContext **ret)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    AVCodecContext *decoder = codec ? avcodec_alloc_context3(codec) : NULL;
    AVDictionary *options = NULL;
    int r;

    if (!decoder)
        return codec ? AVERROR(ENOMEM) : AVERROR_DECODER_NOT_FOUND;
    av_dict_set(&options, "codec_whitelist", in->format->codec_whitelist, 0);
    av_dict_set_int(&options, "max_pixels", MEDIA_PIXELS_MAX, 0);
    av_dict_set_int(&options, "threads", 1, 0);
    r = avcodec_parameters_to_context(decoder, stream->codecpar);
    decoder->pkt_timebase = stream->time_base;
    if (r >= 0)
        r = avcodec_open2(decoder, codec, &options);
    av_dict_free(&options);
    if (r < 0) {
        avcodec_free_context(&decoder);
        return r;
    }
    *ret = decoder;
    return 0;
}

/* The library counts the other way round. */
static int turn_of(const void *matrix)
{
    double degrees = matrix ? av_display_rotation_get(matrix) : 0;

    return isnan(degrees) ? 0 : ((int)lround(-degrees / 90) % 4 + 4) % 4 * 90;
}

int media_turn_of(const AVStream *stream)
{
    return turn_of(av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL));
}

int media_turn_of_frame(const AVFrame *frame)
{
    const AVFrameSideData *matrix = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);

    return turn_of(matrix ? matrix->data : NULL);
}

struct media_size media_size_of(const AVStream *stream)
{
    const AVCodecParameters *has = stream->codecpar;
    AVRational pixel = stream->sample_aspect_ratio.num ? stream->sample_aspect_ratio : has->sample_aspect_ratio;
    struct media_size size = media_shown((struct media_size){ has->width, has->height }, pixel.num, pixel.den);

    if (media_turn_of(stream) % 180)
        size = (struct media_size){ size.height, size.width };
    return size;
}
