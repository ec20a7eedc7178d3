/* SPDX-License-Identifier: GPL-3.0-or-later
 * The operator's commands: one row each in main.c. A command returns its exit status: 0 done; 1 it failed; 2 wrong
 * usage; 3 no such thing; 4 it cannot be done in this state. */
#ifndef MILLRACE_COMMAND_H
#define MILLRACE_COMMAND_H
#include "common/config.h"
#include "common/error.h"

enum { DONE, FAILED, USAGE, NOT_THERE, NOT_NOW };

struct database;
struct queue_redis;
struct result;

struct operation {
    void *ctx;
    const struct config *config;
    struct database *database; /* connects when first used */
    struct queue_redis *redis; /* likewise */
    char **words;              /* after the command's name, ends with NULL */
};

/* Say on standard error what is wrong with what; status, to be returned. */
int complain(const char *what, const char *why, int status);
/* The exit status that an error stands for. */
int status_of(enum error error);
/* A statement failed: say so, and its status. */
int complain_of(const char *what, const struct result *result);
/* Who runs the command: the name that the system has for the user, else "operator". */
const char *operator_name(void);

int command_migrate(struct operation *operation);
int command_config(struct operation *operation);
int command_schedules(struct operation *operation);
int command_schedule(struct operation *operation);

/* status.c: what there is */
int command_status(struct operation *operation);
int command_queues(struct operation *operation);
int command_workers(struct operation *operation);
/* jobs.c, job.c */
int command_jobs(struct operation *operation);
int command_job(struct operation *operation);
/* act.c: what operators do */
int command_kick(struct operation *operation);
int command_cancel(struct operation *operation);
int command_pause(struct operation *operation);
int command_resume(struct operation *operation);
int command_set(struct operation *operation);
int command_limiter(struct operation *operation);
int command_services(struct operation *operation);
int command_drain(struct operation *operation);
int command_audit(struct operation *operation);
/* user.c: accounts */
int command_user(struct operation *operation);
int command_token(struct operation *operation);
/* keys.c: what signs and seals */
int command_keys(struct operation *operation);
/* operator.c: who may sign in to the operators' realm */
int command_operator(struct operation *operation);
/* Those that have exit statuses of their own say so in arguments.h. */
int command_put(struct operation *operation);
int command_batch(struct operation *operation);
int command_top(struct operation *operation);
int command_doctor(struct operation *operation);
int command_metrics(struct operation *operation);
/* files.c: what was stored and is not named anywhere */
int command_files(struct operation *operation);
/* foods.c: what foods hold, from elsewhere */
int command_foods(struct operation *operation);
/* fx.c: exchange rates */
int command_fx(struct operation *operation);
#endif
