/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/picture.h"
#include "common/memory.h"
#include "workers/report_file.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <webp/decode.h>

static int file_read(void *ctx, const char *path, unsigned char **ret, size_t *ret_length)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char *bytes;
    struct stat status;
    size_t length = 0;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (status.st_size > REPORT_PICTURE_MAX)
        return -E2BIG;
    bytes = memory_check(talloc_size(ctx, (size_t)status.st_size + 1));
    while (length < (size_t)status.st_size) {
        ssize_t n = read(fd, bytes + length, (size_t)status.st_size - length);

        if (n <= 0)
            return -EIO;
        length += (size_t)n;
    }
    *ret = bytes;
    *ret_length = length;
    return 0;
}

/* ---- JPEG ---- */

/* The same picture twice is in the document once. */
static cairo_status_t name_by_content(cairo_surface_t *surface, const struct jpeg *jpeg)
{
    unsigned char hash[16], *id = malloc(33);
    static const char digits[] = "0123456789abcdef";

    if (!id)
        return CAIRO_STATUS_NO_MEMORY;
    crypto_generichash(hash, sizeof hash, jpeg->data, jpeg->length, NULL, 0);
    for (size_t i = 0; i < sizeof hash; i++) {
        id[2 * i] = (unsigned char)digits[hash[i] >> 4];
        id[2 * i + 1] = (unsigned char)digits[hash[i] & 15];
    }
    return cairo_surface_set_mime_data(surface, CAIRO_MIME_TYPE_UNIQUE_ID, id, 32, free, id);
}

static int jpeg_load(void *ctx, const unsigned char *bytes, size_t length, struct picture *ret)
{
    struct jpeg jpeg;
    unsigned char *kept;
    int r = jpeg_read(ctx, bytes, length, &jpeg);

    if (r < 0)
        return r;
    kept = malloc(jpeg.length);
    if (!kept)
        return -ENOMEM;
    memcpy(kept, jpeg.data, jpeg.length);
    /* Its pixels stay untouched, so they cost addresses and no memory. */
    ret->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, jpeg.width, jpeg.height);
    if (cairo_surface_set_mime_data(ret->surface, CAIRO_MIME_TYPE_JPEG, kept, jpeg.length, free, kept) ||
        name_by_content(ret->surface, &jpeg)) {
        cairo_surface_destroy(ret->surface);
        return -ENOMEM;
    }
    ret->turn = jpeg.turn;
    ret->width = jpeg.turn > 4 ? jpeg.height : jpeg.width;
    ret->height = jpeg.turn > 4 ? jpeg.width : jpeg.height;
    return 0;
}

/* ---- PNG ---- */

/* Width and height stand in the first chunk, right behind the signature. */
static int png_check(const unsigned char *bytes, size_t length)
{
    static const unsigned char signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                               0,    0,   0,   13,  'I',  'H',  'D',  'R' };
    uint64_t width, height;

    if (length < 33 || memcmp(bytes, signature, sizeof signature) != 0)
        return -EINVAL;
    width = (uint64_t)bytes[16] << 24 | (uint64_t)bytes[17] << 16 | (uint64_t)bytes[18] << 8 | bytes[19];
    height = (uint64_t)bytes[20] << 24 | (uint64_t)bytes[21] << 16 | (uint64_t)bytes[22] << 8 | bytes[23];
    if (width == 0 || height == 0)
        return -EINVAL;
    return width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX || width * height > PICTURE_PNG_AREA_MAX ? -E2BIG : 0;
}

struct bytes {
    const unsigned char *at;
    size_t left;
};

static cairo_status_t bytes_read(void *closure, unsigned char *to, unsigned length)
{
    struct bytes *bytes = closure;

    if (length > bytes->left)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(to, bytes->at, length);
    bytes->at += length;
    bytes->left -= length;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *made_smaller(cairo_surface_t *from)
{
    int width = cairo_image_surface_get_width(from), height = cairo_image_surface_get_height(from);
    double scale = PICTURE_PNG_SIDE / fmax(width, height);
    cairo_surface_t *to;
    cairo_t *cr;

    if (scale >= 1)
        return from;
    to = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)fmax(width * scale, 1), (int)fmax(height * scale, 1));
    cr = cairo_create(to);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, (double)cairo_image_surface_get_width(to) / width,
                (double)cairo_image_surface_get_height(to) / height);
    cairo_set_source_surface(cr, from, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(from);
    return to;
}

