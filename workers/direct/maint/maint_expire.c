/* SPDX-License-Identifier: GPL-3.0-or-later
 * maint.expire: what has had its time goes, in bites: the bytes of removed files and of pieces, old deliveries, old
 * events, old texts to us. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/maint/files_drop.h"
#include "workers/kinds.h"

/* Each gives how many went, 0 when there is no more, or what the job's function is to return. */
typedef int bite_fn(struct job *job);

static int deliveries(struct job *job)
{
    autoresult struct result gone = { 0 };

    if (database_run(job->tools->database, &sql_worker_expire_deliveries, NO_PARAMS, &gone) < 0)
        return job_release(job, -1, "old deliveries could not be removed: %s", gone.message);
    return result_rows(&gone);
}

static int events(struct job *job)
{
    autoresult struct result gone = { 0 };

    if (database_run(job->tools->database, &sql_worker_expire_events, NO_PARAMS, &gone) < 0)
        return job_release(job, -1, "old events could not be removed: %s", gone.message);
    return result_rows(&gone);
}

static int texts(struct job *job)
{
    autoresult struct result gone = { 0 };

    if (database_run(job->tools->database, &sql_worker_expire_texts, NO_PARAMS, &gone) < 0)
        return job_release(job, -1, "old texts could not be removed: %s", gone.message);
    return result_rows(&gone);
}

static int files(struct job *job)
{
    return files_drop(job, &sql_worker_purge_next, NO_PARAMS, &sql_worker_purge_end);
}

static int pieces(struct job *job)
{
    return files_drop(job, &sql_worker_piece_next, NO_PARAMS, &sql_worker_piece_end);
}

/* In this order: what storage does not let go of holds up no rows. */
static const struct expiry {
    const char *what;
    bite_fn *bite;
} expiries[] = {
    { "deliveries", deliveries }, { "events", events }, { "texts", texts }, { "files", files }, { "pieces", pieces },
};

int maint_expire(struct job *job)
{
    json_t *counts = memory_check(json_object());

    job->result = counts;
    for (size_t i = 0; i < ELEMENTS(expiries); i++) {
        long long count = 0;
        int r;

        while ((r = expiries[i].bite(job)) > 0) {
            count += r;
            if (!job_still_mine(job))
                return job_release(job, 0, "the lease was lost");
        }
        if (r < 0)
            return r;
        json_object_set_new(counts, expiries[i].what, json_integer((json_int_t)count));
    }
    return 0;
}
