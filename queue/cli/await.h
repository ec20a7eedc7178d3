/* SPDX-License-Identifier: GPL-3.0-or-later
 * Waiting for ends: PostgreSQL is asked again and again, at first every 20 ms, then ever more rarely, each second at
 * last. Times are in seconds; negative: without end. */
#ifndef MILLRACE_AWAIT_H
#define MILLRACE_AWAIT_H
#include "queue/cli/command.h"

/* Wait for a job's end and print its result, or on standard error why there is none. The exit status: DONE, FAILED
 * (buried), CANCELLED_JOB, FAILED_TIMEOUT, NOT_THERE. */
int await_job(struct operation *operation, const char *id, long long timeout);
/* Wait for a batch to be complete and print its counts. FAILED when one of its jobs was buried. */
int await_batch(struct operation *operation, const char *id, long long timeout);
/* Print a batch. */
struct result;
void batch_print(const struct result *batch);
/* Read a batch; the exit status. */
int batch_read(struct operation *operation, const char *id, struct result *ret);
#endif
