/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/resize.h"
#include "common/memory.h"
#include <math.h>

enum { LOBES = 3 };

/* What a pixel of the result is made of, along one axis. */
struct share {
    unsigned first, count; /* pixels of the source */
    const float *weights;
};

struct resize {
    unsigned out_width, out_height;
    struct share *columns, *rows;
    unsigned row, open; /* the next row of the source; the first of the result that is not through */
    pixel *line;        /* a row of the source at the result's width */
    pixel *result;
};

static double sinc(double x)
{
    return fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x);
}

static double lanczos(double x)
{
    return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

static struct share share_of(void *ctx, double centre, double scale, unsigned in)
{
    const double reach = LOBES * scale;
    const int first = (int)fmax(0, ceil(centre - reach - 0.5)), last = (int)fmin(in - 1, floor(centre + reach - 0.5));
    const unsigned count = last < first ? 1 : (unsigned)(last - first + 1);
    float *weights = memory_check(talloc_array(ctx, float, count));
    double sum = 0;

    for (unsigned i = 0; i < count; i++) {
        double weight = count == 1 ? 1 : lanczos((first + i + 0.5 - centre) / scale);

        sum += weight;
        weights[i] = (float)weight;
    }
    for (unsigned i = 0; i < count; i++)
        weights[i] /= (float)sum;
    return (struct share){ .first = (unsigned)first, .count = count, .weights = weights };
}

static struct share *shares(void *ctx, unsigned in, double start, double length, unsigned out)
{
    struct share *list = memory_check(talloc_array(ctx, struct share, out));
    const double step = length / out, scale = step > 1 ? step : 1;

    for (unsigned i = 0; i < out; i++)
        list[i] = share_of(list, start + (i + 0.5) * step, scale, in);
    return list;
}

struct resize *resize_new(void *ctx, unsigned in_width, unsigned in_height, struct area from, unsigned out_width,
                          unsigned out_height)
{
    struct resize *resize = NEW(ctx, struct resize);

    resize->out_width = out_width;
    resize->out_height = out_height;
    resize->columns = shares(resize, in_width, from.left, from.width, out_width);
    resize->rows = shares(resize, in_height, from.top, from.height, out_height);
    resize->line = memory_check(talloc_zero_array(resize, pixel, out_width));
    resize->result = memory_check(talloc_zero_array(resize, pixel, (size_t)out_width * out_height));
    return resize;
}

static void line_fill(struct resize *resize, const pixel *row)
{
    for (unsigned x = 0; x < resize->out_width; x++) {
        const struct share *share = &resize->columns[x];
        const pixel *from = row + share->first;
        pixel sum = { 0 };

        for (unsigned i = 0; i < share->count; i++)
            sum += from[i] * share->weights[i];
        resize->line[x] = sum;
    }
}

void resize_row(struct resize *resize, const pixel *row)
{
    const unsigned y = resize->row++;
    unsigned out = resize->open;

    while (out < resize->out_height && resize->rows[out].first + resize->rows[out].count <= y)
        out++;
    resize->open = out;
    if (out == resize->out_height || resize->rows[out].first > y)
        return; /* no part of what is wanted */
    line_fill(resize, row);
    for (; out < resize->out_height && resize->rows[out].first <= y; out++) {
        const struct share *share = &resize->rows[out];
        const float weight = y < share->first + share->count ? share->weights[y - share->first] : 0;
        pixel *to = resize->result + (size_t)out * resize->out_width;

        for (unsigned x = 0; x < resize->out_width; x++)
            to[x] += resize->line[x] * weight;
    }
}

const pixel *resize_result(const struct resize *resize)
{
    return resize->result;
}
