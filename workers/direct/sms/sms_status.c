/* SPDX-License-Identifier: GPL-3.0-or-later
 * sms.status: ask the provider about messages that it has accepted and told nothing of since. It calls us when
 * something becomes of a message; a call of its that we missed is not made again. For a schedule. */
#include "common/array_text.h"
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/call.h"
#include "workers/direct/sms/sms.h"
#include "workers/kinds.h"
#include <errno.h>

enum { MESSAGES_MAX = 500 }; /* of a job: the next one asks about the next */

static int tell(struct job *job, const struct result *silent, int row, const struct provider_call *call)
{
    autoresult struct result told = { 0 };
    struct twilio_sms sms;
    char code[16];

    if (call->verdict == PROVIDER_NEVER) /* it does not know it any more */
        sms = (struct twilio_sms){ .sid = result_text(silent, row, "sid"), .status = "", .error = "" };
    else if (twilio_read(call->json, &sms) < 0)
        return job_release(job, -1, "the provider's answer is no message");
    snprintf(code, sizeof code, "%d", sms.error_code);
    if (database_run(job->tools->database, &sql_worker_sms_told,
                     PARAMS({ "sid", sms.sid }, { "status", sms.status }, { "code", sms.error_code ? code : NULL },
                            { "message", *sms.error ? sms.error : NULL }),
                     &told) < 0)
        return job_release(job, -1, "the database did not answer");
    return 0;
}

static int note(struct job *job, const char *sid)
{
    autoresult struct result noted = { 0 };

    if (database_run(job->tools->database, &sql_worker_sms_asked, PARAMS({ "sid", sid }), &noted) < 0)
        return job_release(job, -1, "the database did not answer");
    return 0;
}

/* One that another try may learn of is not noted as asked about: that try finds it, and those behind it. */
static int ask(struct job *job, const struct result *silent, int row)
{
    struct provider_call *made;
    int r = twilio_get(job, job->tools->config, result_text(silent, row, "sid"), &made);
    autotalloc struct provider_call *call = r < 0 ? NULL : made;

    if (!call)
        return job_bury(job, r == -ENOTSUP ? "twilio is not configured" : "the request cannot be written");
    provider_perform(call);
    if (call->verdict == PROVIDER_LATER || call->verdict == PROVIDER_LIMITED)
        return job_after_call(job, call);
    if (call->verdict == PROVIDER_DONE || call->status == 404)
        r = tell(job, silent, row, call);
    if (r == 0)
        r = note(job, result_text(silent, row, "sid"));
    return r < 0 || call->verdict == PROVIDER_DONE || call->status == 404 ? r : job_after_call(job, call);
}

int sms_status(struct job *job)
{
    autoresult struct result silent = { 0 };
    char hours[16], most[16];
    int r = 0;

    snprintf(hours, sizeof hours, "%lld", job_number(job, "hours", 1));
    snprintf(most, sizeof most, "%d", MESSAGES_MAX);
    if (database_run(job->tools->database, &sql_worker_sms_silent, PARAMS({ "hours", hours }, { "most", most }),
                     &silent) < 0)
        return job_release(job, -1, "the database did not answer");
    for (int i = 0; i < result_rows(&silent) && r == 0; i++) {
        if (!job_still_mine(job))
            return job_release(job, 0, "the lease was lost");
        r = ask(job, &silent, i);
        job_progress(job, (i + 1) * 100 / result_rows(&silent));
    }
    if (r == 0)
        job->result = json_pack("{s:i}", "asked", result_rows(&silent));
    return r;
}
