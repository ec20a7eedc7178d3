/* SPDX-License-Identifier: GPL-3.0-or-later
 * Once an hour: weeks of jobs and days of requests ahead are made; weeks that are over and have nothing open go, and so
 * does what has run out, or was written down long ago. */
#include "common/log.h"
#include "queue/reconcile_state.h"
#include "sql.h"

enum { HOUSE_MS = 3600 * 1000 };

static void drop_old(struct reconciler *reconciler)
{
    autoresult struct result dropped = { 0 }, audit = { 0 };
    char days[16];

    snprintf(days, sizeof days, "%d", reconciler->config->queue_keep);
    if (database_run(reconciler->database, &sql_queue_weeks_drop, PARAMS({ "days", days }), &dropped) < 0)
        log_error("reconcile.drop", "error=%s", dropped.message);
    for (int i = 0; i < result_rows(&dropped); i++)
        log_info("reconcile.drop", "week=%s", result_text(&dropped, i, "week"));
    if (database_run(reconciler->database, &sql_queue_audit_drop, PARAMS({ "days", days }), &audit) < 0)
        log_error("reconcile.audit", "error=%s", audit.message);
}

static void keep_requests(struct reconciler *reconciler)
{
    autoresult struct result made = { 0 }, dropped = { 0 };

    if (database_run(reconciler->database, &sql_queue_requests_make, NO_PARAMS, &made) < 0)
        log_error("house.requests", "error=%s", made.message);
    else if (strcmp(result_text(&made, 0, "stray"), "0") != 0)
        log_warning("house.requests", "rows=%s in request_default: a day was made too late, or a clock is wrong",
                    result_text(&made, 0, "stray"));
    if (database_run(reconciler->database, &sql_queue_requests_drop, NO_PARAMS, &dropped) < 0)
        log_error("house.requests", "error=%s", dropped.message);
    for (int i = 0; i < result_rows(&dropped); i++)
        log_info("house.drop", "day=%s", result_text(&dropped, i, "day"));
}

void keep_house(struct reconciler *reconciler)
{
    autoresult struct result weeks = { 0 }, forgotten = { 0 };

    if (reconciler->now < reconciler->house_at)
        return;
    if (database_run(reconciler->database, &sql_queue_weeks_make, NO_PARAMS, &weeks) < 0) {
        log_error("reconcile.weeks", "error=%s", weeks.message);
        return;
    }
    if (strcmp(result_text(&weeks, 0, "stray"), "0") != 0)
        log_error("reconcile.stray", "rows=%s in job_default: a week was made too late",
                  result_text(&weeks, 0, "stray"));
    drop_old(reconciler);
    keep_requests(reconciler);
    if (database_run(reconciler->database, &sql_core_forget, NO_PARAMS, &forgotten) < 0)
        log_error("reconcile.forget", "error=%s", forgotten.message);
    reconciler->house_at = reconciler->now + HOUSE_MS;
}
