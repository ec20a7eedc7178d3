/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/schedule.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/queue.h"
#include "sql.h"
#include <errno.h>

enum { LATE_S = 60 };

/* What the operator should hear of one row: a refusal, or a tick that is made up for. */
static void tell(const struct result *rows, int i)
{
    const char *name = result_text(rows, i, "schedule_name"), *late = result_text(rows, i, "late");

    if (result_text(rows, i, "refused"))
        log_warning("schedule.refused", "schedule=%s error=%s", name, result_text(rows, i, "refused"));
    else if (late && strtoll(late, NULL, 10) >= LATE_S)
        log_info("schedule.late", "schedule=%s tick=%s late_s=%s", name, result_text(rows, i, "tick"), late);
}

int schedule_run(struct database *database, struct queue_redis *queues, long long *ret_wait)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result rows = { 0 };
    struct ticket *tickets;
    const char *wait;
    size_t count = 0;
    int r = database_run(database, &sql_queue_schedule_run, NO_PARAMS, &rows);

    if (r < 0) {
        log_warning("schedule.run", "error=%s", rows.message);
        return r;
    }
    wait = result_text(&rows, result_rows(&rows) - 1, "wait");
    *ret_wait = wait ? strtoll(wait, NULL, 10) : -1;
    for (int i = 0; i < result_rows(&rows); i++)
        tell(&rows, i);
    r = ticket_rows(ctx, &rows, &tickets, &count);
    if (r == 0 && count)
        r = queue_redis_put(queues, tickets, count);
    if (r < 0)
        log_warning("schedule.put", "jobs=%zu error=%s", count, strerror(-r));
    return r;
}
