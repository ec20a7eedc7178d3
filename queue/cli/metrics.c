/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/metrics.h"
#include "queue/cli/options.h"

int command_metrics(struct operation *operation)
{
    static const struct option_row options[] = { OPTIONS_END };
    static const struct guide guide = {
        "metrics", "", "Print metrics in Prometheus' text format. The exit status is 1 when a server does not answer.",
        options,   0,  0
    };
    struct gauges gauges;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    gauges_read(operation->ctx, operation->database, operation->redis, &gauges);
    metrics_print(stdout, &gauges);
    return gauges.redis && gauges.database ? DONE : FAILED;
}
