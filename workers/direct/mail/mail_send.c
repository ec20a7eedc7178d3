/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.send: a letter to somebody, with values that are said in the job. What must not lie in a job (codes, tokens) has
 * kinds of its own. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/mail/mail.h"
#include "workers/kinds.h"

/* Whoever has gone meanwhile is not written to. */
static bool is_gone(struct job *job)
{
    autoresult struct result result = { 0 };

    return job->account_id &&
           database_run(job->tools->database, &sql_worker_account_closed,
                        PARAMS({ "account", FORMAT(job, "%lld", job->account_id) }), &result) == 0 &&
           result_rows(&result) > 0;
}

int mail_send(struct job *job)
{
    struct sending *sending;
    int r;

    if (is_gone(job))
        return 0;
    r = sending_make(job, job_text(job, "to"), job_text(job, "letter"), json_object_get(job->args, "values"), &sending);

    return r != 0 ? r : sending_start(sending);
}
