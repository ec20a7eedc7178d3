/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.cancel: what was ordered at a provider is not wanted any more. The job that ordered it has ended; this one is put
 * by the statement of that end. */
#include "common/provider/openai.h"
#include "common/provider/replicate.h"
#include "workers/direct/ai/ai_step.h"
#include "workers/kinds.h"
#include <string.h>

static int cancelled(struct job *job, const struct provider_call *call, void *closure)
{
    (void)job;
    (void)call;
    (void)closure;
    return 0;
}

int ai_cancel(struct job *job)
{
    const char *provider = job_text(job, "provider"), *id = job_text(job, "remote_id");

    if (!provider || !id)
        return job_bury(job, "there is nothing to cancel");
    if (!strcmp(provider, "replicate"))
        return job_step(job, provider, replicate_cancel(job, id), cancelled, NULL);
    if (!strcmp(provider, "openai"))
        return job_step(job, provider, openai_tuning_cancel(job, id), cancelled, NULL);
    return job_bury(job, "nothing can be cancelled at %.40s", provider);
}
