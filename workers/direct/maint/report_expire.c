/* SPDX-License-Identifier: GPL-3.0-or-later
 * report.expire: reports whose time is over, and their files. */
#include "common/database.h"
#include "common/memory.h"
#include "common/storage.h"
#include "sql.h"
#include "workers/kinds.h"

/* How many were dropped; or what says how the attempt ended. A file that stays is found by millrace files sweep. */
static int some_expire(struct job *job)
{
    autoresult struct result result = { 0 };
    int count;

    if (database_run(job->tools->database, &sql_worker_report_expire, NO_PARAMS, &result) < 0)
        return job_release(job, -1, "%s: %s", sql_worker_report_expire.name, result.message);
    count = result_rows(&result);
    for (int i = 0; i < count; i++)
        storage_drop(job->tools->storage, result_text(&result, i, "storage_key"));
    return count;
}

int report_expire(struct job *job)
{
    long long expired = 0;
    int r;

    while ((r = some_expire(job)) > 0)
        expired += r;
    if (r == 0)
        job->result = json_pack("{sI}", "expired", (json_int_t)expired);
    return r;
}
