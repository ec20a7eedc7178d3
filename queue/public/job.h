/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job as the functions of other programs see it. */
#ifndef MILLRACE_PUBLIC_JOB_H
#define MILLRACE_PUBLIC_JOB_H
#include "queue/job.h"
#include <millrace/queue.h>

struct millrace_job {
    struct job *job;
    const char *args; /* as text, once it was asked for */
};
#endif
