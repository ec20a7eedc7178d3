/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/picture.h"
#include "common/memory.h"
#include "workers/fenced/image/colours.h"
#include "workers/fenced/image/raster.h"
#include "workers/fenced/image/resize.h"
#include "workers/fenced/image/source.h"

/* Of an output, in the directions the source is stored in. */
struct plan {
    struct area from;
    unsigned width, height;
};

static bool lies_on_side(const struct source *source)
{
    return source->orientation >= 5;
}

static unsigned at_least_one(double x)
{
    return x < 1 ? 1 : (unsigned)(x + 0.5);
}

static struct plan plan_of(const struct source *source, const struct picture_output *output)
{
    const unsigned box_width = lies_on_side(source) ? output->height : output->width;
    const unsigned box_height = lies_on_side(source) ? output->width : output->height;
    const double across = (double)box_width / source->width, down = (double)box_height / source->height;
    double ratio = across > down ? across : down, width, height;

    if (output->fit == PICTURE_FILL) {
        width = box_width / ratio;
        height = box_height / ratio;
        return (struct plan){ .from = { (source->width - width) / 2, (source->height - height) / 2, width, height },
                              .width = box_width,
                              .height = box_height };
    }
    ratio = across < down ? across : down;
    if (ratio > 1)
        ratio = 1;
    return (struct plan){ .from = { 0, 0, source->width, source->height },
                          .width = at_least_one(source->width * ratio),
                          .height = at_least_one(source->height * ratio) };
}

/* By how much the source may be smaller before any output suffers. */
static double shrink_of(const struct source *source, const struct picture_output *outputs, size_t n)
{
    double least = PICTURE_JPEG_SIDE;

    for (size_t i = 0; i < n; i++) {
        struct plan plan = plan_of(source, &outputs[i]);
        double across = plan.from.width / plan.width, down = plan.from.height / plan.height;

        least = across < least ? across : least;
        least = down < least ? down : least;
    }
    return least;
}

static void row_convert(const struct source *source, const unsigned char *row, pixel *ret)
{
    for (unsigned x = 0; x < source->width; x++, row += 4)
        ret[x] = (pixel){ row[0], row[1], row[2], row[3] };
    if (source->ink == SOURCE_RGBA)
        for (unsigned x = 0; x < source->width; x++) {
            const float part = ret[x][3] / 255;

            ret[x] *= (pixel){ part, part, part, 1 };
        }
}

/* All rows, once, to all that want them. */
static int rows_spread(struct source *source, struct resize **resizes, size_t n)
{
    unsigned char *row = memory_check(talloc_array(source, unsigned char, (size_t)source->width * 4));
    pixel *pixels = memory_check(talloc_array(source, pixel, source->width));
    int r = 0;

    for (unsigned y = 0; y < source->height && r == 0; y++) {
        r = source_row(source, row);
        if (r < 0)
            break;
        row_convert(source, row, pixels);
        for (size_t i = 0; i < n; i++)
            resize_row(resizes[i], pixels);
    }
    return r;
}

static struct raster raster_of(const struct source *source, const struct plan *plan, struct resize *resize)
{
    struct raster raster = raster_new(resize, plan->width, plan->height);
    const pixel *pixels = resize_result(resize);

    raster_fill(&raster, pixels, source->ink == SOURCE_RGBA);
    colours_to_srgb(source, raster.pixels, (size_t)raster.width * raster.height);
    return raster_turn(&raster, resize, source->orientation);
}

static int output_write(const struct source *source, const struct plan *plan, struct resize *resize,
                        struct picture_output *output)
{
    struct raster raster = raster_of(source, plan, resize);

    if (output->stretch)
        raster_stretch(&raster);
    output->made_width = raster.width;
    output->made_height = raster.height;
    return raster_write(&raster, output->name);
}

static int read_and_write(struct job *job, struct source *source, struct picture_output *outputs, size_t n)
{
    struct plan *plans = memory_check(talloc_array(source, struct plan, n));
    struct resize **resizes = memory_check(talloc_array(source, struct resize *, n));
    int r = source_start(source, shrink_of(source, outputs, n));

    if (r < 0)
        return r;
    job_progress(job, 10);
    for (size_t i = 0; i < n; i++) {
        plans[i] = plan_of(source, &outputs[i]);
        resizes[i] = resize_new(source, source->width, source->height, plans[i].from, plans[i].width, plans[i].height);
    }
    r = rows_spread(source, resizes, n);
    for (size_t i = 0; i < n && r == 0; i++) {
        job_progress(job, (int)(70 + 30 * i / n));
        r = output_write(source, &plans[i], resizes[i], &outputs[i]);
        if (r < 0)
            source->why = "what was made of it could not be written";
    }
    return r;
}

int picture_make(struct job *job, const char *in, struct picture_output *outputs, size_t n, struct picture_found *ret)
{
    struct source *source;
    const char *why;
    int r = source_open(job, in, &source, &why);

    if (r < 0)
        return job_bury(job, "the picture cannot be used: %s", why);
    r = read_and_write(job, source, outputs, n);
    if (r < 0)
        r = job_bury(job, "the picture cannot be used: %s", source->why);
    else
        *ret = (struct picture_found){
            .type = picture_format_type(source->kind.format),
            .width = lies_on_side(source) ? source->kind.height : source->kind.width,
            .height = lies_on_side(source) ? source->kind.width : source->kind.height,
        };
    talloc_free(source);
    return r;
}
