/* SPDX-License-Identifier: GPL-3.0-or-later
 * What there is: queues, workers, and all at a glance. */
#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "queue/operate.h"
#include "queue/queue_names.h"
#include "queue/queue_redis.h"
#include "queue/settings.h"
#include "queue/view.h"
#include "sql.h"

enum { BURIED_MAX = 10000 };

static const char buried_max[] = "10000";

/* What a command found out; rows are its answer. */
struct survey {
    struct operation *operation;
    struct result said, buried, kinds; /* of queue_list, buried_count and kind_queues */
    bool stored;                       /* PostgreSQL has answered */
    const char *redis_error;           /* the first, NULL: all have answered */
    json_t *rows;
};

static void survey_clear(struct survey *survey)
{
    result_clear(&survey->said);
    result_clear(&survey->buried);
    result_clear(&survey->kinds);
    json_decref(survey->rows);
}
#define autosurvey __attribute__((cleanup(survey_clear)))

/* A member that is known, or null. */
static void set_number(json_t *row, const char *name, bool known, long long number)
{
    json_object_set_new(row, name, known ? json_integer(number) : json_null());
}

/* ---- a queue ---- */

/* "open", or why nothing is taken from it, or put into it; several when there are. */
static char *door(void *ctx, const struct queue_view *view, bool seen, const char *refusing)
{
    char *text = COPY(ctx, !seen ? "unknown" : !view->open ? "closed" : view->paused ? "paused" : "open");

    return refusing ? memory_check(talloc_asprintf_append(text, ", refusing")) : text;
}

/* How long the oldest has waited; -1: none waits. */
static long long oldest_age(struct redis *redis, const char *queue, bool *ret_whole)
{
    long long due, age;

    if (queue_oldest(redis, queue, &due, ret_whole) < 0 || !due)
        return -1;
    age = (clock_wall_ms() - due) / 1000;
    return age > 0 ? age : 0;
}

static long long buried_of(const struct survey *survey, const char *queue)
{
    for (int i = 0; i < result_rows(&survey->buried); i++)
        if (!strcmp(result_text(&survey->buried, i, "queue"), queue))
            return strtoll(result_text(&survey->buried, i, "buried"), NULL, 10);
    return 0;
}

static json_t *queue_row(struct survey *survey, const char *queue)
{
    void *ctx = survey->operation->ctx;
    struct redis *redis = queue_redis_get(survey->operation->redis, queue);
    int said = survey->stored ? settings_row(&survey->said, queue) : -1;
    const char *why = said >= 0 && *result_text(&survey->said, said, "refusing") == 't'
                          ? result_text(&survey->said, said, "why")
                          : NULL;
    struct queue_view view = { .open = false };
    bool seen = queue_view(redis, queue, &view) == 0, whole = true;
    long long age = -1;
    json_t *row = json_object();

    if (!seen && !survey->redis_error)
        survey->redis_error = COPY(ctx, redis_error(redis));
    if (seen && view.waiting > 0)
        age = oldest_age(redis, queue, &whole);
    json_object_set_new(row, "queue", json_string(queue));
    json_object_set_new(row, "state", json_string(door(ctx, &view, seen, why)));
    json_object_set_new(row, "open", seen ? json_boolean(view.open) : json_null());
    json_object_set_new(row, "paused", seen ? json_boolean(view.paused) : json_null());
    json_object_set_new(row, "refusing", survey->stored ? json_boolean(why != NULL) : json_null());
    json_object_set_new(row, "why", why ? json_string(why) : json_null());
    set_number(row, "waiting", seen, view.waiting);
    set_number(row, "running", seen, view.running);
    set_number(row, "delayed", seen, view.delayed);
    set_number(row, "parked", seen, view.parked);
    set_number(row, "buried", survey->stored, buried_of(survey, queue));
    set_number(row, "oldest_s", age >= 0, age);
    json_object_set_new(row, "oldest_whole", json_boolean(whole));
    set_number(row, "workers", seen, view.workers);
    set_number(row, "draining", seen, view.draining);
    json_object_set_new(row, "wake", seen ? json_boolean(view.wake) : json_null());
    return row;
}

