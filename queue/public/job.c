/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/public/job.h"
#include "common/json.h"
#include "common/memory.h"
#include <errno.h>
#include <stdarg.h>

enum { RESULT_MAX = 262144, REASON_SIZE = 1024 };

/* ---- what is known of it ---- */

const char *millrace_job_id(const struct millrace_job *job)
{
    return job->job->id;
}

const char *millrace_job_kind(const struct millrace_job *job)
{
    return job->job->kind->name;
}

const char *millrace_job_product(const struct millrace_job *job)
{
    return job->job->product;
}

const char *millrace_job_request_id(const struct millrace_job *job)
{
    return job->job->request_id;
}

long long millrace_job_account_id(const struct millrace_job *job)
{
    return job->job->account_id;
}

unsigned long long millrace_job_epoch(const struct millrace_job *job)
{
    return job->job->epoch;
}

int millrace_job_attempt(const struct millrace_job *job)
{
    return job->job->attempt;
}

int millrace_job_deadline(const struct millrace_job *job)
{
    return job->job->deadline;
}

const char *millrace_job_args(struct millrace_job *job)
{
    if (!job->args)
        job->args = json_text(job->job, job->job->args);
    return job->args;
}

const char *millrace_job_text(const struct millrace_job *job, const char *name)
{
    return job_text(job->job, name);
}

long long millrace_job_number(const struct millrace_job *job, const char *name, long long otherwise)
{
    return job_number(job->job, name, otherwise);
}

int millrace_job_still_mine(struct millrace_job *job)
{
    return job_still_mine(job->job);
}

void millrace_job_progress(struct millrace_job *job, int percent)
{
    job_progress(job->job, percent);
}

/* ---- how it ended ---- */

int millrace_job_done(struct millrace_job *job, const char *result)
{
    json_auto_t *value = NULL;
    const char *why;

    if (result && strlen(result) > RESULT_MAX)
        return -E2BIG;
    if (result && json_parse_strict(job->job, result, strlen(result), &value, &why) < 0)
        return -EINVAL;
    json_decref(job->job->result);
    job->job->result = TAKE(value);
    return 0;
}

#define REASON(format)                                                                                                 \
    char reason[REASON_SIZE];                                                                                          \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    vsnprintf(reason, sizeof reason, format, arguments);                                                               \
    va_end(arguments)

int millrace_job_release(struct millrace_job *job, int delay, const char *format, ...)
{
    REASON(format);
    return job_release(job->job, delay, "%s", reason);
}

int millrace_job_snooze(struct millrace_job *job, int delay, const char *format, ...)
{
    REASON(format);
    return job_snooze(job->job, delay, "%s", reason);
}

int millrace_job_bury(struct millrace_job *job, const char *format, ...)
{
    REASON(format);
    return job_bury(job->job, "%s", reason);
}
