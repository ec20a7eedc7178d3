/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recurring jobs: the leader's part. PostgreSQL keeps the schedules, knows their next ticks and makes the jobs;
 * docs/queue.md has the reasons. */
#ifndef MILLRACE_SCHEDULE_H
#define MILLRACE_SCHEDULE_H
#include "common/database.h"
#include "queue/queue_redis.h"

/* Put the jobs that are due by schedules, and tell Redis. *ret_wait: milliseconds until the next tick, 0 when more is
 * due already, -1 when there is no tick to wait for; a schedule that was added meanwhile may be due sooner. 0; -EIO
 * when PostgreSQL failed; or the error of queue_redis_put: then the jobs are there, and only Redis does not know of
 * them. *ret_wait is set unless PostgreSQL failed. */
int schedule_run(struct database *database, struct queue_redis *queues, long long *ret_wait);
#endif