/* Settings as the table has them, and who has heard of them. */
static void add_settings(const struct survey *survey, const char *queue, json_t *row)
{
    int said = survey->stored ? settings_row(&survey->said, queue) : -1;
    json_t *settings = said >= 0 ? json_loads(result_text(&survey->said, said, "settings"), 0, NULL) : NULL;
    json_t *kinds = json_array();

    for (int i = 0; i < result_rows(&survey->kinds); i++)
        if (!strcmp(result_text(&survey->kinds, i, "queue"), queue))
            json_array_append_new(kinds, json_string(result_text(&survey->kinds, i, "name")));
    json_object_set_new(row, "kinds", kinds);
    json_object_set_new(row, "settings", settings ? settings : survey->stored ? json_object() : json_null());
    set_number(row, "settings_version", said >= 0,
               said >= 0 ? strtoll(result_text(&survey->said, said, "version"), NULL, 10) : 0);
}

/* A row for each queue. */
static void survey_queues(struct survey *survey, bool settings)
{
    struct database *database = survey->operation->database;
    const char *queue, **queues = queue_names(survey->operation->ctx, database, NULL);

    survey->rows = json_array();
    survey->stored =
        database_run(database, &sql_queue_queue_list, NO_PARAMS, &survey->said) == 0 &&
        database_run(database, &sql_queue_buried_count, PARAMS({ "most", buried_max }), &survey->buried) == 0 &&
        database_run(database, &sql_queue_kind_queues, NO_PARAMS, &survey->kinds) == 0;
    for (; (queue = *queues); queues++) {
        json_t *row = queue_row(survey, queue);
        if (settings)
            add_settings(survey, queue, row);
        json_array_append_new(survey->rows, row);
    }
}

static const char *stored_error(const struct survey *survey)
{
    const struct result *results[] = { &survey->said, &survey->buried, &survey->kinds };
    size_t i = 0;

    while (i + 1 < ELEMENTS(results) && results[i]->error == E_NONE)
        i++;
    return results[i]->message;
}

/* Say what did not answer; the status that goes with it. */
static int survey_status(const struct survey *survey)
{
    int status = DONE;

    if (!survey->stored)
        status = complain("PostgreSQL", stored_error(survey), FAILED);
    if (survey->redis_error)
        status = complain("Redis", survey->redis_error, FAILED);
    return status;
}

/* ---- status ---- */

static const struct column status_columns[] = {
    { "queue", COLUMN_TEXT, NULL },       { "state", COLUMN_TEXT, NULL },     { "waiting", COLUMN_NUMBER, NULL },
    { "oldest_s", COLUMN_AGE, "oldest" }, { "running", COLUMN_NUMBER, NULL }, { "delayed", COLUMN_NUMBER, NULL },
    { "parked", COLUMN_NUMBER, NULL },    { "buried", COLUMN_NUMBER, NULL },  { "workers", COLUMN_NUMBER, NULL },
    { "draining", COLUMN_NUMBER, NULL },  { "why", COLUMN_TEXT, NULL },       { .name = NULL },
};
static const struct column leader_columns[] = {
    { "holder", COLUMN_TEXT, NULL },
    { "term", COLUMN_NUMBER, NULL },
    { "expires_at", COLUMN_TEXT, NULL },
    { .name = NULL },
};

static json_t *part(const char *error)
{
    return json_pack("{s:b, s:s?}", "ok", error == NULL, "error", error);
}

static json_t *leader_get(const struct survey *survey)
{
    autoresult struct result leader = { 0 };

    if (!survey->stored || database_run(survey->operation->database, &sql_queue_leader_get, NO_PARAMS, &leader) < 0 ||
        result_rows(&leader) == 0)
        return json_null();
    return table_row(&leader, 0, leader_columns);
}

static void print_parts(const struct survey *survey, const json_t *leader)
{
    long long buried = 0;

    printf("PostgreSQL  %s\n", survey->stored ? "answers" : "does not answer");
    printf("Redis       %s\n", survey->redis_error ? "does not answer" : "answers");
    if (json_is_object(leader))
        printf("scheduler   %s leads, term %lld\n\n", json_string_value(json_object_get(leader, "holder")),
               json_integer_value(json_object_get(leader, "term")));
    else
        printf("scheduler   %s\n\n", survey->stored ? "none leads" : "unknown");
    table_print(status_columns, survey->rows, false);
    for (int i = 0; i < result_rows(&survey->buried); i++)
        buried += strtoll(result_text(&survey->buried, i, "buried"), NULL, 10);
    if (buried >= BURIED_MAX)
        printf("\nburied: of the last %lld\n", buried);
}

