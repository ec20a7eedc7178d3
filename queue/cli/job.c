/* SPDX-License-Identifier: GPL-3.0-or-later
 * All that is known of one job. */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "queue/job_args.h"
#include "queue/queue_redis.h"
#include "queue/view.h"
#include "sql.h"

/* In the order in which they are shown; those of the first table come from PostgreSQL. */
static const struct column stored[] = {
    { "id", COLUMN_TEXT, NULL },
    { "kind", COLUMN_TEXT, NULL },
    { "queue", COLUMN_TEXT, NULL },
    { "product", COLUMN_TEXT, NULL },
    { "tenant", COLUMN_TEXT, NULL },
    { "account_id", COLUMN_NUMBER, NULL },
    { "priority", COLUMN_NUMBER, NULL },
    { "key", COLUMN_TEXT, NULL },
    { "cost", COLUMN_NUMBER, NULL },
    { "request_id", COLUMN_TEXT, NULL },
    { "unique_name", COLUMN_TEXT, NULL },
    { "made_at", COLUMN_TEXT, NULL },
    { "due_at", COLUMN_TEXT, NULL },
    { "expires_at", COLUMN_TEXT, NULL },
    { "deadline_s", COLUMN_NUMBER, NULL },
    { "tries_allowed", COLUMN_NUMBER, NULL },
    { "outcome", COLUMN_TEXT, NULL },
    { "error", COLUMN_TEXT, NULL },
    { "result", COLUMN_JSON, NULL },
    { "ended_by", COLUMN_TEXT, NULL },
    { "ended_at", COLUMN_TEXT, NULL },
    { "cancel_asked_by", COLUMN_TEXT, NULL },
    { "cancel_asked_at", COLUMN_TEXT, NULL },
    { "batch", COLUMN_PAIRS, NULL },
    { "chain", COLUMN_JSON, NULL },
    { "tries", COLUMN_JSON, NULL },
    { "audit", COLUMN_JSON, NULL },
    { .name = NULL },
};
/* clang-format off */
static const struct column shown[] = {
    { "id", COLUMN_TEXT, NULL },
    { "kind", COLUMN_TEXT, NULL },
    { "queue", COLUMN_TEXT, NULL },
    { "product", COLUMN_TEXT, NULL },
    { "tenant", COLUMN_TEXT, NULL },
    { "priority", COLUMN_NUMBER, NULL },
    { "key", COLUMN_TEXT, NULL },
    { "cost", COLUMN_NUMBER, NULL },
    { "made_at", COLUMN_TEXT, NULL },
    { "due_at", COLUMN_TEXT, NULL },
    { "expires_at", COLUMN_TEXT, NULL },
    { "request_id", COLUMN_TEXT, NULL },
    { "unique_name", COLUMN_TEXT, NULL },
    { "state", COLUMN_TEXT, NULL },
    { "worker", COLUMN_TEXT, NULL },
    { "progress", COLUMN_NUMBER, NULL },
    { "ends_by", COLUMN_TEXT, NULL },
    { "again_at", COLUMN_TEXT, NULL },
    { "outcome", COLUMN_TEXT, NULL },
    { "error", COLUMN_TEXT, NULL },
    { "result", COLUMN_JSON, NULL },
    { "ended_at", COLUMN_TEXT, NULL },
    { "batch", COLUMN_PAIRS, NULL },
    { "chain", COLUMN_JSON, NULL },
    { "args", COLUMN_JSON, NULL },
    { .name = NULL },
};
/* clang-format on */

/* ---- where it is ---- */

static void place_set(json_t *job, const struct job_view *view, bool later)
{
    static const char *const places[] = { [PLACE_UNKNOWN] = "unqueued",
                                          [PLACE_WAITING] = "waiting",
                                          [PLACE_DELAYED] = "delayed",
                                          [PLACE_RUNNING] = "running" };
    bool far = view->place == PLACE_UNKNOWN && later; /* Redis is told when it is near */

    json_object_set_new(job, "state", json_string(far ? "delayed" : places[view->place]));
    if (view->place == PLACE_DELAYED)
        json_object_set_new(job, "again_at", table_time(view->at));
    if (view->place != PLACE_RUNNING)
        return;
    json_object_set_new(job, "worker", json_string(view->worker));
    json_object_set_new(job, "epoch", json_integer((json_int_t)view->epoch));
    json_object_set_new(job, "ends_by", table_time(view->at));
    json_object_set_new(job, "asked_to_stop", json_boolean(view->asked));
    if (view->percent >= 0)
        json_object_set_new(job, "progress", json_integer(view->percent));
}

