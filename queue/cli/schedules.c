/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recurring jobs, for the operator. */
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/options.h"
#include "queue/cli/products.h"
#include "queue/cli/table.h"
#include "queue/job.h"
#include "sql.h"

/* ---- words ---- */

enum { KIND, CRON, ZONE, ARGS, PRODUCT, TENANT, PRIORITY, CATCH_UP };
static const struct option_row add_options[] = {
    [KIND] = { "K", { .name = "--kind", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64, .doc = "of the jobs" } },
    [CRON] = { "EXPR", { .name = "--cron", .type = TEXT, .flags = REQUIRED, .doc = "when, such as \"30 2 * * *\"" } },
    [ZONE] = { "Z",
               { .name = "--zone", .type = TEXT, .standard = "UTC", .doc = "by the clocks of this time zone (UTC)" } },
    [ARGS] = { "JSON",
               { .name = "--args", .type = TEXT, .standard = "{}", .doc = "what the jobs are given, an object" } },
    [PRODUCT] = { "P",
                  { .name = "--product",
                    .type = ENUM,
                    .values = product_names,
                    .standard = "",
                    .doc = "whose the jobs are" } },
    [TENANT] = { "T", { .name = "--tenant", .type = TEXT, .doc = "whose turn they take (the product's)" } },
    [PRIORITY] = { "0-3",
                   { .name = "--priority", .type = INTEGER, .max = 3, .standard = "2", .doc = "0 is urgent (2)" } },
    [CATCH_UP] = { "N",
                   { .name = "--catch-up",
                     .type = INTEGER,
                     .max = 60,
                     .standard = "1",
                     .doc = "missed ticks that are made up for (1)" } },
    OPTIONS_END,
};

enum { NEXT_ZONE, COUNT };
static const struct option_row next_options[] = {
    [NEXT_ZONE] = { "Z",
                    { .name = "--zone",
                      .type = TEXT,
                      .standard = "UTC",
                      .doc = "by the clocks of this time zone (UTC)" } },
    [COUNT] = { "N",
                { .name = "--count", .type = INTEGER, .min = 1, .max = 1000, .standard = "5", .doc = "how many (5)" } },
    OPTIONS_END,
};

static const struct option_row no_options[] = { OPTIONS_END };

/* A schedule's name. */
static bool name_holds(void *ctx, const char *name)
{
    const struct field field = { .name = "NAME", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64 };
    struct field_errors errors = { 0 };
    const char *ignored;

    if (field_check_text(ctx, &field, field.name, name, &errors, &ignored))
        return true;
    complain(errors.list[0].field, errors.list[0].message, USAGE);
    return false;
}

/* ---- the list ---- */

int command_schedules(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = { "schedules", "", "List the recurring jobs.", options, 0, 0 };
    static const struct column columns[] = {
        { "name", COLUMN_TEXT, NULL },    { "kind", COLUMN_TEXT, NULL },  { "expression", COLUMN_TEXT, NULL },
        { "zone", COLUMN_TEXT, NULL },    { "next", COLUMN_TEXT, NULL },  { "last", COLUMN_TEXT, NULL },
        { "enabled", COLUMN_FLAG, NULL }, { "error", COLUMN_TEXT, NULL }, { .name = NULL },
    };
    static const struct column whole = { "whole", COLUMN_JSON, NULL };
    autoresult struct result list = { 0 };
    json_auto_t *rows = json_array();
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (database_run(operation->database, &sql_queue_schedule_list, NO_PARAMS, &list) < 0)
        return complain_of("PostgreSQL", &list);
    for (int row = 0; row < result_rows(&list); row++)
        json_array_append_new(rows, table_value(&list, row, &whole));
    table_print(columns, rows, said.values[0]);
    return DONE;
}

/* ---- changing it ---- */

static void ignore_value(void *closure, const char *name, const char *text)
{
    (void)closure;
    (void)name;
    (void)text;
}

/* Whether arguments are those of the kind, so that no worker finds at each tick that they are not. */
static bool args_hold(void *ctx, const struct job_kind *kind, const char *text)
{
    struct field_errors errors = { 0 };
    json_auto_t *args = NULL;
    const char *why = "is not an object";

    if (json_parse_strict(ctx, text, strlen(text), &args, &why) < 0 || !json_is_object(args)) {
        complain("--args", why, USAGE);
        return false;
    }
    if (field_check_object(ctx, kind->in, args, &errors, ignore_value, NULL))
        return true;
    complain(FORMAT(ctx, "--args: %s", errors.list[0].field), errors.list[0].message, USAGE);
    return false;
}