int command_status(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = {
        "status",
        "",
        "Show whether PostgreSQL, Redis and a scheduler are there, and of each queue what waits, runs, is delayed, parked (at\n"
        "a cap or limit) and buried, how long the oldest has waited, and the workers heard of within 15 s. The exit status\n"
        "is 1 when a server does not answer.",
        options,
        0,
        0
    };
    autosurvey struct survey survey = { .operation = operation };
    json_auto_t *leader = NULL, *whole = NULL, *now = NULL;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    survey_queues(&survey, false);
    leader = leader_get(&survey);
    status = survey_status(&survey);
    if (!said.values[0]) {
        print_parts(&survey, leader);
        return status;
    }
    now = table_time(clock_wall_ms());
    whole = json_pack("{s:O, s:o, s:o, s:O, s:O}", "at", now, "postgresql",
                      part(survey.stored ? NULL : stored_error(&survey)), "redis", part(survey.redis_error),
                      "scheduler", leader, "queues", survey.rows);
    table_show(status_columns, whole, true);
    return status;
}

/* ---- queues ---- */

int command_queues(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = { "queues", "", "List the queues with their kinds and what was set for them.",
                                        options,  0,  0 };
    static const struct column columns[] = {
        { "queue", COLUMN_TEXT, NULL },
        { "state", COLUMN_TEXT, NULL },
        { "waiting", COLUMN_NUMBER, NULL },
        { "running", COLUMN_NUMBER, NULL },
        { "workers", COLUMN_NUMBER, NULL },
        { "settings", COLUMN_PAIRS, NULL },
        { .name = NULL },
    };
    autosurvey struct survey survey = { .operation = operation };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    survey_queues(&survey, true);
    status = survey_status(&survey);
    table_print(columns, survey.rows, said.values[0]);
    return status;
}

/* ---- workers ---- */

/* What a worker tells of itself, with where and when. */
static json_t *worker_row(const char *queue, const struct worker_view *worker)
{
    static const char *const told[] = { "version", "pid",  "slots",   "running", "done",
                                        "failed",  "up_s", "rss_kib", "stopping" };
    json_auto_t *information = json_loads(worker->information, 0, NULL);
    long long age = (clock_wall_ms() - worker->heard) / 1000;
    json_t *row = json_object();

    json_object_set_new(row, "worker", json_string(worker->name));
    json_object_set_new(row, "queue", json_string(queue));
    json_object_set_new(row, "heard_s", json_integer(age > 0 ? age : 0));
    json_object_set_new(row, "heard_at", table_time(worker->heard));
    json_object_set_new(row, "draining", json_boolean(worker->draining));
    for (size_t i = 0; i < ELEMENTS(told); i++) {
        json_t *value = json_object_get(information, told[i]);
        json_object_set(row, told[i], value ? value : json_null());
    }
    return row;
}

int command_workers(struct operation *operation)
{
    enum { QUEUE, JSON };
    static const struct option_row options[] = {
        [QUEUE] = { "Q", { .name = "--queue", .type = TEXT, .doc = "of this queue" } },
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = {
        "workers",
        "",
        "List the workers that were heard of within five minutes; each tells of itself every\n"
        "five seconds.",
        options,
        0,
        0
    };
    static const struct column columns[] = {
        { "worker", COLUMN_TEXT, NULL },   { "queue", COLUMN_TEXT, NULL },     { "heard_s", COLUMN_AGE, "heard" },
        { "slots", COLUMN_NUMBER, NULL },  { "running", COLUMN_NUMBER, NULL }, { "done", COLUMN_NUMBER, NULL },
        { "failed", COLUMN_NUMBER, NULL }, { "up_s", COLUMN_AGE, "up" },       { "rss_kib", COLUMN_NUMBER, "KiB" },
        { "draining", COLUMN_FLAG, NULL }, { "stopping", COLUMN_FLAG, NULL },  { .name = NULL },
    };
    struct verdict known = { .error = E_NONE };
    json_auto_t *rows = json_array();
    const char *queue, **queues;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (said.values[QUEUE])
        known = queue_known(operation->database, said.values[QUEUE]);
    if (known.error != E_NONE)
        return complain(said.values[QUEUE], known.said, status_of(known.error));
    queues = queue_names(operation->ctx, operation->database, NULL);
    status = DONE;
    for (; (queue = *queues); queues++) {
        struct redis *redis = queue_redis_get(operation->redis, queue);
        struct worker_view *workers;
        size_t n = 0;

        if (said.values[QUEUE] && strcmp(said.values[QUEUE], queue) != 0)
            continue;
        if (queue_workers(redis, operation->ctx, queue, &workers, &n) < 0 && status == DONE)
            status = complain("Redis", redis_error(redis), FAILED);
        for (size_t k = 0; k < n; k++)
            json_array_append_new(rows, worker_row(queue, &workers[k]));
    }
    table_print(columns, rows, said.values[JSON]);
    return status;
}
