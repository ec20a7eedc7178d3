/* SPDX-License-Identifier: GPL-3.0-or-later
 * hook.fanout: an event of a product reaches those it concerns. All that is to happen once is the statement of the
 * job's end (sql/worker/hook_fanout_end.sql). Who listens to the product's feed is woken before: the rows of live_event
 * were committed with the job. Nobody hears it when Redis is away: then he finds them with his next look. */
#include "common/log.h"
#include "queue/queue_redis.h"
#include "workers/kinds.h"
#include <string.h>

int hook_fanout(struct job *job)
{
    int r = queue_redis_publish(job->tools->places, "mr1:live", job->product);

    if (r < 0)
        log_info("live.wake", "job=%s product=%s error=%s", job->id, job->product, strerror(-r));
    return 0;
}
