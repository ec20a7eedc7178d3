/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_WORKERS_INPUT_H
#define MILLRACE_WORKERS_INPUT_H
#include "queue/job.h"

/* gather: bytes as in/NAME of the job's folder, readable only, as job_input() leaves a stored file. 0 or -errno. */
int job_input_bytes(const struct job *job, const char *name, const void *bytes, size_t length);
#endif
