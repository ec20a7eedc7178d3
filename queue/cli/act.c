/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do (queue/operate.h), as commands. */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/jobs.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "queue/operate.h"
#include "queue/queue_names.h"
#include "queue/queue_redis.h"
#include "queue/settings.h"
#include "queue/view.h"
#include "sql.h"

static const struct option_row no_options[] = { OPTIONS_END };

static struct actor actor_of(const struct operation *operation)
{
    return (struct actor){ .database = operation->database, .redis = operation->redis, .who = operator_name() };
}

/* Print what came of it; its exit status. */
static int tell(const char *what, struct verdict verdict)
{
    if (verdict.error != E_NONE)
        return complain(what, verdict.said, status_of(verdict.error));
    printf("%s %s\n", what, verdict.said);
    return DONE;
}

/* ---- jobs ---- */

typedef struct verdict job_act(const struct actor *actor, const char *id);

/* Each of these jobs; the status is that of the first that could not be done. */
static int each_word(struct operation *operation, const char *const *ids, job_act *act)
{
    struct actor actor = actor_of(operation);
    int first = DONE;

    for (; *ids; ids++) {
        int status = tell(*ids, act(&actor, *ids));
        if (first == DONE)
            first = status;
    }
    return first;
}

/* Each of the jobs that fit, the first put first. */
static int each_fitting(struct operation *operation, const struct job_filter *filter, job_act *act)
{
    json_auto_t *rows = NULL;
    int status = filter_check(operation, filter);
    const char **ids;
    size_t n;

    if (status == DONE)
        status = jobs_list(operation, filter, &rows);
    if (status != DONE)
        return status;
    n = json_array_size(rows);
    ids = memory_check(talloc_zero_array(operation->ctx, const char *, n + 1));
    for (size_t i = 0; i < n; i++) /* the last put comes first there */
        ids[n - 1 - i] = json_string_value(json_object_get(json_array_get(rows, i), "id"));
    if (n == 0)
        printf("no %s job fits\n", filter->state);
    return each_word(operation, ids, act);
}

int command_cancel(struct operation *operation)
{
    enum { QUEUE, KIND, TENANT, STATE, LIMIT };
    static const char *const states[] = { "waiting", "ready", "delayed", "running", NULL };
    static const struct option_row options[] = {
        [QUEUE] = { "Q", { .name = "--queue", .type = TEXT, .doc = "all open jobs of this queue" } },
        [KIND] = { "K", { .name = "--kind", .type = TEXT, .doc = "all open jobs of this kind" } },
        [TENANT] = { "T", { .name = "--tenant", .type = TEXT, .doc = "of them, those of this tenant" } },
        [STATE] = { "S",
                    { .name = "--state",
                      .type = ENUM,
                      .values = states,
                      .doc = "of them, those that are waiting (or ready), delayed or running" } },
        [LIMIT] = OPTION_LIMIT("100", "of all, the last so many"),
        OPTIONS_END,
    };
    static const struct guide guide = {
        "cancel",
        "[ID...]",
        "End jobs that wait; ask the workers of those that run to stop them. By --queue and --kind\n"
        "those that are open. The exit status is that of the first job that cannot be cancelled:\n"
        "3 there is none, 4 it has ended.",
        options,
        0,
        -1
    };
    struct said said;
    const char **values = said.values;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (said.count > 0 ? values[QUEUE] || values[KIND] || values[TENANT] || values[STATE]
                       : !values[QUEUE] && !values[KIND])
        return complain("cancel", "name jobs, or else a queue or a kind", USAGE);
    if (said.count > 0)
        return each_word(operation, said.words, operate_cancel);
    return each_fitting(operation,
                        &(struct job_filter){ .queue = values[QUEUE],
                                              .kind = values[KIND],
                                              .tenant = values[TENANT],
                                              .state = values[STATE] ? values[STATE] : "open",
                                              .older = -1,
                                              .newer = -1,
                                              .limit = strtoll(values[LIMIT], NULL, 10) },
                        operate_cancel);
}

int command_kick(struct operation *operation)
{
    enum { QUEUE, KIND, LIMIT };
    static const struct option_row options[] = {
        [QUEUE] = { "Q", { .name = "--queue", .type = TEXT, .doc = "all buried jobs of this queue" } },
        [KIND] = { "K", { .name = "--kind", .type = TEXT, .doc = "all buried jobs of this kind" } },
        [LIMIT] = OPTION_LIMIT("100", "of all, the last so many"),
        OPTIONS_END,
    };
    static const struct guide guide = {
        "kick",
        "[ID...]",
        "Put jobs again that were buried or cancelled, with all their tries, or by --queue and\n"
        "--kind the buried ones. The exit status is that of the first job that cannot be kicked:\n"
        "3 there is none, 4 it has not ended so, or what its end has done cannot be undone.",
        options,
        0,
        -1
    };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if ((said.count > 0) == (said.values[QUEUE] || said.values[KIND]))
        return complain("kick", "name jobs, or else a queue or a kind", USAGE);
    if (said.count > 0)
        return each_word(operation, said.words, operate_kick);
    return each_fitting(operation,
                        &(struct job_filter){ .queue = said.values[QUEUE],
                                              .kind = said.values[KIND],
                                              .state = "buried",
                                              .older = -1,
                                              .newer = -1,
                                              .limit = strtoll(said.values[LIMIT], NULL, 10) },
                        operate_kick);
}

