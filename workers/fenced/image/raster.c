/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/raster.h"
#include "common/memory.h"
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>
/* behind stdio.h, which it takes for granted */
#include <jpeglib.h>

struct raster raster_new(void *ctx, unsigned width, unsigned height)
{
    return (struct raster){
        .width = width,
        .height = height,
        .pixels = memory_check(talloc_array(ctx, unsigned char, (size_t)width *height * 4)),
    };
}

static unsigned char byte_of(float x)
{
    return x <= 0 ? 0 : x >= 255 ? 255 : (unsigned char)(x + 0.5f);
}

void raster_fill(struct raster *raster, const pixel *pixels, bool transparent)
{
    unsigned char *to = raster->pixels;

    for (size_t i = 0; i < (size_t)raster->width * raster->height; i++, to += 4) {
        const float white = transparent ? 255 - pixels[i][3] : 0;

        for (int k = 0; k < 4; k++)
            to[k] = byte_of(pixels[i][k] + (k < 3 ? white : 0));
    }
}

/* Of each orientation: across and down the upright picture, by how much one moves in the stored one; and whether one
 * begins at its right, at its bottom. */
static const struct {
    int across_x, across_y, down_x, down_y;
    bool right, bottom;
} turns[] = {
    [1] = { .across_x = 1, .down_y = 1 },
    [2] = { .across_x = -1, .down_y = 1, .right = true },
    [3] = { .across_x = -1, .down_y = -1, .right = true, .bottom = true },
    [4] = { .across_x = 1, .down_y = -1, .bottom = true },
    [5] = { .across_y = 1, .down_x = 1 },
    [6] = { .across_y = -1, .down_x = 1, .bottom = true },
    [7] = { .across_y = -1, .down_x = -1, .right = true, .bottom = true },
    [8] = { .across_y = 1, .down_x = -1, .right = true },
};

struct raster raster_turn(const struct raster *raster, void *ctx, unsigned orientation)
{
    const int stride = (int)raster->width, begin_x = turns[orientation].right ? stride - 1 : 0;
    const int begin_y = turns[orientation].bottom ? (int)raster->height - 1 : 0;
    const int across = turns[orientation].across_x + turns[orientation].across_y * stride;
    const int down = turns[orientation].down_x + turns[orientation].down_y * stride;
    struct raster turned;
    unsigned char *to;

    if (orientation == 1)
        return *raster;
    turned = orientation >= 5 ? raster_new(ctx, raster->height, raster->width)
                              : raster_new(ctx, raster->width, raster->height);
    to = turned.pixels;
    for (int y = 0; y < (int)turned.height; y++)
        for (int x = 0; x < (int)turned.width; x++, to += 4)
            memcpy(to, raster->pixels + 4 * (begin_y * stride + begin_x + y * down + x * across), 4);
    return turned;
}

static unsigned light_of(const unsigned char *p)
{
    return (p[0] * 77u + p[1] * 150u + p[2] * 29u) >> 8;
}

/* The light of the count-th pixel, counted from the dark or from the light end. */
static int light_at(const size_t *histogram, int from, int step, size_t count)
{
    size_t seen = 0;
    int light = from;

    for (; light >= 0 && light < 256; light += step) {
        seen += histogram[light];
        if (seen > count)
            break;
    }
    return light;
}

void raster_stretch(struct raster *raster)
{
    enum { SPAN_MIN = 16, PART = 200 };
    const size_t count = (size_t)raster->width * raster->height;
    size_t histogram[256] = { 0 };
    int dark, light;

    for (size_t i = 0; i < count; i++)
        histogram[light_of(raster->pixels + i * 4)]++;
    dark = light_at(histogram, 0, 1, count / PART);
    light = light_at(histogram, 255, -1, count / PART);
    if (light - dark < SPAN_MIN)
        return;
    for (size_t i = 0; i < count * 4; i++)
        raster->pixels[i] = byte_of((float)(raster->pixels[i] - dark) * 255 / (float)(light - dark));
}

/* ---- JPEG ---- */

struct writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf back;
};

static _Noreturn void on_error(j_common_ptr jpeg)
{
    longjmp(OWNER(jpeg->err, struct writer, errors)->back, 1);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static int compress(struct writer *writer, const struct raster *raster, FILE *file)
{
    struct jpeg_compress_struct *jpeg = &writer->jpeg;

    if (setjmp(writer->back))
        return -EIO;
    jpeg_create_compress(jpeg);
    jpeg_stdio_dest(jpeg, file);
    jpeg->image_width = raster->width;
    jpeg->image_height = raster->height;
    jpeg->input_components = 4;
    jpeg->in_color_space = JCS_EXT_RGBX;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, RASTER_QUALITY, TRUE);
    jpeg->optimize_coding = TRUE;
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW rows[] = { raster->pixels + (size_t)jpeg->next_scanline * raster->width * 4 };

        jpeg_write_scanlines(jpeg, rows, 1);
    }
    jpeg_finish_compress(jpeg);
    return 0;
}

int raster_write(const struct raster *raster, const char *name)
{
    autotalloc struct writer *writer = NEW(NULL, struct writer);
    FILE *file = fopen(name, "wxe");
    int r;

    if (!file)
        return -EIO;
    writer->jpeg.err = jpeg_std_error(&writer->errors);
    writer->errors.error_exit = on_error;
    writer->errors.output_message = on_message;
    r = compress(writer, raster, file);
    jpeg_destroy_compress(&writer->jpeg);
    if (fclose(file) != 0)
        r = -EIO;
    if (r < 0)
        unlink(name);
    return r;
}
