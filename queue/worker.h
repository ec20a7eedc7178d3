/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker: reserves jobs of one queue for its free slots, renews their leases, runs them (fenced kinds in a child,
 * forked kinds in a child without it,
 * others in this process' loop) and commits how they ended. Single-threaded; may be killed at any instruction: what it
 * held is reserved by another when the lease ends. docs/queue.md tells the order of writes. */
#ifndef MILLRACE_WORKER_H
#define MILLRACE_WORKER_H
#include "common/config.h"
#include "queue/job.h"
#include <poll.h>

struct worker_options {
    const struct config *config;
    const char *queue;
    const struct job_kind *kinds;  /* what it may run; ends with a NULL name */
    const struct job_tools *tools; /* database, keys and seals at least; the worker uses the same database connection */
    /* How to wait for descriptors: poll(2), or one that drives the network too. */
    int (*wait)(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms);
    void *closure;
};

/* Run until SIGTERM or SIGINT, then stop gracefully: running jobs get config's worker.stop seconds, then go back
 * without a try. 0, or -errno when it cannot start. */
int worker_run(const struct worker_options *options);
#endif