/* ---- queues ---- */

static int pause_or_resume(struct operation *operation, const struct guide *guide, const char *value, const char *done)
{
    struct actor actor = actor_of(operation);
    struct verdict verdict;
    struct said said;
    int status;

    if (!options_read(operation->ctx, guide, operation->words, &said, &status))
        return status;
    verdict = operate_set(&actor, said.words[0], "paused", value);
    if (verdict.error != E_NONE)
        return tell(said.words[0], verdict);
    printf("%s %s%s\n", said.words[0], done, strchr(verdict.said, ';') ? strchr(verdict.said, ';') : "");
    return DONE;
}

int command_pause(struct operation *operation)
{
    static const struct guide guide = {
        "pause", "QUEUE", "Let no more jobs of a queue begin. What runs goes on, and jobs can be put.", no_options, 1, 1
    };
    return pause_or_resume(operation, &guide, "1", "is paused");
}

int command_resume(struct operation *operation)
{
    static const struct guide guide = { "resume", "QUEUE", "Let jobs of a queue begin again.", no_options, 1, 1 };
    return pause_or_resume(operation, &guide, NULL, "is not paused");
}

static const struct column setting_columns[] = {
    { "name", COLUMN_TEXT, NULL },
    { "value", COLUMN_TEXT, NULL },
    { .name = NULL },
};

static int list_settings(struct operation *operation, const char *queue, bool json)
{
    autoresult struct result list = { 0 };
    json_auto_t *settings = NULL, *rows = json_array();
    struct verdict known = queue_known(operation->database, queue);
    const char *name;
    json_t *value;
    int row;

    if (known.error != E_NONE)
        return tell(queue, known);
    if (database_run(operation->database, &sql_queue_queue_list, NO_PARAMS, &list) < 0)
        return complain_of("PostgreSQL", &list);
    row = settings_row(&list, queue);
    settings = row < 0 ? json_object() : json_loads(result_text(&list, row, "settings"), 0, NULL);
    json_object_foreach(settings, name, value)
        json_array_append_new(rows, json_pack("{s:s, s:O}", "name", name, "value", value));
    table_print(setting_columns, rows, json);
    return DONE;
}

int command_set(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = {
        "set",
        "QUEUE [NAME [VALUE]]",
        "Change what goes for a queue; without VALUE back to what goes when nothing is said; without NAME list it.\n"
        "\n"
        "  cap               how many jobs may run at once; cap.tenant, cap.key: of each tenant, of each key (1 of a key\n"
        "                    when nothing is said); cap.tenant:NAME, cap.kind:NAME, cap.key:NAME: of that one\n"
        "  rate              units a second and how many at once, \"10|20\"; rate.tenant, rate.tenant:NAME, rate.kind:NAME\n"
        "  weight:TENANT     the tenant's share, 1 when nothing is said\n"
        "  level.1 to .3     the shares of priorities: 6, 3, 1; age: seconds of waiting that double one (60), 0: never\n"
        "  limiter           the limiter that the queue shares with others (millrace limiter)\n"
        "  backlog           how many jobs may be open before no more can be put\n"
        "  paused            1: no job begins (millrace pause)",
        options,
        1,
        3
    };
    struct actor actor = actor_of(operation);
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (said.count == 1)
        return list_settings(operation, said.words[0], said.values[0]);
    return tell(said.words[0], operate_set(&actor, said.words[0], said.words[1], said.words[2]));
}

static const struct column limiter_columns[] = {
    { "name", COLUMN_TEXT, NULL },
    { "rate", COLUMN_TEXT, NULL },
    { "burst", COLUMN_NUMBER, NULL },
    { .name = NULL },
};

static int list_limiters(struct operation *operation, bool json)
{
    autoresult struct result list = { 0 };
    json_auto_t *rows = NULL;

    if (database_run(operation->database, &sql_queue_limiter_list, NO_PARAMS, &list) < 0)
        return complain_of("PostgreSQL", &list);
    rows = table_from(&list, limiter_columns);
    table_print(limiter_columns, rows, json);
    return DONE;
}

