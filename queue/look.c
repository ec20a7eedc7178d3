/* SPDX-License-Identifier: GPL-3.0-or-later
 * One look of the reconciler: is each queue whole, and does Redis know every open job? */
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/reconcile_state.h"
#include "queue/view.h"
#include "sql.h"
#include <errno.h>

enum {
    FULL_PASS_MS = 3600 * 1000,
    RECENT_S = 60, /* how far back a look goes beyond the last good one: a commit may come later than its id's time */
    PAGE = 5000,   /* jobs of one page that are open at most */
    LEASE_MAX_S = 3600, /* of queue.lease, see common/config.c */
};

#define NIL_ID "00000000-0000-0000-0000-000000000000"

/* ---- putting what Redis does not know ---- */

/* What a pass has seen: open jobs, the first of them, and how many Redis did not know. */
struct tally {
    int open;
    bool refused; /* a Redis would not take something: the pass does not count */
    size_t added;
    bool expected; /* nobody has told Redis before, and nobody should have */
    char first[JOB_ID_SIZE];
};

void reconcile_complain(const char *event, const struct queue_state *queue, int r)
{
    const char *trouble = redis_trouble(queue->redis);

    if (trouble)
        log_warning("reconcile.redis", "queue=%s error=%s", queue->name, trouble);
    else if (r != -ENOTCONN)
        log_warning(event, "queue=%s error=%s", queue->name, redis_error(queue->redis));
}

static struct queue_state *queue_find(struct reconciler *reconciler, const char *name)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (!strcmp(reconciler->queues[i].name, name))
            return &reconciler->queues[i];
    return NULL;
}

static void note_open(struct reconciler *reconciler, const struct result *page, struct tally *tally)
{
    for (int i = 0; i < result_rows(page); i++) {
        const char *name = result_text(page, i, "queue");
        struct queue_state *queue;

        if (!name)
            continue; /* the row that only says how far the page has read */
        if (!tally->open++)
            snprintf(tally->first, sizeof tally->first, "%s", result_text(page, i, "id"));
        queue = queue_find(reconciler, name);
        if (queue)
            queue->open_jobs++;
    }
}

/* Those that Redis should have known are counted as mended. When that is lost, so be it. */
static void note_repairs(struct queue_state *queue, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;

    command_text(ctx, &command, "HINCRBY");
    command_text(ctx, &command, FORMAT(ctx, "%sn", queue_prefix(ctx, queue->name)));
    command_text(ctx, &command, "repaired:unknown");
    command_number(ctx, &command, (long long)n);
    if (redis_do(queue->redis, &command, &reply) == 0)
        freeReplyObject(reply);
}

/* Each queue's tickets to its Redis: one that is away does not hold up the others. */
static void put_tickets(struct reconciler *reconciler, const struct ticket *tickets, size_t n, struct tally *tally)
{
    for (size_t from = 0, to; from < n; from = to) {
        struct queue_state *queue = queue_find(reconciler, tickets[from].queue);
        size_t added;
        int r;

        for (to = from + 1; to < n && !strcmp(tickets[to].queue, tickets[from].queue);)
            to++;
        if (!queue) /* of a kind that this release does not know */
            continue;
        r = queue_put(queue->redis, tickets + from, to - from, &added);
        if (r == 0) {
            tally->added += added;
            queue->added += added;
            if (added && !tally->expected)
                note_repairs(queue, added);
            continue;
        }
        reconcile_complain("reconcile.put", queue, r);
        tally->refused = tally->refused || r == -EPROTO;
        queue->put_error = r;
        queue->missed = queue->missed || r != -EPROTO;
    }
}

