/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a call to a provider means for the job that made it. */
#ifndef MILLRACE_WORKERS_CALL_H
#define MILLRACE_WORKERS_CALL_H
#include "common/provider/provider.h"
#include "queue/job.h"

/* A turn of the provider's limiter for the next call that takes one, ahead of it (job_turn()): before it is written
 * down that the call is about to be made. 0, or what the job's function is to return. */
int job_provider_turn(struct job *job, const char *provider);
/* The turn that a prepared call takes, when it takes one; as job_turn_use(). */
int job_call_turn(struct job *job, const struct provider_call *call);

/* Prepare a call of the job's, on the job, and take its turn. 0; or what its function is to return: what job_turn() has
 * said, or buried when the provider is not configured or the request cannot be written. */
int job_call(struct job *job, const char *provider, const struct provider_request *request, struct provider_call **ret);

/* What the job's function is to return after a call that did not go well (not PROVIDER_DONE), with call->why: again
 * later with the kind's back-off; when the provider wants fewer calls, as long after as its row says, the attempt does
 * not count, and nobody gets a turn until then; or buried.
 * PROVIDER_UNKNOWN is the caller's to resolve; here it is buried as unknown. */
int job_after_call(struct job *job, const struct provider_call *call);
#endif
