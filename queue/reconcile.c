/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/reconcile.h"
#include "common/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/token.h"
#include "queue/queue.h"
#include "queue/queue_redis.h"
#include "sql.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    QUEUES_MAX = 32,
    FULL_PASS_MS = 3600 * 1000,
    HOUSE_MS = 3600 * 1000,
    LEAD_MS = 3000,
    REBUILD_STEP_MS = 500,
    RECENT_S = 60, /* how far back a look goes beyond the last good one: a commit may come later than its id's time */
};

#define NIL_ID "00000000-0000-0000-0000-000000000000"

struct queue_state {
    const char *name;
    struct redis *redis; /* may be shared with others */
    char run_id[64];     /* of the Redis that was looked at last */
    bool rebuilding;
    uint64_t open_at; /* when live workers have had the time to re-assert their leases */
    int put_error;    /* of the last pass; 0 when its jobs were put */
    bool missed;      /* it could not be reached when its jobs were to be put: a full pass is due when it is back */
};

struct reconciler {
    const struct config *config;
    struct database *database;
    struct queue_redis *redis;
    char name[JTI_HEX + 1];
    struct queue_state queues[QUEUES_MAX];
    size_t queue_count;
    long long term; /* 0: does not lead */
    uint64_t now, full_at, house_at, look_at;
    uint64_t looked_at; /* when the last look began that put all it found */
    int signals;
};

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void queues_fill(struct reconciler *reconciler)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++) {
        size_t i = 0;
        while (i < reconciler->queue_count && strcmp(reconciler->queues[i].name, kind->queue) != 0)
            i++;
        if (i == reconciler->queue_count && i < QUEUES_MAX)
            reconciler->queues[reconciler->queue_count++] =
                (struct queue_state){ .name = kind->queue, .redis = queue_redis_get(reconciler->redis, kind->queue) };
    }
}

/* NULL: of no kind of this release. */
static struct queue_state *queue_find(struct reconciler *reconciler, const char *name)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (!strcmp(reconciler->queues[i].name, name))
            return &reconciler->queues[i];
    return NULL;
}

/* Why there is no connection is told once an attempt. */
static void complain(const char *event, const char *queue, struct redis *redis, int r)
{
    const char *trouble = redis_trouble(redis);

    if (trouble)
        log_warning("reconcile.redis", "queue=%s error=%s", queue, trouble);
    else if (r != -ENOTCONN)
        log_warning(event, "queue=%s error=%s", queue, redis_error(redis));
}

/* ---- leading ---- */

static void lead(struct reconciler *reconciler)
{
    autoresult struct result result = { 0 };
    long long term = 0;

    if (database_run(reconciler->database, &sql_queue_lead, PARAMS({ "holder", reconciler->name }), &result) == 0 &&
        result_rows(&result) == 1)
        term = strtoll(result_text(&result, 0, "term"), NULL, 10);
    if (term != reconciler->term)
        log_info("reconcile.lead", "term=%lld%s", term ? term : reconciler->term, term ? "" : " lost");
    if (term && term != reconciler->term)
        reconciler->full_at = reconciler->house_at = 0;
    reconciler->term = term;
}

/* ---- putting what Redis does not know ---- */

static int by_queue(const void *a, const void *b)
{
    return strcmp(((const struct ticket *)a)->queue, ((const struct ticket *)b)->queue);
}

/* What a pass has seen: open jobs, and those among them that Redis did not know. */
struct tally {
    int open;
    size_t added;
    bool refused; /* a Redis answered, and did not take its jobs */
};

static int read_tickets(void *ctx, const struct result *page, int rows, struct ticket **ret)
{
    struct ticket *tickets = memory_check(talloc_array(ctx, struct ticket, (size_t)rows + 1));

    for (int i = 0; i < rows; i++) {
        struct ticket *one;
        size_t n;
        if (ticket_parse(ctx, result_text(page, i, "ticket"), &one, &n) < 0 || n != 1)
            return -EPROTO;
        tickets[i] = *one;
    }
    qsort(tickets, (size_t)rows, sizeof *tickets, by_queue);
    *ret = tickets;
    return 0;
}

/* Put tickets, ordered by queue, each queue's into its Redis. One that fails does not keep those of others from theirs.
 */
