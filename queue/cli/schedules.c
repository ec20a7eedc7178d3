/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recurring jobs, for the operator. */
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/command.h"
#include "queue/job.h"
#include "sql.h"
#include <pwd.h>
#include <unistd.h>

/* ---- words ---- */

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "millrace: %s: %s\n", what, why);
    return status;
}

static const char *operator_name(void)
{
    const struct passwd *who = getpwuid(getuid());
    return who ? who->pw_name : "operator";
}

static const struct field name_field = { .name = "NAME", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64 };

enum { KIND, CRON, ZONE, ARGS, PRODUCT, TENANT, PRIORITY, CATCH_UP, ADD_OPTIONS };
static const struct field add_options[] = {
    [KIND] = { .name = "--kind", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64 },
    [CRON] = { .name = "--cron", .type = TEXT, .flags = REQUIRED },
    [ZONE] = { .name = "--zone", .type = TEXT, .standard = "UTC" },
    [ARGS] = { .name = "--args", .type = TEXT, .standard = "{}" },
    [PRODUCT] = { .name = "--product", .type = TEXT, .standard = "" },
    [TENANT] = { .name = "--tenant", .type = TEXT },
    [PRIORITY] = { .name = "--priority", .type = INTEGER, .max = 3, .standard = "2" },
    [CATCH_UP] = { .name = "--catch-up", .type = INTEGER, .max = 60, .standard = "1" },
    { .name = NULL },
};

enum { NEXT_ZONE, COUNT, NEXT_OPTIONS };
static const struct field next_options[] = {
    [NEXT_ZONE] = { .name = "--zone", .type = TEXT, .standard = "UTC" },
    [COUNT] = { .name = "--count", .type = INTEGER, .min = 1, .max = 1000, .standard = "5" },
    { .name = NULL },
};

static bool read_word(void *ctx, const struct field *field, const char *word, const char **ret)
{
    struct field_errors errors = { 0 };

    if (field_check_text(ctx, field, field->name, word, &errors, ret))
        return true;
    complain(errors.list[0].field, errors.list[0].message, USAGE);
    return false;
}

/* Options and their values, each checked against its row, into values; those that are missing have their standard. */
static bool read_options(void *ctx, const struct field *options, char **words, const char **values)
{
    for (; *words; words += 2) {
        size_t i = 0;
        while (options[i].name && strcmp(options[i].name, *words) != 0)
            i++;
        if (!options[i].name || !words[1] || values[i]) {
            complain(*words,
                     !options[i].name ? "there is no such option"
                     : !words[1]      ? "lacks a value"
                                      : "is there twice",
                     USAGE);
            return false;
        }
        values[i] = words[1];
    }
    for (size_t i = 0; options[i].name; i++)
        if (!read_word(ctx, &options[i], values[i], &values[i]))
            return false;
    return true;
}

static int refused(const char *what, const struct result *result)
{
    static const int statuses[E_COUNT] = { [E_NOT_FOUND] = NOT_THERE, [E_CONFLICT] = NOT_NOW };
    return complain(what, result->message, statuses[result->error] ? statuses[result->error] : FAILED);
}

/* ---- the list ---- */

static const char *const columns[] = { "name", "kind", "expression", "zone", "next", "last", "enabled", "error" };

static const char *shown(const struct result *list, int row, size_t column)
{
    const char *text = row < 0 ? columns[column] : result_text(list, row, columns[column]);

    if (row >= 0 && text && !strcmp(columns[column], "enabled"))
        return *text == 't' ? "yes" : "no";
    return text ? text : "-";
}

/* The last column is as wide as it likes. */
static void print_table(const struct result *list)
{
    int widths[ELEMENTS(columns)] = { 0 };

    for (size_t i = 0; i + 1 < ELEMENTS(columns); i++)
        for (int row = -1; row < result_rows(list); row++)
            if ((int)strlen(shown(list, row, i)) > widths[i])
                widths[i] = (int)strlen(shown(list, row, i));
    for (int row = -1; row < result_rows(list); row++)
        for (size_t i = 0; i < ELEMENTS(columns); i++)
            printf("%-*s%s", widths[i], shown(list, row, i), i + 1 < ELEMENTS(columns) ? "  " : "\n");
}

int command_schedules(struct operation *operation)
{
    autoresult struct result list = { 0 };
    const char *option = operation->words[0];

    if (option && (strcmp(option, "--json") != 0 || operation->words[1]))
        return complain(option, "there is no such option", USAGE);
    if (database_run(operation->database, &sql_queue_schedule_list, NO_PARAMS, &list) < 0)
        return refused("PostgreSQL", &list);
    if (!option)
        print_table(&list);
    for (int row = 0; option && row < result_rows(&list); row++)
        puts(result_text(&list, row, "whole"));
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
        complain("--args", why, FAILED);
        return false;
    }
    if (field_check_object(ctx, kind->in, args, &errors, ignore_value, NULL))
        return true;
    complain(FORMAT(ctx, "--args: %s", errors.list[0].field), errors.list[0].message, FAILED);
    return false;
}

