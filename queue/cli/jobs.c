/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/jobs.h"
#include "common/array_text.h"
#include "common/clock.h"
#include "common/memory.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "queue/operate.h"
#include "queue/queue_names.h"
#include "queue/queue_redis.h"
#include "queue/view.h"
#include "sql.h"

enum {
    WINDOW = 5000,        /* jobs that one statement looks at */
    WINDOWS_MAX = 200,    /* and how many statements, before it is enough */
    NARROW = QUEUE_BATCH, /* of open ones some may not fit, so ask for a few in any case */
};

static const struct column columns[] = {
    { "id", COLUMN_TEXT, NULL },
    { "kind", COLUMN_TEXT, NULL },
    { "queue", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "product", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "tenant", COLUMN_TEXT, NULL },
    { "priority", COLUMN_NUMBER, "prio" },
    { "state", COLUMN_TEXT, NULL },
    { "age_s", COLUMN_AGE, "age" },
    { "made_at", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "due_at", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "ended_at", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "tries", COLUMN_NUMBER, NULL },
    { "worker", COLUMN_TEXT | COLUMN_HIDDEN, NULL },
    { "progress", COLUMN_NUMBER | COLUMN_HIDDEN, NULL },
    { "error", COLUMN_TEXT, NULL },
    { .name = NULL },
};
/* What of that PostgreSQL knows. */
static const struct column stored[] = {
    { "id", COLUMN_TEXT, NULL },
    { "kind", COLUMN_TEXT, NULL },
    { "queue", COLUMN_TEXT, NULL },
    { "product", COLUMN_TEXT, NULL },
    { "tenant", COLUMN_TEXT, NULL },
    { "priority", COLUMN_NUMBER, NULL },
    { "age_s", COLUMN_NUMBER, NULL },
    { "made_at", COLUMN_TEXT, NULL },
    { "due_at", COLUMN_TEXT, NULL },
    { "ended_at", COLUMN_TEXT, NULL },
    { "tries", COLUMN_NUMBER, NULL },
    { "error", COLUMN_TEXT, NULL },
    { .name = NULL },
};

/* What --state says, and how it is asked for. */
static const struct state {
    const char *name, *stored, *later;
    const struct sql *sql;
    const char * not ; /* what is left out though PostgreSQL cannot tell it apart */
} states[] = {
    { "open", "open", NULL, &sql_queue_job_list, NULL }, /* not as an option of jobs */
    { "waiting", "open", "f", &sql_queue_job_list, "running" },
    { "ready", "open", "f", &sql_queue_job_list, "running" },
    { "delayed", "open", "t", &sql_queue_job_list, "running" },
    { "running", "open", NULL, &sql_queue_job_list_of, NULL },
    { "done", "done", NULL, &sql_queue_job_list, NULL },
    { "buried", "buried", NULL, &sql_queue_job_list_buried, NULL },
    { "cancelled", "cancelled", NULL, &sql_queue_job_list, NULL },
};
static const struct state any_state = { .sql = &sql_queue_job_list };

struct listing {
    struct operation *operation;
    const struct job_filter *filter;
    const struct state *state;
    json_t *rows;
    const char *running; /* ids of what runs, as an array, when those are asked for */
    char before[JOB_ID_SIZE], floor[JOB_ID_SIZE];
    int status;
};

static const struct state *state_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(states); i++)
        if (name && !strcmp(states[i].name, name))
            return &states[i];
    return name ? NULL : &any_state;
}

/* The smallest id that could have been made so many seconds ago. */
static void id_floor(char id[JOB_ID_SIZE], long long age)
{
    long long now = clock_wall_ms();
    unsigned long long ms = age * 1000 < now ? (unsigned long long)(now - age * 1000) : 0;

    snprintf(id, JOB_ID_SIZE, "%08x-%04x-0000-0000-000000000000", (unsigned)(ms >> 16), (unsigned)ms & 0xffffu);
}

/* ---- where the open ones are ---- */

static void place_set(json_t *row, const struct job_view *view, bool later)
{
    static const char *const places[] = { [PLACE_UNKNOWN] = "unqueued",
                                          [PLACE_WAITING] = "waiting",
                                          [PLACE_DELAYED] = "delayed",
                                          [PLACE_RUNNING] = "running" };
    bool far = view->place == PLACE_UNKNOWN && later; /* Redis is told when it is near */

    json_object_set_new(row, "state", json_string(far ? "delayed" : places[view->place]));
    if (view->worker)
        json_object_set_new(row, "worker", json_string(view->worker));
    if (view->percent >= 0)
        json_object_set_new(row, "progress", json_integer(view->percent));
}

