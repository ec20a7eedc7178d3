/* SPDX-License-Identifier: GPL-3.0-or-later
 * The operator's commands: one row each in main.c. A command returns its exit status: 0 done; 1 it failed; 2 wrong
 * usage; 3 no such thing; 4 it cannot be done in this state. */
#ifndef MILLRACE_COMMAND_H
#define MILLRACE_COMMAND_H
#include "common/config.h"

enum { DONE, FAILED, USAGE, NOT_THERE, NOT_NOW };

struct database;
struct redis;

struct operation {
    void *ctx;
    const struct config *config;
    struct database *database; /* connects when first used */
    struct redis *redis;
    char **words; /* after the command's name, ends with NULL */
};

int command_migrate(struct operation *operation);
int command_config(struct operation *operation);
int command_job(struct operation *operation);
int command_cancel(struct operation *operation);
int command_schedules(struct operation *operation);
int command_schedule(struct operation *operation);

/* Those that have exit statuses of their own say so in arguments.h. */
int command_put(struct operation *operation);
int command_batch(struct operation *operation);
int command_top(struct operation *operation);
int command_doctor(struct operation *operation);
int command_metrics(struct operation *operation);
#endif
