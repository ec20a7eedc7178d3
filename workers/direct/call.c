/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/call.h"
#include <errno.h>
#include <string.h>

int job_provider_turn(struct job *job, const char *provider)
{
    const struct provider *row = provider_find(provider);

    return row && row->limiter ? job_turn(job, row->limiter) : 0;
}

int job_call_turn(struct job *job, const struct provider_call *call)
{
    return call->counts ? job_turn_use(job, call->provider->limiter) : 0;
}

int job_call(struct job *job, const char *provider, const struct provider_request *request, struct provider_call **ret)
{
    const struct provider *row = provider_find(provider);
    int r = row ? provider_prepare(job, job->tools->config, row, request, ret) : -ENOTSUP;

    if (r == -ENOTSUP)
        return job_bury(job, "%s is not configured", provider);
    if (r < 0)
        return job_bury(job, "the request to %s cannot be written: %s", provider, strerror(-r));
    return job_call_turn(job, *ret);
}

/* A token's own limit is no matter of anybody else's; that of our key holds up all who use it. */
static int limited(struct job *job, const struct provider_call *call)
{
    if (!call->provider->limiter)
        return job_snooze(job, call->retry_after, "%s", call->why);
    job_hold(job, call->provider->limiter, call->retry_after);
    return job_limited(job, call->retry_after, "%s", call->why);
}

int job_after_call(struct job *job, const struct provider_call *call)
{
    switch (call->verdict) {
    case PROVIDER_LIMITED:
        return limited(job, call);
    case PROVIDER_NEVER:
        return job_bury(job, "%s", call->why);
    case PROVIDER_UNKNOWN:
        return job_bury(job, "unknown: %s", call->why);
    case PROVIDER_LATER:
    case PROVIDER_DONE:
        break;
    }
    return job_release(job, -1, "%s", call->why ? call->why : "the provider's answer cannot be used");
}