/* The member state, and of one that runs where. False when Redis does not answer; then the state says so. */
static bool find_place(struct operation *operation, const struct result *found, json_t *job, bool json)
{
    const char *queue = result_text(found, 0, "queue"), *id = result_text(found, 0, "id");
    const char *outcome = result_text(found, 0, "outcome");
    struct redis *redis = queue_redis_get(operation->redis, queue);
    struct job_view view;

    if (outcome) {
        json_object_set_new(job, "state", json_string(outcome));
        return true;
    }
    if (queue_jobs(redis, operation->ctx, queue, &id, 1, &view) == 0) {
        place_set(job, &view, *result_text(found, 0, "later") == 't');
        return true;
    }
    json_object_set_new(job, "redis_error", json_string(redis_error(redis)));
    json_object_set_new(job, "state",
                        json ? json_string("unknown") : json_sprintf("unknown: Redis: %s", redis_error(redis)));
    return false;
}

/* ---- what has become of it ---- */

static void add_event(json_t *events, const json_t *at, const char *what, const json_t *who, const json_t *why)
{
    const char *time = json_string_value(at);
    size_t to = json_array_size(events);
    json_t *event = json_pack("{s:O?, s:s, s:O?, s:O?}", "at", at, "event", what, "by", who, "why", why);

    while (time && to > 0 && strcmp(json_string_value(json_object_get(json_array_get(events, to - 1), "at")), time) > 0)
        to--;
    json_array_insert_new(events, to, event);
}

/* Put, tries, what operators did, the end: in the order of time. A put by the command is in the audit as well, and once
 * is enough: twice looks like a job that was doubled. */
static json_t *events_of(const json_t *job)
{
    json_t *events = json_array(), *row;
    const json_t *asked = json_object_get(job, "cancel_asked_at");
    size_t i;

    add_event(events, json_object_get(job, "made_at"), "put", json_object_get(job, "request_id"), NULL);
    json_array_foreach(json_object_get(job, "tries"), i, row)
        add_event(events, json_object_get(row, "ended_at"), json_string_value(json_object_get(row, "outcome")),
                  json_object_get(row, "worker"), json_object_get(row, "error"));
    json_array_foreach(json_object_get(job, "audit"), i, row)
    {
        if (!strcmp(json_string_value(json_object_get(row, "action")), "put"))
            continue;
        add_event(events, json_object_get(row, "at"), json_string_value(json_object_get(row, "action")),
                  json_object_get(row, "who"), json_object_get(row, "details"));
    }
    if (json_is_string(asked) && json_array_size(json_object_get(job, "audit")) == 0)
        add_event(events, asked, "cancel", json_object_get(job, "cancel_asked_by"), NULL);
    if (json_is_string(json_object_get(job, "outcome")))
        add_event(events, json_object_get(job, "ended_at"), json_string_value(json_object_get(job, "outcome")),
                  json_object_get(job, "ended_by"), json_object_get(job, "error"));
    return events;
}

static void print_events(const json_t *job)
{
    static const struct column columns[] = {
        { "at", COLUMN_TEXT, NULL },
        { "event", COLUMN_TEXT, NULL },
        { "by", COLUMN_TEXT, NULL },
        { "why", COLUMN_PAIRS, NULL },
        { .name = NULL },
    };
    json_auto_t *events = events_of(job);

    putchar('\n');
    table_print(columns, events, false);
}

/* ---- the command ---- */

int command_job(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = {
        "job",
        "ID",
        "Show a job: what it is, where it is, and what has become of it. A state of unqueued\n"
        "means that Redis has not been told of it yet.",
        options,
        1,
        1
    };
    const struct field id_field = { .name = "ID", .type = UUID, .flags = REQUIRED };
    autoresult struct result found = { 0 };
    struct field_errors errors = { 0 };
    json_auto_t *job = NULL;
    json_t *args;
    const char *id;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (!field_check_text(operation->ctx, &id_field, "ID", said.words[0], &errors, &id))
        return complain(said.words[0], "is not a job's id", USAGE);
    if (database_run(operation->database, &sql_queue_job_show, PARAMS({ "job_id", id }), &found) < 0)
        return complain_of("PostgreSQL", &found);
    if (result_rows(&found) == 0)
        return complain(id, "there is no such job", NOT_THERE);
    job = table_row(&found, 0, stored);
    args = json_loads(
        job_args_shown(operation->ctx, job_kind_find(result_text(&found, 0, "kind")), result_text(&found, 0, "args")),
        JSON_DECODE_ANY, NULL);
    json_object_set_new(job, "args", args ? args : json_null());
    status = find_place(operation, &found, job, said.values[0]) ? DONE : FAILED;
    table_show(shown, job, said.values[0]);
    if (!said.values[0])
        print_events(job);
    return status;
}
