/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/doctor.h"
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "sql.h"
#include <stdarg.h>

enum need { NOTHING, DATABASE = 1, REDIS = 2, BOTH = 3 };

static const struct {
    const char *name;
    void (*run)(struct doctor *doctor);
    enum need need;
    const char *well;
} checks[] = {
    { "configuration", check_configuration, NOTHING, "what must be set is set" },
    { "folders", check_folders, NOTHING, "they are there, and on one file system" },
    { "bucket", check_bucket, NOTHING, "files are not in one, or it takes them and gives them back" },
    { "postgresql", check_postgresql, NOTHING, "it answers, and keeps what it has committed" },
    { "schema", check_schema, DATABASE, "it is complete, and the newest" },
    { "weeks", check_weeks, DATABASE, "they are made ahead, and all jobs lie in theirs" },
    { "redis", check_redis, NOTHING, "it answers, and forgets nothing by itself" },
    { "clocks", check_clocks, BOTH, "they agree" },
    { "scheduler", check_scheduler, DATABASE, "one leads" },
    { "queues", check_queues, BOTH, "they are open" },
    { "settings", check_settings, BOTH, "Redis has the newest, and they let jobs run" },
    { "unknown", check_unknown, BOTH, "Redis knows all open jobs" },
    { "ended", check_ended, BOTH, "Redis knows no job that has ended" },
    { "lists", check_lists, BOTH, "each job that waits is in a list that somebody looks at" },
    { "leases", check_leases, BOTH, "who runs what is said once" },
    { "running", check_running, BOTH, "what is counted as running runs" },
    { "parked", check_parked, BOTH, "who is parked will be looked at again" },
};

static const char *const healths[] = { [WELL] = "ok", [MENDED] = "mended", [WARNING] = "warning", [BAD] = "bad" };

void doctor_say(struct doctor *doctor, enum health health, const char *format, ...)
{
    void *ctx = doctor->operation->ctx;
    va_list arguments;

    if (doctor->count % 16 == 0)
        doctor->findings = memory_check(talloc_realloc(ctx, doctor->findings, struct finding, doctor->count + 16));
    va_start(arguments, format);
    doctor->findings[doctor->count++] =
        (struct finding){ doctor->check, health, memory_check(talloc_vasprintf(ctx, format, arguments)) };
    va_end(arguments);
}

/* A repair is an operator's deed, and is written down as one. */
static void audit(struct doctor *doctor, const char *queue, size_t n, const char *example)
{
    autoresult struct result result = { 0 };
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *details =
        memory_check(json_pack("{s:s, s:I, s:s}", "check", doctor->check, "count", (json_int_t)n, "example", example));

    if (database_run(doctor->operation->database, &sql_queue_command_audit,
                     PARAMS({ "who", arguments_who(ctx) }, { "action", "repair" }, { "target", queue },
                            { "details", json_text(ctx, details) }),
                     &result) < 0)
        doctor_say(doctor, WARNING, "the repair could not be written down: %s", result.message);
}

void doctor_turn(struct doctor *doctor, size_t i)
{
    doctor->redis = queue_redis_get(doctor->operation->redis, doctor->gauges.list[i].queue);
}

void doctor_count(struct doctor *doctor, const char *queue, size_t n, const char *example, const char *what)
{
    if (n == 0)
        return;
    if (doctor->repair)
        audit(doctor, queue, n, example);
    doctor_say(doctor, doctor->repair ? MENDED : BAD, "%s: %zu %s (%s)%s", queue, n, what, example,
               doctor->repair ? "" : "; --repair mends it");
}

/* ---- what is printed ---- */

static void print_json(const struct doctor *doctor)
{
    static const struct column columns[] = {
        { "check", COLUMN_TEXT, NULL },
        { "state", COLUMN_TEXT, NULL },
        { "text", COLUMN_TEXT, NULL },
        { .name = NULL },
    };
    json_auto_t *list = memory_check(json_array());

    for (size_t i = 0; i < doctor->count; i++) {
        const struct finding *finding = &doctor->findings[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "check", finding->check, "state",
                                              healths[finding->health], "text", finding->text));
    }
    table_print(columns, list, true);
}

static void print_table(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        printf("%-8s %-14s %s\n", healths[doctor->findings[i].health], doctor->findings[i].check,
               doctor->findings[i].text);
}

static void run_checks(struct doctor *doctor)
{
    for (size_t i = 0; i < ELEMENTS(checks); i++) {
        bool database = checks[i].need & DATABASE && !doctor->gauges.database;
        size_t before = doctor->count;

        doctor->check = checks[i].name;
        if (database || (checks[i].need & REDIS && !doctor->gauges.redis))
            doctor_say(doctor, WARNING, "could not be looked at: %s",
                       database ? "PostgreSQL is not ready" : "Redis is not ready");
        else
            checks[i].run(doctor);
        if (doctor->count == before)
            doctor_say(doctor, WELL, "%s", checks[i].well);
    }
}

int command_doctor(struct operation *operation)
{
    enum { REPAIR, JSON };
    static const struct option_row options[] = {
        [REPAIR] = { NULL, { .name = "--repair", .type = BOOLEAN, .doc = "mend what can be mended" } },
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = {
        "doctor",
        "",
        "Look for what is wrong with the configuration, PostgreSQL, Redis and all queues: a line a check,\n"
        "with what to do. The exit status is 1 when something is bad.",
        options,
        0,
        0
    };
    struct doctor doctor = { .operation = operation };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    status = DONE;
    doctor.repair = said.values[REPAIR] != NULL;
    gauges_read(operation->ctx, operation->database, operation->redis, &doctor.gauges);
    run_checks(&doctor);
    if (said.values[JSON])
        print_json(&doctor);
    else
        print_table(&doctor);
    for (size_t i = 0; i < doctor.count; i++)
        if (doctor.findings[i].health == BAD)
            status = FAILED;
    return status;
}
