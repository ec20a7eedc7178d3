/* SPDX-License-Identifier: GPL-3.0-or-later
 * maint.expire: what has had its time goes, in bites: the bytes of removed files and of pieces, and old rows. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/maint/files_drop.h"
#include "workers/kinds.h"

/* What goes: rows that a statement removes, some at a time, or files by what lists them and what notes that they are
 * gone. In this order: what storage does not let go of holds up no rows. */
static const struct expiry {
    const char *what;
    const struct sql *rows;
    const struct sql *next, *end;
} expiries[] = {
    { "deliveries", .rows = &sql_worker_expire_deliveries },
    { "events", .rows = &sql_worker_expire_events },
    { "live", .rows = &sql_worker_expire_live },
    { "texts", .rows = &sql_worker_expire_texts },
    { "files", .next = &sql_worker_purge_next, .end = &sql_worker_purge_end },
    { "pieces", .next = &sql_worker_piece_next, .end = &sql_worker_piece_end },
};

/* How many went, 0 when there is no more, or what the job's function is to return. */
static int bite(struct job *job, const struct expiry *expiry)
{
    autoresult struct result gone = { 0 };

    if (!expiry->rows)
        return files_drop(job, expiry->next, NO_PARAMS, expiry->end);
    if (database_run(job->tools->database, expiry->rows, NO_PARAMS, &gone) < 0)
        return job_release(job, -1, "old %s could not be removed: %s", expiry->what, gone.message);
    return result_rows(&gone);
}

int maint_expire(struct job *job)
{
    json_t *counts = memory_check(json_object());

    job->result = counts;
    for (size_t i = 0; i < ELEMENTS(expiries); i++) {
        long long count = 0;
        int r;

        while ((r = bite(job, &expiries[i])) > 0) {
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