static int add(struct operation *operation, const char *name, char **words)
{
    autoresult struct result made = { 0 };
    const char *values[ADD_OPTIONS] = { NULL };
    const struct job_kind *kind;

    if (!read_options(operation->ctx, add_options, words, values))
        return USAGE;
    kind = job_kind_find(values[KIND]);
    if (!kind)
        return complain(values[KIND], "there is no such kind", NOT_THERE);
    if (!args_hold(operation->ctx, kind, values[ARGS]))
        return FAILED;
    if (database_run(operation->database, &sql_queue_schedule_add,
                     PARAMS({ "who", operator_name() }, { "name", name }, { "kind", kind->name },
                            { "expression", values[CRON] }, { "zone", values[ZONE] }, { "args", values[ARGS] },
                            { "product", values[PRODUCT] }, { "tenant", values[TENANT] },
                            { "priority", values[PRIORITY] }, { "catch_up", values[CATCH_UP] }),
                     &made) < 0)
        return refused(name, &made);
    printf("%s is added; its first tick is %s\n", name, result_text(&made, 0, "next"));
    return DONE;
}

static int drop(struct operation *operation, const char *name, char **words)
{
    autoresult struct result result = { 0 };

    if (!read_options(operation->ctx, &(struct field){ .name = NULL }, words, NULL))
        return USAGE;
    if (database_run(operation->database, &sql_queue_schedule_remove,
                     PARAMS({ "who", operator_name() }, { "name", name }), &result) < 0)
        return refused(name, &result);
    printf("%s is removed; jobs that it has put stay\n", name);
    return DONE;
}

static int set_enabled(struct operation *operation, const char *name, char **words, const char *enabled)
{
    autoresult struct result result = { 0 };

    if (!read_options(operation->ctx, &(struct field){ .name = NULL }, words, NULL))
        return USAGE;
    if (database_run(operation->database, &sql_queue_schedule_enable,
                     PARAMS({ "who", operator_name() }, { "name", name }, { "enabled", enabled }), &result) < 0)
        return refused(name, &result);
    printf("%s is %s\n", name, *enabled == 't' ? "enabled" : "disabled");
    return DONE;
}

static int enable(struct operation *operation, const char *name, char **words)
{
    return set_enabled(operation, name, words, "true");
}

static int disable(struct operation *operation, const char *name, char **words)
{
    return set_enabled(operation, name, words, "false");
}

static int next(struct operation *operation, const char *expression, char **words)
{
    autoresult struct result ticks = { 0 };
    const char *values[NEXT_OPTIONS] = { NULL };

    if (!read_options(operation->ctx, next_options, words, values))
        return USAGE;
    if (database_run(operation->database, &sql_queue_cron_ticks,
                     PARAMS({ "expression", expression }, { "zone", values[NEXT_ZONE] }, { "count", values[COUNT] }),
                     &ticks) < 0)
        return refused("schedule next", &ticks);
    for (int i = 0; i < result_rows(&ticks); i++)
        printf("%s  %s  %s\n", result_text(&ticks, i, "shown"), result_text(&ticks, i, "zone"),
               result_text(&ticks, i, "utc"));
    return DONE;
}

static const struct {
    const char *name;
    int (*run)(struct operation *operation, const char *subject, char **words);
    const char *usage;
} actions[] = {
    { "add", add,
      "NAME --kind K --cron EXPR [--zone Z] [--args JSON] [--product P] [--tenant T]\n"
      "                                 [--priority 0-3] [--catch-up N]" },
    { "remove", drop, "NAME" },
    { "enable", enable, "NAME" },
    { "disable", disable, "NAME" },
    { "next", next, "EXPR [--zone Z] [--count N]" },
};

int command_schedule(struct operation *operation)
{
    char **words = operation->words;
    const char *subject;

    for (size_t i = 0; i < ELEMENTS(actions) && words[0] && words[1]; i++)
        if (!strcmp(words[0], actions[i].name)) {
            if (actions[i].run != next && !read_word(operation->ctx, &name_field, words[1], &subject))
                return USAGE;
            return actions[i].run(operation, words[1], words + 2);
        }
    for (size_t i = 0; i < ELEMENTS(actions); i++)
        fprintf(stderr, "%s millrace schedule %-7s %s\n", i ? "      " : "Usage:", actions[i].name, actions[i].usage);
    return USAGE;
}
