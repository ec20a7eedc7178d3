/* SPDX-License-Identifier: GPL-3.0-or-later
 * The scheduler's metrics over HTTP (GET /metrics), on a unix socket or on loopback. A process of its own serves them,
 * one request at a time, each within seconds: whatever a caller does, the scheduler's work does not wait. */
#ifndef MILLRACE_LISTEN_H
#define MILLRACE_LISTEN_H
#include "common/config.h"

struct listener;

/* Listen as scheduler.listen says, and start the process. *ret is NULL when nothing is configured. It ends with the
 * listener, which hangs off ctx, or with this process. -EINVAL or -ENAMETOOLONG when the address is none, or not of
 * loopback. One that cannot be had now, because another scheduler has it, is told in the log and tried again. */
int listener_new(void *ctx, const struct config *config, struct listener **ret);
/* Start the process if it does not run, not more often than every few seconds. listener may be NULL. */
void listener_keep(struct listener *listener);
#endif
