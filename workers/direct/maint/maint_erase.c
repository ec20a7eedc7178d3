/* SPDX-License-Identifier: GPL-3.0-or-later
 * maint.erase: what a closed account has left goes, rows and files, in bites that hold up nobody. The bytes of a file
 * go before its row: whatever dies in between is done again by the next try. Of whom the books of groups need, the rows
 * that they do stay, and name nobody (sql/schema/0074_former.sql). */
#include "common/array_text.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "sql.h"
#include "workers/direct/maint/files_drop.h"
#include "workers/kinds.h"

enum { MINUTES = 8, BUSY_DELAY = 30 };

/* As files_drop(). */
static int files_bite(struct job *job, const char *account)
{
    const struct param *params = PARAMS({ "account", account });
    int r = files_drop(job, &sql_worker_erase_pieces, params, &sql_worker_piece_end);

    return r ? r : files_drop(job, &sql_worker_erase_files, params, &sql_worker_erase_files_end);
}

/* By a statement that says how much is gone. */
static int rows_bite(struct job *job, const struct sql *sql, const char *account)
{
    autoresult struct result gone = { 0 };

    if (database_run(job->tools->database, sql, PARAMS({ "account", account }), &gone) < 0)
        return job_release(job, -1, "the rows could not be removed: %s", gone.message);
    return strcmp(result_text(&gone, 0, "gone"), "0") != 0;
}

/* What runs for the account is to end before its rows go. */
static int jobs_end(struct job *job, const char *account)
{
    autoresult struct result open = { 0 };

    if (database_run(job->tools->database, &sql_worker_erase_jobs, PARAMS({ "account", account }), &open) < 0)
        return job_release(job, -1, "its jobs could not be asked to end: %s", open.message);
    if (strcmp(result_text(&open, 0, "open"), "0") != 0)
        return job_snooze(job, BUSY_DELAY, "%s jobs of the account are asked to end", result_text(&open, 0, "open"));
    return 0;
}

/* 1 while there is more, 0 when nothing is left. What others see of it first: files that a group has shown may go with
 * that. Then files, each time: a job may have left one meanwhile. */
static int bite(struct job *job, const char *account)
{
    int r = job_still_mine(job) ? rows_bite(job, &sql_worker_erase_groups, account)
                                : job_release(job, 0, "the lease was lost");

    r = r ? r : files_bite(job, account);
    return r ? r : rows_bite(job, &sql_worker_erase_rows, account);
}

static int account_end(struct job *job, const char *account)
{
    int r = jobs_end(job, account);

    if (r < 0)
        return r;
    do
        r = bite(job, account);
    while (r > 0);
    if (r == 0)
        log_info("account.erased", "account=%s", account);
    return r;
}

/* On its way through the closed accounts. */
struct erasing {
    struct job *job;
    const char *meant;      /* NULL: all that are due */
    const char *after, *id; /* when the last one was closed, and which it was; NULL: there was none yet */
    long long count;        /* that were erased */
    int r;                  /* what the last one that was not has returned: it holds up none behind it */
};

/* 1: there may be others; 0: there is none; or what the job's function is to return. */
static int next_end(struct erasing *erasing)
{
    autoresult struct result next = { 0 };
    struct job *job = erasing->job;
    int r;

    if (database_run(job->tools->database, &sql_worker_erase_next,
                     PARAMS({ "account", erasing->meant }, { "after", erasing->after }, { "after_id", erasing->id }),
                     &next) < 0)
        return job_release(job, -1, "the closed accounts could not be listed: %s", next.message);
    if (result_rows(&next) == 0)
        return 0;
    erasing->id = COPY(job, result_text(&next, 0, "id"));
    erasing->after = COPY(job, result_text(&next, 0, "deleted_at"));
    r = account_end(job, erasing->id);
    if (r < 0 && !job_still_mine(job))
        return r;
    erasing->count += r == 0;
    erasing->r = r < 0 ? r : erasing->r;
    return 1;
}

/* Former members leave the groups that they are even with, as many as there is time for. 0, or what the job's function
 * is to return. */
static int leavers_end(struct job *job, uint64_t until)
{
    int left = 1;

    while (left > 0 && clock_boot_ms() < until) {
        autoresult struct result gone = { 0 };

        if (database_run(job->tools->database, &sql_worker_erase_leave, NO_PARAMS, &gone) < 0)
            return job_release(job, -1, "a former member could not leave: %s", gone.message);
        left = result_rows(&gone);
    }
    return 0;
}

int maint_erase(struct job *job)
{
    long long meant = job_number(job, "account", 0);
    struct erasing erasing = { .job = job, .meant = meant ? FORMAT(job, "%lld", meant) : NULL };
    uint64_t until = clock_boot_ms() + MINUTES * 60000;
    int r;

    do
        r = next_end(&erasing);
    while (r > 0 && clock_boot_ms() < until);
    if (r >= 0)
        r = leavers_end(job, until);
    if (r < 0 || erasing.r < 0)
        return r < 0 ? r : erasing.r;
    job->result = memory_check(json_pack("{s:I}", "accounts", (json_int_t)erasing.count));
    return 0;
}