/* Put one page's tickets. 1 when there may be another page, which begins after *after; 0 at the end; or -errno. */
static int put_page(struct reconciler *reconciler, const struct sql *sql, const char *span, char after[JOB_ID_SIZE],
                    struct tally *tally)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result page = { 0 };
    struct ticket *tickets;
    size_t n = 0;
    int rows, r = database_run(reconciler->database, sql, PARAMS({ "after", after }, { "span", span }), &page);

    if (r < 0)
        log_warning("reconcile.read", "error=%s", page.message);
    rows = result_rows(&page);
    if (r < 0 || rows == 0)
        return r;
    snprintf(after, JOB_ID_SIZE, "%s", result_text(&page, rows - 1, "id"));
    note_open(reconciler, &page, tally);
    r = ticket_rows(ctx, &page, &tickets, &n);
    if (r < 0) {
        log_error("reconcile.read", "error=malformed ticket");
        return r;
    }
    put_tickets(reconciler, tickets, n, tally);
    return !result_text(&page, rows - 1, "queue") || rows >= PAGE;
}

static void rebuild_over(struct queue_state *queue)
{
    queue->rebuilding = false;
    queue->token[0] = '\0';
}

/* Rebuilds that are under way go on. One that has been given up (Redis was flushed, another leader has begun) begins
 * anew with the next look. */
static void rebuilds_keep(struct reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];
        bool mine = true;

        if (queue->rebuilding && queue_keep(queue->redis, queue->name, queue->token, &mine) == 0 && !mine)
            rebuild_over(queue);
    }
}

/* span: seconds to look back, of a statement that has it. -ECANCELED when somebody else has come to lead meanwhile. Why
 * it failed has been logged. */
static int put_all(struct reconciler *reconciler, const struct sql *sql, uint64_t span, struct tally *tally)
{
    char after[JOB_ID_SIZE] = NIL_ID, seconds[24];
    int r;

    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];

        queue->put_error = queue->open_jobs = 0;
        queue->added = 0;
        if (sql == &sql_queue_job_open)
            queue->missed = false;
    }
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)span);
    while ((r = put_page(reconciler, sql, seconds, after, tally)) > 0) {
        if (!lead_keep(reconciler))
            return -ECANCELED;
        rebuilds_keep(reconciler);
    }
    return r;
}

/* Every open job there is. Afterwards it is known where the next such pass may begin. */
static int put_every(struct reconciler *reconciler, struct tally *tally)
{
    autoresult struct result scan = { 0 }, raised = { 0 };
    int r = database_run(reconciler->database, &sql_queue_scan_get, NO_PARAMS, &scan);

    if (r < 0)
        log_warning("reconcile.scan", "error=%s", scan.message);
    else
        r = put_all(reconciler, &sql_queue_job_open, 0, tally);
    if (r == 0 && database_run(reconciler->database, &sql_queue_scan_raise,
                               PARAMS({ "oldest", tally->open ? tally->first : "ffffffff-ffff-ffff-ffff-ffffffffffff" },
                                      { "kicks", result_text(&scan, 0, "kicks") }),
                               &raised) < 0)
        log_warning("reconcile.scan", "error=%s", raised.message);
    return r;
}

/* Whether the job waits for a time to come, and now is dropped for that. */
static int drop_delayed(struct queue_state *queue, const char *id, bool *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    enum queue_where where = QUEUE_UNKNOWN;
    struct job_view view = { .place = PLACE_UNKNOWN };
    int r = queue_jobs(queue->redis, ctx, queue->name, &id, 1, &view);

    if (r == 0 && view.place == PLACE_DELAYED)
        r = queue_cancel(queue->redis, queue->name, id, CANCEL_DROP, &where);
    if (r == 0)
        *ret = where == QUEUE_WAITING;
    return r;
}

/* One that Redis does not know is put at the front: its producer had it dropped, and was not heard any more. So is one
 * that is delayed: somebody told it again who had read it before. */
