/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/formats.h"
#include "common/memory.h"

#define YUV "format=yuv420p,setsar=1"
#define STEREO(rate, sample) "aresample=" rate ":async=1,aformat=sample_fmts=" sample ":channel_layouts=mono|stereo"
#define VIDEO_BOXES                                                                                                    \
    {                                                                                                                  \
        { 640, 360 }, { 1280, 720 },                                                                                   \
        {                                                                                                              \
            1920, 1080                                                                                                 \
        }                                                                                                              \
    }
#define PICTURE_BOXES                                                                                                  \
    {                                                                                                                  \
        { 1280, 1280 }, { 2560, 2560 },                                                                                \
        {                                                                                                              \
            8192, 8192                                                                                                 \
        }                                                                                                              \
    }
#define QUALITIES(...)                                                                                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* clang-format off */
static const struct media_format formats[] = {
    { .name = "mp4", .muxer = "mp4", .muxer_options = "movflags=+faststart", .file = "media.mp4", .type = "video/mp4",
      .video = { .encoder = "libx264", .form = YUV,
                 .options = QUALITIES("preset=veryfast:crf=28", "preset=veryfast:crf=23", "preset=medium:crf=20") },
      .audio = { .encoder = "aac", .form = STEREO("44100", "fltp"), .options = QUALITIES("b=96k", "b=128k", "b=192k") },
      .boxes = VIDEO_BOXES, .frames_per_second = 60 },
    { .name = "webm", .muxer = "webm", .file = "media.webm", .type = "video/webm",
      .video = { .encoder = "libvpx-vp9", .form = YUV,
                 .options = QUALITIES("deadline=realtime:cpu-used=8:crf=42:b=0", "deadline=realtime:cpu-used=6:crf=36:b=0",
                                      "deadline=good:cpu-used=4:crf=31:b=0") },
      .audio = { .encoder = "libopus", .form = STEREO("48000", "flt"), .options = QUALITIES("b=64k", "b=96k", "b=128k") },
      .boxes = VIDEO_BOXES, .frames_per_second = 60 },
    { .name = "mp3", .muxer = "mp3", .muxer_options = "write_xing=1", .file = "media.mp3", .type = "audio/mpeg",
      .audio = { .encoder = "libmp3lame", .form = STEREO("44100", "fltp"), .options = QUALITIES("b=96k", "b=160k", "b=256k") } },
    { .name = "wav", .muxer = "wav", .file = "media.wav", .type = "audio/x-wav",
      .audio = { .encoder = "pcm_s16le", .form = STEREO("44100", "s16"), .options = QUALITIES("", "", "") } },
    { .name = "ogg", .muxer = "ogg", .file = "media.ogg", .type = "audio/ogg",
      .audio = { .encoder = "libvorbis", .form = STEREO("44100", "fltp"), .options = QUALITIES("b=80k", "b=128k", "b=192k") } },
    /* global_quality counts in 118ths of the encoder's scale: 8, 4 and 2 */
    { .name = "jpeg", .muxer = "image2pipe", .file = "media.jpg", .type = "image/jpeg",
      .video = { .encoder = "mjpeg", .flat = true, .form = "format=yuvj420p,setsar=1",
                 .options = QUALITIES("flags=+qscale:global_quality=944", "flags=+qscale:global_quality=472",
                                      "flags=+qscale:global_quality=236") },
      .boxes = PICTURE_BOXES },
    { .name = "png", .muxer = "image2pipe", .file = "media.png", .type = "image/png",
      .video = { .encoder = "png", .form = "format=rgb24|rgba|gray|pal8,setsar=1", .options = QUALITIES("pred=mixed", "pred=mixed", "pred=mixed") },
      .boxes = PICTURE_BOXES },
    { .name = "webp", .muxer = "image2pipe", .file = "media.webp", .type = "image/webp",
      .video = { .encoder = "libwebp", .form = "format=yuv420p|yuva420p,setsar=1",
                 .options = QUALITIES("quality=50", "quality=75", "quality=90") },
      .boxes = PICTURE_BOXES },
};
static const char *const qualities[MEDIA_QUALITIES] = { [MEDIA_LOW] = "low", [MEDIA_MEDIUM] = "medium", [MEDIA_HIGH] = "high" };
/* clang-format on */

const struct media_format *media_format_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(formats); i++)
        if (name && !strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

bool media_quality_find(const char *name, enum media_quality *ret)
{
    for (int i = 0; i < MEDIA_QUALITIES; i++) {
        if (name && !strcmp(qualities[i], name)) {
            *ret = (enum media_quality)i;
            return true;
        }
    }
    return false;
}

static int whole(double length, int unit)
{
    int units = (int)(length + 0.5) / unit;

    return (units < 1 ? 1 : units) * unit;
}

struct media_size media_fit(struct media_size size, struct media_box box, int unit)
{
    double wide = size.width >= size.height ? box.longer : box.shorter;
    double high = size.width >= size.height ? box.shorter : box.longer;
    double scale = 1;

    if (size.width > wide)
        scale = wide / size.width;
    if (size.height * scale > high)
        scale = high / size.height;
    return (struct media_size){ whole(size.width * scale, unit), whole(size.height * scale, unit) };
}

struct media_size media_shown(struct media_size size, int num, int den)
{
    if (num <= 0 || den <= 0 || num == den || num / den > 8 || den / num > 8)
        return size;
    if (num > den)
        size.width = (int)((long long)size.width * num / den);
    else
        size.height = (int)((long long)size.height * den / num);
    return size;
}
