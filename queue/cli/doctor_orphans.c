/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs that PostgreSQL and Redis think differently of. Both change while we look: what seems wrong is looked at again,
 * and only then is it said. */
#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/doctor.h"
#include "sql.h"
#include <ctype.h>
#include <errno.h>
#include <poll.h>

enum {
    YOUNG_MS = 10000, /* a job's producer may be telling Redis just now */
    NEAR_MS = 540000, /* what is due later than this was told not long ago, if at all */
    SETTLE_MS = 300,  /* between a commit and the word to Redis */
};

#define NIL_ID "00000000-0000-0000-0000-000000000000"

/* When an id was made, in ms since 1970. */
static long long id_ms(const char *id)
{
    char digits[13];

    snprintf(digits, sizeof digits, "%.8s%.4s", id, id + 9);
    return strtoll(digits, NULL, 16);
}

/* ---- a page of ids ---- */

/* Ids of one queue, up to QUEUE_BATCH, and what is to be done with a page of them. */
struct page {
    struct doctor *doctor;
    const char *queue;
    char ids[QUEUE_BATCH][JOB_ID_SIZE];
    size_t count;
    int (*full)(struct page *page);
    size_t wrong;
    char example[JOB_ID_SIZE];
};

static int page_end(struct page *page)
{
    int r = page->count ? page->full(page) : 0;
    page->count = 0;
    return r;
}

static int page_add(struct page *page, const char *id)
{
    snprintf(page->ids[page->count++], JOB_ID_SIZE, "%s", id);
    return page->count == QUEUE_BATCH ? page_end(page) : 0;
}

static void note_wrong(struct page *page, const char *id)
{
    if (!page->wrong++)
        snprintf(page->example, sizeof page->example, "%s", id);
}

/* What PostgreSQL says of the page's ids. */
static int ask_postgresql(struct page *page, struct result *ret)
{
    autotalloc char *ids = COPY(NULL, "{");

    for (size_t i = 0; i < page->count; i++)
        ids = memory_check(talloc_asprintf_append(ids, "%s%s", i ? "," : "", page->ids[i]));
    ids = memory_check(talloc_asprintf_append(ids, "}"));
    if (database_run(page->doctor->operation->database, &sql_queue_doctor_jobs, PARAMS({ "ids", ids }), ret) == 0)
        return 0;
    doctor_say(page->doctor, WARNING, "could not be looked at: %s", ret->message);
    return -EIO;
}

static struct redis *page_redis(const struct page *page)
{
    return queue_redis_get(page->doctor->operation->redis, page->queue);
}

/* ---- unknown: open, and Redis does not know ---- */

/* Keep those of the page that Redis does not know. */
static int drop_known(struct page *page)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;
    size_t kept = 0;
    int r;

    command_text(ctx, &command, "HMGET");
    command_text(ctx, &command, FORMAT(ctx, "%sj", queue_prefix(ctx, page->queue)));
    for (size_t i = 0; i < page->count; i++)
        command_text(ctx, &command, page->ids[i]);
    r = redis_do(page_redis(page), &command, &reply);
    for (size_t i = 0; r == 0 && i < page->count && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_NIL)
            memmove(page->ids[kept++], page->ids[i], JOB_ID_SIZE);
    page->count = kept;
    freeReplyObject(reply);
    if (r < 0)
        doctor_say(page->doctor, WARNING, "could not be looked at: %s", redis_error(page_redis(page)));
    return r;
}

static int put_unknown(struct page *page)
{
    autoresult struct result rows = { 0 };
    autotalloc void *ctx = talloc_new(NULL);
    int r = drop_known(page);

    if (r == 0 && page->count)
        r = ask_postgresql(page, &rows); /* it may have ended since it was seen */
    for (int i = 0; r == 0 && i < result_rows(&rows); i++) {
        const char *line = result_text(&rows, i, "ticket");
        struct ticket *ticket;
        size_t n, added;

        if (!line || *result_text(&rows, i, "open") != 't')
            continue;
        note_wrong(page, result_text(&rows, i, "id"));
        if (page->doctor->repair && ticket_parse(ctx, line, &ticket, &n) == 0 && n == 1)
            r = queue_put(page_redis(page), ticket, 1, &added);
    }
    return r;
}

/* Whether Redis should know a job by now: its producer has had time, and it is due before long. */
static bool should_be_known(const char *id, const char *ticket)
{
    const char *due = ticket;
    long long now = clock_wall_ms();

    for (int bars = 0; bars < 3 && due; bars++)
        due = (due = strchr(due, '|')) ? due + 1 : NULL;
    return due && now - id_ms(id) > YOUNG_MS && strtoll(due, NULL, 10) - now < NEAR_MS;
}

