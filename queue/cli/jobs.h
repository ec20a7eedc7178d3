/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lists of jobs, from PostgreSQL in windows of bounded size, with where the open ones are from Redis. */
#ifndef MILLRACE_JOBS_H
#define MILLRACE_JOBS_H
#include "queue/cli/command.h"
#include <jansson.h>

struct job_filter {
    const char *queue, *kind, *tenant, *state; /* NULL: any; a state may also be "open" */
    long long older, newer;                    /* seconds since it was put: at least, at most; -1: any */
    long long limit;
};

/* Whether there are the queue and the kind that a filter names: DONE, or the status of what was said. */
int filter_check(struct operation *operation, const struct job_filter *filter);
/* What fits, the last put first: objects of jobs.c's columns. The caller's. DONE, or the status of what was said; rows
 * that were found before are there all the same. */
int jobs_list(struct operation *operation, const struct job_filter *filter, json_t **ret);
#endif