static void put_tickets(struct reconciler *reconciler, const struct ticket *tickets, size_t n, struct tally *tally)
{
    for (size_t from = 0, to; from < n; from = to) {
        const char *name = tickets[from].queue;
        struct redis *redis = queue_redis_get(reconciler->redis, name);
        struct queue_state *queue = queue_find(reconciler, name);
        size_t added;
        int r;

        for (to = from + 1; to < n && !strcmp(tickets[to].queue, name);)
            to++;
        r = queue_put(redis, tickets + from, to - from, &added);
        if (r == 0) {
            tally->added += added;
            continue;
        }
        complain("reconcile.put", name, redis, r);
        tally->refused = tally->refused || r == -EPROTO;
        if (queue) {
            queue->put_error = r;
            queue->missed = queue->missed || r != -EPROTO;
        }
    }
}

/* Put one page's tickets. Number of rows, or -errno; *after becomes the last id. */
static int put_page(struct reconciler *reconciler, const struct sql *sql, const char *span, char after[JOB_ID_SIZE],
                    struct tally *tally)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result page = { 0 };
    struct ticket *tickets;
    int rows, r = database_run(reconciler->database, sql, PARAMS({ "after", after }, { "span", span }), &page);

    if (r < 0)
        log_warning("reconcile.read", "error=%s", page.message);
    rows = result_rows(&page);
    if (r < 0 || rows == 0)
        return r;
    snprintf(after, JOB_ID_SIZE, "%s", result_text(&page, rows - 1, "id"));
    r = read_tickets(ctx, &page, rows, &tickets);
    if (r < 0) {
        log_warning("reconcile.read", "error=malformed ticket");
        return r;
    }
    put_tickets(reconciler, tickets, (size_t)rows, tally);
    tally->open += rows;
    return rows;
}

/* span: seconds to look back, of a statement that has it. */
static int put_all(struct reconciler *reconciler, const struct sql *sql, uint64_t span, struct tally *ret)
{
    char after[JOB_ID_SIZE] = NIL_ID, seconds[24];
    struct tally tally = { 0 };
    int rows;

    for (size_t i = 0; i < reconciler->queue_count; i++) {
        reconciler->queues[i].put_error = 0;
        if (sql == &sql_queue_job_open)
            reconciler->queues[i].missed = false;
    }
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)span);
    while ((rows = put_page(reconciler, sql, seconds, after, &tally)) > 0)
        continue;
    if (rows == 0)
        *ret = tally;
    return rows;
}

/* Flags of cancellations that Redis has forgotten, or never heard of. */
static int ask_cancels(struct reconciler *reconciler)
{
    autoresult struct result asked = { 0 };
    enum queue_where ignored;
    int r = database_run(reconciler->database, &sql_queue_cancel_open, NO_PARAMS, &asked);

    for (int i = 0; i < result_rows(&asked); i++) {
        const char *queue = result_text(&asked, i, "queue");
        struct redis *redis = queue_redis_get(reconciler->redis, queue);
        int asking = queue_cancel(redis, queue, result_text(&asked, i, "id"), CANCEL_ASK, &ignored);

        if (asking < 0)
            complain("reconcile.cancel", queue, redis, asking);
    }
    return r;
}

/* ---- rebuilding a queue whose Redis is not known to be whole ---- */

static int rebuild_begin(struct reconciler *reconciler, struct queue_state *queue)
{
    autoresult struct result open = { 0 };
    int r = queue_close(queue->redis, queue->name);

    if (r == 0)
        r = database_run(reconciler->database, &sql_queue_job_any_open, PARAMS({ "queue", queue->name }), &open);
    if (r < 0)
        return r;
    queue->rebuilding = true;
    /* Who holds a job touches it within a sixth of the lease, or ends it within two thirds. Where no job is open none
     * can be held, and there is nothing to wait for. */
    queue->open_at = reconciler->now;
    if (*result_text(&open, 0, "any_open") == 't')
        queue->open_at += (uint64_t)reconciler->config->queue_lease * 1000 * 2 / 3;
    log_info("reconcile.rebuild", "queue=%s wait_ms=%llu", queue->name,
             (unsigned long long)(queue->open_at - reconciler->now));
    return 0;
}

static int rebuild_end(struct reconciler *reconciler, struct queue_state *queue)
{
    struct tally tally;
    bool opened;
    int r = put_all(reconciler, &sql_queue_job_open, 0, &tally);

    if (r == 0)
        r = queue->put_error;
    if (r == 0)
        r = queue_open(queue->redis, queue->name, &opened);
    if (r < 0)
        return r;
    queue->rebuilding = false; /* when it was not opened, the next look begins anew */
    log_info(opened ? "reconcile.open" : "reconcile.again", "queue=%s open_jobs=%d added=%zu", queue->name, tally.open,
             tally.added);
    return 0;
}

