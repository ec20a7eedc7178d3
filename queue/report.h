/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the process of one job tells its dispatcher: one JSON object a line, as queue/fence.h describes them. */
#ifndef MILLRACE_REPORT_H
#define MILLRACE_REPORT_H
#include "queue/job.h"

/* Both write to fd, which may block, and return 0 or -errno. */
int report_progress(int fd, int percent);
/* The last one: the job's outcome, with its result or why. A result that makes the line longer than FENCE_REPORT_MAX
 * buries the job. */
int report_end(int fd, struct job *job);
#endif