static int add(struct operation *operation, const char *name, const char *const *values)
{
    autoresult struct result made = { 0 };
    const struct job_kind *kind = job_kind_find(values[KIND]);

    if (!kind)
        return complain(values[KIND], "there is no such kind", NOT_THERE);
    if (!args_hold(operation->ctx, kind, values[ARGS]))
        return USAGE;
    if (database_run(operation->database, &sql_queue_schedule_add,
                     PARAMS({ "who", operator_name() }, { "name", name }, { "kind", kind->name },
                            { "expression", values[CRON] }, { "zone", values[ZONE] }, { "args", values[ARGS] },
                            { "product", values[PRODUCT] }, { "tenant", values[TENANT] },
                            { "priority", values[PRIORITY] }, { "catch_up", values[CATCH_UP] }),
                     &made) < 0)
        return complain_of(name, &made);
    printf("%s is added; its first tick is %s\n", name, result_text(&made, 0, "next"));
    return DONE;
}

static int drop(struct operation *operation, const char *name, const char *const *values)
{
    autoresult struct result result = { 0 };

    (void)values;
    if (database_run(operation->database, &sql_queue_schedule_remove,
                     PARAMS({ "who", operator_name() }, { "name", name }), &result) < 0)
        return complain_of(name, &result);
    printf("%s is removed; jobs that it has put stay\n", name);
    return DONE;
}

static int set_enabled(struct operation *operation, const char *name, const char *enabled)
{
    autoresult struct result result = { 0 };

    if (database_run(operation->database, &sql_queue_schedule_enable,
                     PARAMS({ "who", operator_name() }, { "name", name }, { "enabled", enabled }), &result) < 0)
        return complain_of(name, &result);
    printf("%s is %s\n", name, *enabled == 't' ? "enabled" : "disabled");
    return DONE;
}

static int enable(struct operation *operation, const char *name, const char *const *values)
{
    (void)values;
    return set_enabled(operation, name, "true");
}

static int disable(struct operation *operation, const char *name, const char *const *values)
{
    (void)values;
    return set_enabled(operation, name, "false");
}

static int next(struct operation *operation, const char *expression, const char *const *values)
{
    autoresult struct result ticks = { 0 };

    if (database_run(operation->database, &sql_queue_cron_ticks,
                     PARAMS({ "expression", expression }, { "zone", values[NEXT_ZONE] }, { "count", values[COUNT] }),
                     &ticks) < 0)
        return complain_of("schedule next", &ticks);
    for (int i = 0; i < result_rows(&ticks); i++)
        printf("%s  %s  %s\n", result_text(&ticks, i, "shown"), result_text(&ticks, i, "zone"),
               result_text(&ticks, i, "utc"));
    return DONE;
}

static const struct {
    int (*run)(struct operation *operation, const char *subject, const char *const *values);
    struct guide guide;
} actions[] = {
    { add, { "schedule add", "NAME", "Put jobs again and again.", add_options, 1, 1 } },
    { drop, { "schedule remove", "NAME", "End a recurring job; jobs that it has put stay.", no_options, 1, 1 } },
    { enable, { "schedule enable", "NAME", "Let a recurring job go on, from now.", no_options, 1, 1 } },
    { disable, { "schedule disable", "NAME", "Let a recurring job rest.", no_options, 1, 1 } },
    { next, { "schedule next", "EXPR", "Tell the next ticks of an expression.", next_options, 1, 1 } },
};

int command_schedule(struct operation *operation)
{
    char **words = operation->words;
    bool help = words[0] && !strcmp(words[0], "--help");
    struct said said;
    int status;

    for (size_t i = 0; i < ELEMENTS(actions) && words[0]; i++)
        if (!strcmp(words[0], actions[i].guide.name + strlen("schedule "))) {
            if (!options_read(operation->ctx, &actions[i].guide, words + 1, &said, &status))
                return status;
            if (actions[i].run != next && !name_holds(operation->ctx, said.words[0]))
                return USAGE;
            return actions[i].run(operation, said.words[0], said.values);
        }
    if (words[0] && !help)
        complain(words[0], "there is no such action", USAGE);
    for (size_t i = 0; i < ELEMENTS(actions); i++)
        fprintf(help ? stdout : stderr, "%s millrace %-16s %s\n", i ? "      " : "Usage:", actions[i].guide.name,
                actions[i].guide.words);
    return help ? DONE : USAGE;
}
