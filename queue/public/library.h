/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of libmillrace-queue share. */
#ifndef MILLRACE_LIBRARY_H
#define MILLRACE_LIBRARY_H
#include "common/config.h"
#include "common/database.h"
#include "common/seal.h"
#include "queue/queue_redis.h"
#include <millrace/queue.h>
#include <signal.h>
#include <stdbool.h>

struct millrace {
    struct database *database;
    struct queue_redis *redis; /* a queue may have one of its own */
    struct seal_ring *seals;   /* NULL: opened without a secret */
    bool encrypt;              /* all arguments are sealed */
    struct statement *put;     /* for transactions of the caller's; compiled when first used */
    void *status;              /* what the texts of the last status hang off */
    char error[MILLRACE_WHY_SIZE];
};

/* Set what millrace_error() says; r, to be returned. */
int library_fail(struct millrace *queues, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a statement that failed: sqlstate may be "", when the connection broke. */
int library_refused(struct millrace *queues, const char *sqlstate, const char *message);
/* Run a statement; what failed is the caller's to return. */
int library_run(struct millrace *queues, const struct sql *sql, const struct param *params, struct result *ret);

/* hiredis writes with write(2), so a Redis that is gone would end the program by SIGPIPE. Begun by every function that
 * may talk to it, ended when it returns. */
struct quiet {
    sigset_t before;
    bool pending;
};
struct quiet quiet_begin(void);
void quiet_end(struct quiet *quiet);
#define QUIET __attribute__((cleanup(quiet_end), unused)) struct quiet quiet_ = quiet_begin()
#endif
