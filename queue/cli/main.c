/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace: the operator's command. */
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "queue/cli/command.h"
#include "queue/queue.h"

enum { ANY = -1 };

static const struct {
    const char *name;
    int words; /* how many it takes */
    int (*run)(struct operation *operation);
    const char *usage, *doc;
} commands[] = {
    { "migrate", 0, command_migrate, "", "bring the database's tables up to date" },
    { "config", 0, command_config, "", "print the effective configuration" },
    { "job", 1, command_job, "ID", "show a job and its history" },
    { "cancel", 1, command_cancel, "ID", "cancel a job that waits or runs" },
    { "schedules", ANY, command_schedules, "[--json]", "list the recurring jobs" },
    { "schedule", ANY, command_schedule, "ACTION", "add, remove, enable, disable a recurring job; next ticks" },
    { "put", ANY, command_put, "KIND", "put a job, or with --jsonl FILE|- a job a line; --wait for the end" },
    { "batch", ANY, command_batch, "ID", "show a batch; --json, --wait, --close" },
    { "top", ANY, command_top, "[--once]", "queues and workers, live" },
    { "doctor", ANY, command_doctor, "[--json]", "look for what is wrong; --repair mends what can be mended" },
    { "metrics", ANY, command_metrics, "", "print metrics in Prometheus' text format" },
};

static const char *usage_text(void *ctx)
{
    char *text = COPY(ctx, "COMMAND");

    for (size_t i = 0; i < ELEMENTS(commands); i++)
        text = memory_check(
            talloc_asprintf_append(text, "\n  %-9s %-8s %s", commands[i].name, commands[i].usage, commands[i].doc));
    return text;
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
    int status, count = 0;

    operation.config = program_start(ctx, "millrace", text, argc, argv, &words, &status);
    if (!operation.config)
        return status;
    if (!words[0])
        return usage(text);
    operation.database = database_new(ctx, operation.config->database_url, operation.config->database_timeout);
    operation.redis = redis_new(ctx, operation.config->redis_url, operation.config->redis_timeout, queue_scripts);
    operation.words = words + 1;
    while (words[1 + count])
        count++;
    for (size_t i = 0; i < ELEMENTS(commands); i++)
        if (!strcmp(words[0], commands[i].name))
            return count == commands[i].words || commands[i].words == ANY ? commands[i].run(&operation) : usage(text);
    return usage(text);
}
