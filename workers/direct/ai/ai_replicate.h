/* SPDX-License-Identifier: GPL-3.0-or-later
 * One prediction of Replicate's as a job that is run again until it has ended. It is ordered once, whatever dies in
 * between (workers/direct/ai/ai_order.h). */
#ifndef MILLRACE_AI_REPLICATE_H
#define MILLRACE_AI_REPLICATE_H
#include "queue/job.h"

/* What a job does with the output of a prediction that has succeeded; returns as its function does. */
typedef int predicted_fn(struct job *job, const json_t *output);

/* input is taken over. Returns what the job's function is to return: pending, or snoozed until the next look. */
int replicate_predict(struct job *job, const char *model, json_t *input, predicted_fn *predicted);
#endif
