/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front's links to Redis, one for each address that the queues of all kinds have (queue/queue_redis.h). */
#ifndef MILLRACE_QUEUE_LINKS_H
#define MILLRACE_QUEUE_LINKS_H
#include "common/config.h"
#include "fcgi/lanes/redis_link.h"

struct queue_links;
/* Opens them all. 0 or -errno. */
int queue_links_new(void *ctx, struct loop *loop, const struct config *config, struct queue_links **ret);
/* The link of a queue, which may be one that no kind of this release names. */
struct redis_link *queue_links_get(struct queue_links *links, const char *queue);
/* The link to redis.url. */
struct redis_link *queue_links_main(struct queue_links *links);
#endif