static int png_load(const unsigned char *bytes, size_t length, struct picture *ret)
{
    struct bytes source = { bytes, length };
    int r = png_check(bytes, length);
    cairo_surface_t *surface;

    if (r < 0)
        return r;
    surface = cairo_image_surface_create_from_png_stream(bytes_read, &source);
    if (cairo_surface_status(surface)) {
        cairo_surface_destroy(surface);
        return -EINVAL;
    }
    *ret = (struct picture){ .surface = made_smaller(surface), .turn = 1 };
    ret->width = cairo_image_surface_get_width(ret->surface);
    ret->height = cairo_image_surface_get_height(ret->surface);
    return 0;
}

/* ---- WebP ---- */

static int webp_load(const unsigned char *bytes, size_t length, struct picture *ret)
{
    WebPDecoderConfig config;
    cairo_surface_t *surface;
    int width, height, r;

    if (!WebPInitDecoderConfig(&config) || WebPGetFeatures(bytes, length, &config.input) != VP8_STATUS_OK ||
        config.input.has_animation)
        return -EINVAL;
    width = config.input.width; /* at most 16,383 each */
    height = config.input.height;
    if (width < 1 || height < 1)
        return -EINVAL;
    if ((uint64_t)width * (uint64_t)height > PICTURE_PNG_AREA_MAX)
        return -E2BIG;
    surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    config.output.colorspace = MODE_bgrA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = cairo_image_surface_get_data(surface);
    config.output.u.RGBA.stride = cairo_image_surface_get_stride(surface);
    config.output.u.RGBA.size = (size_t)config.output.u.RGBA.stride * (size_t)height;
    r = cairo_surface_status(surface) || WebPDecode(bytes, length, &config) != VP8_STATUS_OK ? -EINVAL : 0;
    WebPFreeDecBuffer(&config.output);
    if (r < 0) {
        cairo_surface_destroy(surface);
        return r;
    }
    cairo_surface_mark_dirty(surface);
    *ret = (struct picture){ .surface = made_smaller(surface), .turn = 1 };
    ret->width = cairo_image_surface_get_width(ret->surface);
    ret->height = cairo_image_surface_get_height(ret->surface);
    return 0;
}

/* ---- all ---- */

/* By their first bytes. */
static int any_load(void *ctx, const unsigned char *bytes, size_t length, struct picture *ret)
{
    if (length > 2 && bytes[0] == 0xff)
        return jpeg_load(ctx, bytes, length, ret);
    if (length > 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return webp_load(bytes, length, ret);
    return png_load(bytes, length, ret);
}

int picture_load(const char *path, struct picture *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct picture picture = { .turn = 1 };
    unsigned char *bytes = NULL;
    size_t length = 0;
    int r = file_read(ctx, path, &bytes, &length);

    if (r < 0)
        return r;
    r = any_load(ctx, bytes, length, &picture);
    if (r == 0)
        *ret = picture;
    return r;
}

void picture_clear(struct picture *picture)
{
    cairo_surface_destroy(picture->surface);
    *picture = (struct picture){ .surface = NULL };
}

/* From the picture as coded to the picture as seen, both with their corner at 0, 0. */
static void turn_apply(cairo_t *cr, const struct picture *picture)
{
    double w = picture->width, h = picture->height;
    const cairo_matrix_t turns[9] = {
        [1] = { 1, 0, 0, 1, 0, 0 },   [2] = { -1, 0, 0, 1, w, 0 }, [3] = { -1, 0, 0, -1, w, h },
        [4] = { 1, 0, 0, -1, 0, h },  [5] = { 0, 1, 1, 0, 0, 0 },  [6] = { 0, 1, -1, 0, w, 0 },
        [7] = { 0, -1, -1, 0, w, h }, [8] = { 0, -1, 1, 0, 0, h },
    };

    cairo_transform(cr, &turns[picture->turn]);
}

void picture_paint(cairo_t *cr, const struct picture *picture, double x, double y, double width, double height)
{
    double scale = fmin(width / picture->width, height / picture->height);

    /* A group has a list of pictures of its own: in one of the page, cairo names a picture that is there twice two
     * times, which a reader may take for an error. */
    cairo_save(cr);
    cairo_push_group(cr);
    cairo_translate(cr, x + (width - picture->width * scale) / 2, y);
    cairo_scale(cr, scale, scale);
    turn_apply(cr, picture);
    cairo_set_source_surface(cr, picture->surface, 0, 0);
    cairo_paint(cr);
    cairo_pop_group_to_source(cr);
    cairo_paint(cr);
    cairo_restore(cr);
}
