/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which Redis a queue lives in (redis.queues, else redis.url), and the blocking connections to them, for programs that
 * deal with several queues. The front's are in fcgi/queue_links.h. */
#ifndef MILLRACE_QUEUE_REDIS_H
#define MILLRACE_QUEUE_REDIS_H
#include "common/config.h"
#include "common/redis.h"
#include "queue/queue.h"

/* The queue's address for redis_new and redis_link_new; on ctx. In a cluster it names the queue's slot. */
const char *queue_redis_address(void *ctx, const struct config *config, const char *queue);

struct queue_redis;
struct queue_redis *queue_redis_new(void *ctx, const struct config *config);
/* The connection for a queue; made when first asked for, and connected when first used.
 * Queues with the same address share one. It belongs to queues. */
struct redis *queue_redis_get(struct queue_redis *queues, const char *queue);
/* The connection for a limiter that queues share: they live at redis.url. */
struct redis *queue_redis_limiter(struct queue_redis *queues, const char *limiter);
/* Say something on a channel, at redis.url: who listens hears it, and nobody is told again. 0, or what redis_do() says.
 */
int queue_redis_publish(struct queue_redis *queues, const char *channel, const char *message);
/* Put tickets of any queues, each to its queue's Redis. 0, or the first error; the others are put all the same. */
int queue_redis_put(struct queue_redis *queues, const struct ticket *tickets, size_t n);
/* Put those in the column `ticket` of a result; likewise. */
int queue_redis_put_rows(struct queue_redis *queues, const struct result *rows);
/* Call see() with the descriptor of each connection that there is. */
void queue_redis_descriptors(const struct queue_redis *queues, void (*see)(int fd));
#endif
