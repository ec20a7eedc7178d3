/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every ten seconds: what fronts have told of their requests goes into their hours. Each step is a transaction. */
#include "common/clock.h"
#include "common/log.h"
#include "queue/reconcile_state.h"
#include "sql.h"

enum { REQUESTS_MS = 10 * 1000, STEPS_MOST = 20 };

/* One step; true when there may be more to do. */
static bool step(struct reconciler *reconciler)
{
    autoresult struct result result = { 0 };

    if (database_run(reconciler->database, &sql_queue_requests_roll_up, NO_PARAMS, &result) < 0) {
        log_warning("requests.rollup", "error=%s", result.message);
        return false;
    }
    return strcmp(result_text(&result, 0, "batches"), "100") == 0;
}

void roll_up_requests(struct reconciler *reconciler)
{
    bool more = true;

    if (clock_boot_ms() < reconciler->requests_at)
        return;
    for (int i = 0; i < STEPS_MOST && more; i++)
        more = lead_keep(reconciler) && step(reconciler);
    reconciler->requests_at = more ? 0 : clock_boot_ms() + REQUESTS_MS;
}
