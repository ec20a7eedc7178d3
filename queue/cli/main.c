/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace: the operator's command. */
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "queue/cli/command.h"
#include "queue/queue_redis.h"

static const struct {
    const char *name;
    int (*run)(struct operation *operation);
    const char *usage, *doc;
} commands[] = {
    { "migrate", command_migrate, "", "bring the database's tables up to date" },
    { "config", command_config, "", "print the effective configuration" },
    { "status", command_status, "[--json]", "show queues and servers at a glance" },
    { "queues", command_queues, "[--json]", "list the queues and their settings" },
    { "workers", command_workers, "[OPTION]", "list the workers" },
    { "jobs", command_jobs, "[OPTION]", "list jobs, by queue, kind, state, tenant, age" },
    { "job", command_job, "ID", "show a job and its history" },
    { "kick", command_kick, "ID...", "put jobs again that were buried or cancelled" },
    { "cancel", command_cancel, "ID...", "cancel jobs that wait or run" },
    { "pause", command_pause, "QUEUE", "let no more jobs of a queue begin" },
    { "resume", command_resume, "QUEUE", "let them begin again" },
    { "set", command_set, "QUEUE", "change or list what goes for a queue: caps, rates, weights" },
    { "services", command_services, "", "show how the services outside answered last" },
    { "limiter", command_limiter, "NAME", "change or list the rates that queues share" },
    { "drain", command_drain, "WORKER", "ask workers to end once their jobs have" },
    { "audit", command_audit, "[OPTION]", "list what operators have done" },
    { "schedules", command_schedules, "[--json]", "list the recurring jobs" },
    { "schedule", command_schedule, "ACTION", "add, remove, enable, disable a recurring job; next ticks" },
    { "put", command_put, "KIND", "put a job, or with --jsonl FILE|- a job a line; --wait for the end" },
    { "batch", command_batch, "ID", "show a batch; --json, --wait, --close" },
    { "top", command_top, "[--once]", "queues and workers, live" },
    { "doctor", command_doctor, "[--json]", "look for what is wrong; --repair mends what can be mended" },
    { "files", command_files, "sweep", "remove stored files that no row of the database names" },
    { "foods", command_foods, "import", "take foods and what they hold from a publication of USDA's" },
    { "fx", command_fx, "ACTION", "take and list the exchange rates of the Expense Tracker" },
    { "user", command_user, "ACTION", "make, list and change the accounts of a product" },
    { "token", command_token, "PRODUCT", "print an access token of an account" },
    { "operator", command_operator, "ACTION", "make, list and change those who may use the operators' realm" },
    { "keys", command_keys, "ACTION", "list, change and drop the keys that sign and seal" },
    { "metrics", command_metrics, "", "print metrics in Prometheus' text format" },
};

static const char *usage_text(void *ctx)
{
    char *text = COPY(ctx, "COMMAND");

    for (size_t i = 0; i < ELEMENTS(commands); i++)
        text = memory_check(
            talloc_asprintf_append(text, "\n  %-9s %-8s %s", commands[i].name, commands[i].usage, commands[i].doc));
    return memory_check(talloc_asprintf_append(
        text, "\n\n  millrace COMMAND --help tells more.\n\n"
              "Exit status: 0 done, 1 it failed, 2 wrong usage, 3 there is no such thing, 4 it cannot be done in this\n"
              "state; put and batch: 5 cancelled, 6 the time is over, 7 lines were refused."));
}

/* A command's status; it has not done its work when its answer could not be written. */
static int ended(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return complain("standard output", "not all that there was to say could be written",
                    status == DONE ? FAILED : status);
}

static int usage(const char *text)
{
    fprintf(stderr, "Usage: millrace [--config FILE] %s\n", text);
    return USAGE;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct operation operation = { .ctx = ctx };
    const char *text = usage_text(ctx);
    char **words;
    int status;

    operation.config = program_start(ctx, "millrace", text, argc, argv, &words, &status);
    if (!operation.config)
        return status;
    if (!words[0])
        return usage(text);
    operation.database = database_new(ctx, operation.config->database_url, operation.config->database_timeout);
    operation.redis = queue_redis_new(ctx, operation.config);
    operation.words = words + 1;
    for (size_t i = 0; i < ELEMENTS(commands); i++)
        if (!strcmp(words[0], commands[i].name))
            return ended(commands[i].run(&operation));
    complain(words[0], "there is no such command", USAGE);
    return usage(text);
}
