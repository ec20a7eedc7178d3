/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/scale.h"
#include "common/memory.h"
#include "workers/fenced/report/format.h"
#include <math.h>
#include <stdio.h>

static double round_step(double rough)
{
    double power = pow(10, floor(log10(rough))), first = rough / power;

    return (first <= 1 ? 1 : first <= 2 ? 2 : first <= 5 ? 5 : 10) * power;
}

struct scale scale_make(double low, double high, int wanted)
{
    struct scale scale = { .low = fmin(low, 0), .high = fmax(high, 0) };

    if (!isfinite(scale.low) || !isfinite(scale.high) || scale.high - scale.low < 1e-9)
        scale = (struct scale){ .high = 1 };
    scale.step = round_step((scale.high - scale.low) / (wanted > 0 ? wanted : 1));
    scale.low = floor(scale.low / scale.step + 1e-9) * scale.step;
    scale.high = ceil(scale.high / scale.step - 1e-9) * scale.step;
    scale.steps = (int)lround((scale.high - scale.low) / scale.step);
    scale.decimals = scale.step >= 1 ? 0 : (int)ceil(-log10(scale.step) - 1e-9);
    return scale;
}

double scale_at(const struct scale *scale, double value)
{
    return (value - scale->low) / (scale->high - scale->low);
}

const char *scale_label(void *ctx, const struct scale *scale, int i)
{
    static const struct {
        double from;
        char sign[4];
    } units[] = { { 1e12, "T" }, { 1e9, "B" }, { 1e6, "M" } };
    double value = scale->low + i * scale->step, most = fmax(-scale->low, scale->high);
    const char *minus = value < -scale->step / 2 ? "-" : "";

    for (size_t u = 0; u < ELEMENTS(units); u++)
        if (most >= units[u].from)
            return FORMAT(ctx, "%s%.3g%s", minus, fabs(value) / units[u].from, units[u].sign);
    if (scale->decimals > 0)
        return FORMAT(ctx, "%s%.*f", minus, scale->decimals, fabs(value));
    return FORMAT(ctx, "%s%s", minus, cell_shown(ctx, REPORT_INTEGER, FORMAT(ctx, "%.0f", fabs(value))));
}