static int ask_cancel(struct queue_state *queue, const struct ticket *ticket)
{
    enum queue_where where;
    bool dropped = false;
    size_t ignored;
    int r = queue_cancel(queue->redis, queue->name, ticket->id, CANCEL_ASK, &where);

    if (r < 0 || queue->rebuilding)
        return r;
    if (where == QUEUE_WAITING)
        r = drop_delayed(queue, ticket->id, &dropped);
    return r == 0 && (where == QUEUE_UNKNOWN || dropped) ? queue_put(queue->redis, ticket, 1, &ignored) : r;
}

/* Flags of cancellations that Redis has forgotten, or never heard of. Nothing is put while a rebuild waits for who
 * holds jobs. */
static int ask_cancels(struct reconciler *reconciler)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result asked = { 0 };
    struct ticket *tickets = NULL;
    size_t n = 0;
    int r = database_run(reconciler->database, &sql_queue_cancel_open, NO_PARAMS, &asked);

    if (r == 0)
        r = ticket_rows(ctx, &asked, &tickets, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct queue_state *queue = queue_find(reconciler, tickets[i].queue);
        int asking = queue ? ask_cancel(queue, &tickets[i]) : 0;

        if (asking < 0)
            reconcile_complain("reconcile.cancel", queue, asking);
    }
    return r;
}

/* ---- rebuilding a queue whose Redis is not known to be whole ---- */

static int rebuild_begin(struct reconciler *reconciler, struct queue_state *queue)
{
    autoresult struct result open = { 0 };
    bool mine = false;
    int r;

    if (!*queue->token) /* else it is tried again: nobody else can have begun */
        token_jti(queue->token);
    r = queue_close(queue->redis, queue->name, queue->token, &mine);
    if (r == 0 && mine)
        r = queue_wipe(queue->redis, queue->name, queue->token, &mine);
    if (r == 0 && !mine)
        rebuild_over(queue);
    if (r < 0 || !mine)
        return r;
    queue->rebuilding = true;
    /* Who holds a job touches it within a sixth of the lease, or ends it within two thirds. Where no job is open none
     * can be held, and there is nothing to wait for. Where that cannot be told in time, among very many that have ended
     * since the oldest open one, there may be. */
    queue->open_at = queue->closed_at = clock_boot_ms();
    if (database_run(reconciler->database, &sql_queue_job_any_open, PARAMS({ "queue", queue->name }), &open) < 0 ||
        *result_text(&open, 0, "any_open") == 't')
        queue->open_at += (uint64_t)reconciler->config->queue_lease * 1000 * 2 / 3;
    log_info("reconcile.rebuild", "queue=%s wait_ms=%llu", queue->name,
             (unsigned long long)(queue->open_at - queue->closed_at));
    return 0;
}

/* The longest lease by which a worker of the queue goes, in seconds, or our own: while another one is rolled out they
 * differ. A Redis that has forgotten them hears of all workers within five seconds. */
static int longest_lease(const struct reconciler *reconciler, const struct queue_state *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    int longest = reconciler->config->queue_lease;
    struct worker_view *workers;
    size_t n = 0;

    if (queue_workers(queue->redis, ctx, queue->name, &workers, &n) < 0)
        return longest;
    for (size_t i = 0; i < n; i++) {
        json_auto_t *information = json_loads(workers[i].information, 0, NULL);
        json_int_t lease = json_integer_value(json_object_get(information, "lease"));

        if (lease > longest && lease <= LEASE_MAX_S)
            longest = (int)lease;
    }
    return longest;
}

/* Whether nobody can hold a job any more without having said so. */
static bool may_open(const struct reconciler *reconciler, struct queue_state *queue)
{
    if (clock_boot_ms() < queue->open_at)
        return false;
    if (queue->open_at > queue->closed_at)
        queue->open_at = queue->closed_at + (uint64_t)longest_lease(reconciler, queue) * 1000 * 2 / 3;
    return clock_boot_ms() >= queue->open_at;
}