/* Look for up to QUEUE_BATCH rows of one queue. When its Redis does not answer that is said once a queue. */
static void look_for(struct listing *listing, const char *queue, json_t *const *rows, const bool *later, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis *redis = queue_redis_get(listing->operation->redis, queue);
    struct job_view views[QUEUE_BATCH];
    const char *ids[QUEUE_BATCH];

    for (size_t i = 0; i < n; i++)
        ids[i] = json_string_value(json_object_get(rows[i], "id"));
    if (queue_jobs(redis, ctx, queue, ids, n, views) == 0) {
        for (size_t i = 0; i < n; i++)
            place_set(rows[i], &views[i], later[i]);
        return;
    }
    if (listing->status == DONE)
        listing->status = complain("Redis", redis_error(redis), FAILED);
    for (size_t i = 0; i < n; i++)
        json_object_set_new(rows[i], "state", json_string("unknown"));
}

/* All open rows of a page: a round trip for each queue, and for each QUEUE_BATCH of it. */
static void look_for_all(struct listing *listing, json_t *page, const bool *later)
{
    size_t count = json_array_size(page), n;

    for (size_t from = 0; from < count; from++) {
        json_t *rows[QUEUE_BATCH], *first = json_array_get(page, from);
        const char *queue = json_string_value(json_object_get(first, "queue"));
        bool laters[QUEUE_BATCH];

        if (json_object_get(first, "state"))
            continue;
        n = 0;
        for (size_t i = from; i < count && n < QUEUE_BATCH; i++) {
            json_t *row = json_array_get(page, i);
            if (json_object_get(row, "state") || strcmp(queue, json_string_value(json_object_get(row, "queue"))) != 0)
                continue;
            laters[n] = later[i];
            rows[n++] = row;
        }
        look_for(listing, queue, rows, laters, n);
    }
}

/* ---- pages ---- */

/* One row for the list: members in the order of the columns, and the state of what has ended. */
static json_t *row_new(const struct result *result, int i)
{
    json_t *known = table_row(result, i, stored), *row = json_object();
    const char *outcome = result_text(result, i, "outcome");

    for (const struct column *column = columns; column->name; column++) {
        json_t *value = json_object_get(known, column->name);
        if (strcmp(column->name, "state") != 0)
            json_object_set(row, column->name, value ? value : json_null());
    }
    json_decref(known);
    if (outcome)
        json_object_set_new(row, "state", json_string(outcome));
    return row;
}

static void add_fitting(struct listing *listing, const json_t *page)
{
    size_t i;
    json_t *row;

    json_array_foreach(page, i, row)
    {
        const char *state = json_string_value(json_object_get(row, "state"));
        bool fits = !listing->state->not || strcmp(listing->state->not, state) != 0;

        if (listing->running && strcmp(state, "running") != 0 && strcmp(state, "unknown") != 0)
            fits = false; /* it has ended its run meanwhile */
        if (fits && (long long)json_array_size(listing->rows) < listing->filter->limit)
            json_array_append(listing->rows, row);
    }
}

/* Take what a statement has found. True when there may be more, before listing->before. */
static bool take_page(struct listing *listing, const struct result *found, long long wanted)
{
    autotalloc bool *later = memory_check(talloc_array(NULL, bool, (size_t)result_rows(found) + 1));
    json_auto_t *page = json_array();
    int rows = result_rows(found);
    bool more = rows > 0 && !result_text(found, rows - 1, "kind");

    if (more)
        snprintf(listing->before, sizeof listing->before, "%s", result_text(found, rows - 1, "id"));
    for (int i = 0; i < rows - more; i++) {
        const char *text = result_text(found, i, "later");
        later[json_array_size(page)] = text && *text == 't';
        json_array_append_new(page, row_new(found, i));
    }
    if (rows - more >= wanted) { /* there was no room for all that it has seen */
        snprintf(listing->before, sizeof listing->before, "%s", result_text(found, rows - more - 1, "id"));
        more = true;
    }
    look_for_all(listing, page, later);
    add_fitting(listing, page);
    return more;
}

/* One window. True when there may be more. */
static bool list_window(struct listing *listing)
{
    const struct job_filter *filter = listing->filter;
    long long wanted = filter->limit - (long long)json_array_size(listing->rows);
    autoresult struct result found = { 0 };
    char want[24], most[24];

    if (wanted < NARROW)
        wanted = NARROW;
    snprintf(want, sizeof want, "%lld", wanted);
    snprintf(most, sizeof most, "%d", WINDOW);
    if (database_run(listing->operation->database, listing->state->sql,
                     PARAMS({ "before", listing->before }, { "floor", listing->floor }, { "most", most },
                            { "wanted", want }, { "state", listing->state->stored }, { "later", listing->state->later },
                            { "queue", filter->queue }, { "kind", filter->kind }, { "tenant", filter->tenant },
                            { "ids", listing->running }),
                     &found) < 0) {
        listing->status = complain_of("PostgreSQL", &found);
        return false;
    }
    return take_page(listing, &found, wanted);
}