static int look_at_queue(struct reconciler *reconciler, struct queue_state *queue)
{
    bool open;
    int r = queue_is_open(queue->redis, queue->name, &open);

    if (r < 0)
        return r;
    if (open)
        queue->rebuilding = false; /* another leader was faster */
    else if (!queue->rebuilding)
        r = rebuild_begin(reconciler, queue);
    if (r == 0 && queue->rebuilding && reconciler->now >= queue->open_at)
        r = rebuild_end(reconciler, queue);
    return r;
}

/* ---- one look ---- */

/* A Redis that was started anew while a rebuild waits, or another one after a failover: the wait starts again. */
static void notice_restart(struct reconciler *reconciler, struct queue_state *queue)
{
    if (!strcmp(queue->run_id, redis_run_id(queue->redis)))
        return;
    snprintf(queue->run_id, sizeof queue->run_id, "%s", redis_run_id(queue->redis));
    reconciler->full_at = 0;
    queue->rebuilding = false;
}

/* Once an hour: partitions ahead, and rows that have run out. */
static void keep_house(struct reconciler *reconciler)
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
    if (database_run(reconciler->database, &sql_core_forget, NO_PARAMS, &forgotten) < 0)
        log_error("reconcile.forget", "error=%s", forgotten.message);
    reconciler->house_at = reconciler->now + HOUSE_MS;
}

/* Put what Redis does not know: of all open jobs now and then, else of those made since the last look that went well.
 */
static void look_for_unknown(struct reconciler *reconciler)
{
    bool full = reconciler->now >= reconciler->full_at;
    uint64_t span = (reconciler->now - reconciler->looked_at) / 1000 + RECENT_S;
    struct tally tally;

    if (put_all(reconciler, full ? &sql_queue_job_open : &sql_queue_job_recent, span, &tally) < 0 ||
        ask_cancels(reconciler) < 0)
        return;
    if (!tally.refused)
        reconciler->looked_at = reconciler->now;
    if (full && !tally.refused)
        reconciler->full_at = reconciler->now + FULL_PASS_MS;
    if (full || tally.added)
        log_info(full ? "reconcile.full" : "reconcile.recent", "open_jobs=%d added=%zu", tally.open, tally.added);
}

/* A queue whose Redis is away does not hold up the others. */
static void look(struct reconciler *reconciler)
{
    bool any = false;

    for (size_t i = 0; i < reconciler->queue_count; i++) {
        struct queue_state *queue = &reconciler->queues[i];
        int r = redis_connect(queue->redis);

        if (r == 0) {
            notice_restart(reconciler, queue);
            r = look_at_queue(reconciler, queue);
        }
        if (r < 0) {
            complain("reconcile.look", queue->name, queue->redis, r);
            continue;
        }
        any = true;
        if (queue->missed)
            reconciler->full_at = 0;
    }
    if (any)
        look_for_unknown(reconciler);
}

static bool rebuilding(const struct reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (reconciler->queues[i].rebuilding)
            return true;
    return false;
}

static bool all_connected(const struct reconciler *reconciler)
{
    for (size_t i = 0; i < reconciler->queue_count; i++)
        if (!redis_connected(reconciler->queues[i].redis))
            return false;
    return true;
}

static void loop(struct reconciler *reconciler)
{
    struct pollfd signals = { .fd = reconciler->signals, .events = POLLIN };
    int step;

    do {
        reconciler->now = clock_ms();
        lead(reconciler);
        if (reconciler->term && (reconciler->now >= reconciler->look_at || rebuilding(reconciler))) {
            keep_house(reconciler);
            look(reconciler);
            reconciler->look_at = reconciler->now + (uint64_t)reconciler->config->queue_reconcile * 1000;
        }
        step = rebuilding(reconciler) || !all_connected(reconciler) ? REBUILD_STEP_MS : LEAD_MS;
        if (reconciler->term && reconciler->look_at < reconciler->now + (uint64_t)step)
            step = (int)(reconciler->look_at - reconciler->now);
    } while (poll(&signals, 1, step) == 0 || !signals.revents);
}

int reconcile_run(const struct config *config)
{
    autotalloc struct reconciler *reconciler = NEW(NULL, struct reconciler);
    autoresult struct result ignored = { 0 };
    sigset_t signals;

    reconciler->config = config;
    reconciler->database = database_new(reconciler, config->database_url, config->database_timeout);
    reconciler->redis = queue_redis_new(reconciler, config);
    token_jti(reconciler->name);
    queues_fill(reconciler);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    reconciler->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (reconciler->signals < 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    loop(reconciler);
    if (reconciler->term)
        database_run(reconciler->database, &sql_queue_lead_end, PARAMS({ "holder", reconciler->name }), &ignored);
    close(reconciler->signals);
    return 0;
}
