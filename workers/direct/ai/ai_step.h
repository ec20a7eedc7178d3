/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job that goes on from one call of a provider's to the next in the dispatcher's loop, without holding it up. */
#ifndef MILLRACE_AI_STEP_H
#define MILLRACE_AI_STEP_H
#include "workers/direct/call.h"

/* What a job does with an answer that holds (PROVIDER_DONE): it returns as the job's function does, also JOB_PENDING
 * after another step. closure hangs off the job, or lives as long. */
typedef int step_fn(struct job *job, const struct provider_call *call, void *closure);

/* Make a call and go on with `next`; request->json is taken over. An outcome that is unknown is tried again: what has
 * effect is asked for before it is ordered a second time. Returns what the job's function is to return: JOB_PENDING, or
 * the call cannot be made. */
int job_step(struct job *job, const char *provider, struct provider_request request, step_fn *next, void *closure);
/* The same; undone(job, closure) is called when it is known that the call has done nothing, also before this returns
 * because it cannot be made. */
int job_step_with(struct job *job, const char *provider, struct provider_request request, step_fn *next,
                  void (*undone)(struct job *job, void *closure), void *closure);

/* Seconds to wait before the next look at something that was ordered so long ago: an eighth of its age, from 1 to
 * most. */
int look_delay(long long age, int most);
#endif