static int rebuild_end(struct reconciler *reconciler, struct queue_state *queue)
{
    bool opened;
    int r = queue->put_error;

    queue->version[0] = '\0';
    if (r == 0)
        r = settings_tell(reconciler, queue);
    if (r == 0)
        r = queue_open(queue->redis, queue->name, queue->token, &opened);
    if (r < 0)
        return r;
    rebuild_over(queue); /* when it was not opened, the next look begins anew */
    log_info(opened ? "reconcile.open" : "reconcile.again", "queue=%s open_jobs=%d added=%zu", queue->name,
             queue->open_jobs, queue->added);
    return 0;
}

/* One pass over the open jobs serves all queues that may be opened: after a loss of Redis that is every queue, and a
 * pass for each would hold up the last ones, and all else that we do. */
static void rebuilds_end(struct reconciler *reconciler)
{
    struct tally tally = { 0 };
    bool any = false;

    for (size_t i = 0; i < reconciler->queue_count; i++)
        any |= reconciler->queues[i].may_open;
    if (!any || put_every(reconciler, &tally) < 0)
        return;
    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];
        int r = queue->may_open ? rebuild_end(reconciler, queue) : 0;

        if (r < 0)
            reconcile_complain("reconcile.look", queue, r);
    }
}

static int look_at_queue(struct reconciler *reconciler, struct queue_state *queue)
{
    bool open;
    int r = queue_is_open(queue->redis, queue->name, &open);

    if (r < 0)
        return r;
    if (open)
        rebuild_over(queue); /* another leader was faster */
    else if (!queue->rebuilding)
        r = rebuild_begin(reconciler, queue);
    queue->may_open = r == 0 && queue->rebuilding && may_open(reconciler, queue);
    return r;
}

bool look_is_rebuilding(const struct reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (reconciler->queues[i].rebuilding)
            return true;
    return false;
}

/* ---- one look ---- */

/* A Redis that was started anew while a rebuild waits, or another one after a failover: the wait starts again. */
static void notice_restart(struct reconciler *reconciler, struct queue_state *queue)
{
    if (!strcmp(queue->run_id, redis_run_id(queue->redis)))
        return;
    snprintf(queue->run_id, sizeof queue->run_id, "%s", redis_run_id(queue->redis));
    reconciler->full_at = 0;
    rebuild_over(queue);
    queue->version[0] = '\0';
}

/* Put what Redis does not know: of all open jobs now and then, else of those made since the last look that went well;
 * and those that were far in the future and are near now. */
static void look_for_unknown(struct reconciler *reconciler)
{
    bool full = reconciler->now >= reconciler->full_at;
    uint64_t span = (reconciler->now - reconciler->looked_at) / 1000 + RECENT_S;
    struct tally tally = { 0 }, near = { .expected = true };
    int r = full ? put_every(reconciler, &tally) : put_all(reconciler, &sql_queue_job_recent, span, &tally);

    if (r < 0 || put_all(reconciler, &sql_queue_job_due, span, &near) < 0 || ask_cancels(reconciler) < 0)
        return;
    if (!tally.refused && !near.refused)
        reconciler->looked_at = reconciler->now;
    if (full && !tally.refused)
        reconciler->full_at = reconciler->now + FULL_PASS_MS;
    if (full || tally.added)
        log_info(full ? "reconcile.full" : "reconcile.recent", "open_jobs=%d added=%zu", tally.open, tally.added);
    if (near.added)
        log_info("reconcile.near", "added=%zu", near.added);
}

/* A queue whose Redis is away does not hold up the others. */
void look(struct reconciler *reconciler)
{
    bool any = false;

    rebuilds_keep(reconciler);
    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];
        int r = redis_connect(queue->redis);

        queue->may_open = false;
        if (r == 0) {
            notice_restart(reconciler, queue);
            r = look_at_queue(reconciler, queue);
        }
        if (r < 0) {
            reconcile_complain("reconcile.look", queue, r);
            continue;
        }
        any = true;
        if (queue->missed)
            reconciler->full_at = 0;
    }
    rebuilds_end(reconciler);
    if (any && reconciler->term)
        look_for_unknown(reconciler);
}