/* Ids of all that runs, for those who ask for just that. */
static void running_gather(struct listing *listing)
{
    void *ctx = listing->operation->ctx;
    const char *queue, **queues = queue_names(ctx, listing->operation->database, NULL);
    struct array_text ids = { 0 };

    for (; (queue = *queues); queues++) {
        struct redis *redis = queue_redis_get(listing->operation->redis, queue);
        const char **some;
        size_t n;

        if (listing->filter->queue && strcmp(listing->filter->queue, queue) != 0)
            continue;
        if (queue_running(redis, ctx, queue, &some, &n) < 0) {
            listing->status = complain("Redis", redis_error(redis), FAILED);
            continue;
        }
        for (size_t k = 0; k < n; k++)
            array_add(ctx, &ids, some[k]);
    }
    listing->running = array_end(ctx, &ids);
}

int filter_check(struct operation *operation, const struct job_filter *filter)
{
    struct verdict known = { .error = E_NONE };
    const char *what = filter->queue;

    if (filter->queue)
        known = queue_known(operation->database, filter->queue);
    if (known.error == E_NONE && filter->kind) {
        what = filter->kind;
        known = kind_known(operation->database, filter->kind);
    }
    return known.error == E_NONE ? DONE : complain(what, known.said, status_of(known.error));
}

int jobs_list(struct operation *operation, const struct job_filter *filter, json_t **ret)
{
    struct listing listing = { .operation = operation,
                               .filter = filter,
                               .state = state_find(filter->state),
                               .rows = json_array(),
                               .before = "ffffffff-ffff-ffff-ffff-ffffffffffff",
                               .floor = "00000000-0000-0000-0000-000000000000" };
    int windows = 0;

    if (filter->older >= 0)
        id_floor(listing.before, filter->older);
    if (filter->newer >= 0)
        id_floor(listing.floor, filter->newer);
    if (listing.state->sql == &sql_queue_job_list_of)
        running_gather(&listing);
    while ((long long)json_array_size(listing.rows) < filter->limit && list_window(&listing))
        if (++windows == WINDOWS_MAX) {
            complain("jobs",
                     FORMAT(operation->ctx, "looked at the last %d that were put; --older goes on from there",
                            WINDOW * WINDOWS_MAX),
                     DONE);
            break;
        }
    *ret = listing.rows;
    return listing.status;
}

/* ---- the command ---- */

static const char *const state_names[] = {
    "waiting", "ready", "delayed", "running", "done", "buried", "cancelled", NULL
};

int command_jobs(struct operation *operation)
{
    enum { QUEUE, KIND, STATE, TENANT, OLDER, NEWER, LIMIT, JSON };
    static const struct option_row options[] = {
        [QUEUE] = { "Q", { .name = "--queue", .type = TEXT, .doc = "of this queue" } },
        [KIND] = { "K", { .name = "--kind", .type = TEXT, .doc = "of this kind" } },
        [STATE] = { "S",
                    { .name = "--state",
                      .type = ENUM,
                      .values = state_names,
                      .doc = "waiting (or ready), delayed, running, done, buried or cancelled" } },
        [TENANT] = { "T", { .name = "--tenant", .type = TEXT, .doc = "of this tenant" } },
        [OLDER] = { "AGE", { .name = "--older", .type = TEXT, .doc = "put at least so long ago: 90s, 15m, 6h, 7d" } },
        [NEWER] = { "AGE", { .name = "--newer", .type = TEXT, .doc = "put at most so long ago" } },
        [LIMIT] = OPTION_LIMIT("50", "at most so many"),
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = { "jobs", "", "List jobs, those that were put last first.", options, 0, 0 };
    json_auto_t *rows = NULL;
    struct said said;
    struct job_filter filter;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    filter = (struct job_filter){ .queue = said.values[QUEUE],
                                  .kind = said.values[KIND],
                                  .tenant = said.values[TENANT],
                                  .state = said.values[STATE],
                                  .limit = strtoll(said.values[LIMIT], NULL, 10) };
    if (!option_age("--older", said.values[OLDER], -1, &filter.older) ||
        !option_age("--newer", said.values[NEWER], -1, &filter.newer))
        return USAGE;
    status = filter_check(operation, &filter);
    if (status != DONE)
        return status;
    status = jobs_list(operation, &filter, &rows);
    table_print(columns, rows, said.values[JSON]);
    return status;
}
