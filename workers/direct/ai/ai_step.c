/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/ai/ai_step.h"
#include "common/memory.h"
#include <errno.h>
#include <string.h>

struct stepping {
    struct job *job;
    struct provider_call *call;
    step_fn *next;
    void (*undone)(struct job *job, void *closure);
    void *closure;
};

static void stepped(void *closure)
{
    struct stepping *stepping = closure;
    struct job *job = stepping->job;
    const struct provider_call *call = stepping->call;
    int r;

    if (stepping->undone && (call->verdict == PROVIDER_LATER || call->verdict == PROVIDER_LIMITED))
        stepping->undone(job, stepping->closure);
    if (call->verdict == PROVIDER_DONE)
        r = stepping->next(job, call, stepping->closure);
    else if (call->verdict == PROVIDER_UNKNOWN)
        r = job_release(job, -1, "unknown: %s", call->why);
    else
        r = job_after_call(job, call);
    if (r != JOB_PENDING)
        job_finished(job, r);
}

int job_step(struct job *job, const char *provider, struct provider_request request, step_fn *next, void *closure)
{
    return job_step_with(job, provider, request, next, NULL, closure);
}

int job_step_with(struct job *job, const char *provider, struct provider_request request, step_fn *next,
                  void (*undone)(struct job *job, void *closure), void *closure)
{
    struct stepping *stepping = NEW(job, struct stepping);
    int r = job_call(job, provider, &request, &stepping->call);

    json_decref(request.json);
    *stepping = (struct stepping){ job, stepping->call, next, undone, closure };
    if (r == 0 && !job_still_mine(job))
        r = job_release(job, 0, "the lease was lost");
    if (r == 0) {
        r = provider_start(stepping->call, job->tools->transfers, stepped, stepping);
        if (r == 0)
            return JOB_PENDING;
        r = job_release(job, -1, "the call could not be started: %s", strerror(-r));
    }
    if (undone)
        undone(job, closure);
    return r;
}

int look_delay(long long age, int most)
{
    return age < 8 ? 1 : age / 8 < most ? (int)(age / 8) : most;
}
