/* SPDX-License-Identifier: GPL-3.0-or-later
 * Metrics in Prometheus' text format, version 0.0.4. Counters begin anew when Redis loses them, as those of a process
 * that was started again. What did not answer is missing, but for millrace_up. */
#ifndef MILLRACE_METRICS_H
#define MILLRACE_METRICS_H
#include "queue/gauges.h"
#include <stdio.h>

void metrics_print(FILE *to, const struct gauges *gauges);
/* Gathered and printed, on ctx. */
char *metrics_text(void *ctx, struct database *database, struct queue_redis *redis, size_t *ret_length);
#endif
