/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/metrics.h"
#include "queue/cli/arguments.h"

int command_metrics(struct operation *operation)
{
    struct gauges gauges;

    if (!arguments_read(operation->ctx, &(struct field){ .name = NULL }, operation->words, NULL, NULL, 0))
        return USAGE;
    gauges_read(operation->ctx, operation->database, operation->redis, &gauges);
    metrics_print(stdout, &gauges);
    return gauges.redis && gauges.database ? DONE : FAILED;
}