/* Open jobs of one page of PostgreSQL, to their queues' pages. */
static int sort_open(struct doctor *doctor, const struct result *open, struct page *pages)
{
    int r = 0;

    for (int i = 0; r == 0 && i < result_rows(open); i++) {
        const char *queue = result_text(open, i, "queue"), *ticket = result_text(open, i, "ticket");

        for (size_t k = 0; r == 0 && queue && ticket && k < doctor->gauges.count; k++)
            if (!strcmp(pages[k].queue, queue) && should_be_known(result_text(open, i, "id"), ticket))
                r = page_add(&pages[k], result_text(open, i, "id"));
    }
    return r;
}

void check_unknown(struct doctor *doctor)
{
    autotalloc struct page *pages = memory_check(talloc_zero_array(NULL, struct page, doctor->gauges.count + 1));
    char after[JOB_ID_SIZE] = NIL_ID;
    int r = 0, rows = 1;

    for (size_t i = 0; i < doctor->gauges.count; i++)
        pages[i] = (struct page){ .doctor = doctor, .queue = doctor->gauges.list[i].queue, .full = put_unknown };
    while (r == 0 && rows > 0) {
        autoresult struct result open = { 0 };

        r = database_run(doctor->operation->database, &sql_queue_job_open, PARAMS({ "after", after }), &open);
        if (r < 0)
            doctor_say(doctor, WARNING, "could not be looked at: %s", open.message);
        rows = result_rows(&open);
        if (r < 0 || rows == 0)
            break;
        snprintf(after, sizeof after, "%s", result_text(&open, rows - 1, "id"));
        r = sort_open(doctor, &open, pages);
    }
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        if (r == 0)
            r = page_end(&pages[i]);
        doctor_count(doctor, pages[i].queue, pages[i].wrong, pages[i].example, "open jobs that Redis does not know");
    }
}

/* ---- ended: Redis knows, and not open ---- */

static bool is_id(const char *text)
{
    if (strlen(text) != JOB_ID_SIZE - 1)
        return false;
    for (int i = 0; i < JOB_ID_SIZE - 1; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

/* What is dropped and was kicked at the same moment is open again, and put again. */
static int put_open(struct page *page)
{
    autoresult struct result rows = { 0 };
    autotalloc void *ctx = talloc_new(NULL);
    int r = ask_postgresql(page, &rows);

    for (int i = 0; r == 0 && i < result_rows(&rows); i++) {
        const char *line = result_text(&rows, i, "ticket");
        struct ticket *ticket;
        size_t n, added;

        if (line && ticket_parse(ctx, line, &ticket, &n) == 0 && n == 1)
            r = queue_put(page_redis(page), ticket, 1, &added);
    }
    return r;
}

static int drop_ended(struct page *page)
{
    autoresult struct result rows = { 0 };
    struct inspection inspection;
    size_t kept = 0;
    int r = ask_postgresql(page, &rows);

    for (int i = 0; r == 0 && i < result_rows(&rows); i++)
        if (*result_text(&rows, i, "open") != 't')
            snprintf(page->ids[kept++], JOB_ID_SIZE, "%s", result_text(&rows, i, "id"));
    if (r < 0 || kept == 0)
        return r;
    page->count = kept;
    poll(NULL, 0, SETTLE_MS);
    inspection_begin(&inspection, page->doctor, page->queue, "gone");
    for (size_t i = 0; r == 0 && i < kept; i++)
        r = inspection_add(&inspection, page->ids[i]);
    if (r == 0)
        r = inspection_end(&inspection);
    if (inspection.wrong && !page->wrong)
        snprintf(page->example, sizeof page->example, "%.36s", inspection.example);
    page->wrong += inspection.wrong;
    return r == 0 && page->doctor->repair ? put_open(page) : r;
}

/* What PostgreSQL need not be asked of: nothing of that name can be a job. */
static int drop_stranger(struct page *page, const char *name)
{
    struct inspection inspection;
    int r;

    inspection_begin(&inspection, page->doctor, page->queue, "gone");
    r = inspection_add(&inspection, name);
    if (r == 0)
        r = inspection_end(&inspection);
    if (inspection.wrong)
        note_wrong(page, name);
    return r;
}

static int see_known(void *closure, const char *id)
{
    struct page *page = closure;

    if (is_id(id))
        return page_add(page, id);
    if (!strcmp(id, "wiping")) /* the word of a rebuild, which puts all jobs again (scripts/open.lua) */
        return 0;
    return drop_stranger(page, id);
}

void check_ended(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        autotalloc void *ctx = talloc_new(NULL);
        struct page page = { .doctor = doctor, .queue = doctor->gauges.list[i].queue, .full = drop_ended };
        int r = redis_walk(doctor, "HSCAN", FORMAT(ctx, "%sj", queue_prefix(ctx, page.queue)), see_known, &page);

        if (r == 0)
            r = page_end(&page);
        doctor_count(doctor, page.queue, page.wrong, page.example,
                     "jobs in Redis that have ended, or that PostgreSQL does not know");
    }
}