int command_limiter(struct operation *operation)
{
    enum { REMOVE, JSON };
    static const struct option_row options[] = {
        [REMOVE] = { NULL, { .name = "--remove", .type = BOOLEAN, .doc = "let there be no limit of that name" } },
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = {
        "limiter",
        "[NAME RATE BURST | NAME --remove]",
        "Change a rate that queues share: RATE units a second, BURST at once. Queues share it\n"
        "that have it as their setting limiter. Without NAME list all.",
        options,
        0,
        3
    };
    struct actor actor = actor_of(operation);
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (said.count == 0 && !said.values[REMOVE])
        return list_limiters(operation, said.values[JSON]);
    if (said.count != (said.values[REMOVE] ? 1 : 3))
        return complain("limiter", "takes NAME RATE BURST, or NAME --remove", USAGE);
    return tell(said.words[0], operate_limiter(&actor, said.words[0], said.words[1], said.words[2]));
}

/* ---- workers ---- */

/* Names of a queue's workers; of only, when it is not NULL. -1: its Redis does not answer. */
static int names_of(struct operation *operation, const char *queue, const char *only, const char ***ret)
{
    struct redis *redis = queue_redis_get(operation->redis, queue);
    struct worker_view *workers;
    const char **names;
    size_t count, n = 0;

    if (queue_workers(redis, operation->ctx, queue, &workers, &count) < 0)
        return complain("Redis", redis_error(redis), -1);
    names = memory_check(talloc_array(operation->ctx, const char *, count + 1));
    for (size_t i = 0; i < count; i++)
        if (!only || !strcmp(only, workers[i].name))
            names[n++] = workers[i].name;
    *ret = names;
    return (int)n;
}

static int drain_worker(struct operation *operation, const char *worker)
{
    struct actor actor = actor_of(operation);
    const char *queue, **names, **queues = queue_names(operation->ctx, operation->database, NULL);
    bool away = false;

    for (; (queue = *queues); queues++) {
        int n = names_of(operation, queue, worker, &names);
        if (n > 0)
            return tell(queue, operate_drain(&actor, queue, names, (size_t)n));
        away = away || n < 0;
    }
    return away ? FAILED : complain(worker, "there is no such worker", NOT_THERE);
}

int command_drain(struct operation *operation)
{
    static const struct option_row options[] = {
        { "Q", { .name = "--queue", .type = TEXT, .doc = "all workers of this queue" } },
        OPTIONS_END,
    };
    static const struct guide guide = {
        "drain",
        "[WORKER]",
        "Ask a worker (millrace workers has their names) to end once its jobs have. It hears\n"
        "of it within five seconds and takes no more jobs. Whoever started it starts it anew.",
        options,
        0,
        1
    };
    struct actor actor = actor_of(operation);
    struct verdict known;
    const char **names;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if ((said.count > 0) == (said.values[0] != NULL))
        return complain("drain", "name a worker, or else a queue", USAGE);
    if (said.count)
        return drain_worker(operation, said.words[0]);
    known = queue_known(operation->database, said.values[0]);
    if (known.error != E_NONE)
        return tell(said.values[0], known);
    status = names_of(operation, said.values[0], NULL, &names);
    if (status < 0)
        return FAILED;
    if (status == 0)
        return complain(said.values[0], "has no workers", NOT_THERE);
    return tell(said.values[0], operate_drain(&actor, said.values[0], names, (size_t)status));
}

/* ---- what was done ---- */

int command_audit(struct operation *operation)
{
    enum { TARGET, LIMIT, JSON };
    static const struct option_row options[] = {
        [TARGET] = { "T", { .name = "--target", .type = TEXT, .doc = "done to this job, queue, schedule or limiter" } },
        [LIMIT] = OPTION_LIMIT("50", "at most so many"),
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = { "audit", "", "List what operators have done, the last first.", options, 0, 0 };
    static const struct column columns[] = {
        { "id", COLUMN_NUMBER | COLUMN_HIDDEN, NULL },
        { "at", COLUMN_TEXT, NULL },
        { "who", COLUMN_TEXT, NULL },
        { "action", COLUMN_TEXT, NULL },
        { "target", COLUMN_TEXT, NULL },
        { "details", COLUMN_PAIRS, NULL },
        { .name = NULL },
    };
    autoresult struct result list = { 0 };
    json_auto_t *rows = NULL;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (database_run(operation->database, &sql_queue_audit_list,
                     PARAMS({ "target", said.values[TARGET] }, { "most", said.values[LIMIT] }), &list) < 0)
        return complain_of("PostgreSQL", &list);
    rows = table_from(&list, columns);
    table_print(columns, rows, said.values[JSON]);
    return DONE;
}
