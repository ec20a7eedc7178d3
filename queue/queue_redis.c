/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/queue_redis.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "queue/queue.h"

const char *queue_redis_address(void *ctx, const struct config *config, const char *queue)
{
    static const char cluster[] = "cluster://";
    autotalloc void *scratch = talloc_new(NULL);
    const char *address = config->redis_url, *why;
    struct redis_queue *row;

    if (redis_queues_parse(scratch, config->redis_queues, &row, &why) == 0) /* it held when it was loaded */
        for (; row->queue; row++)
            if (!strcmp(row->queue, queue))
                address = row->address;
    if (strncmp(address, cluster, strlen(cluster)) != 0)
        return COPY(ctx, address);
    return FORMAT(ctx, "%s%s%s", address, address[strlen(address) - 1] == '/' ? "" : "/", queue_prefix(scratch, queue));
}

struct place {
    struct place *next;
    const char *address;
    struct redis *redis;
};

struct queue_redis {
    const struct config *config;
    struct place *places;
};

struct queue_redis *queue_redis_new(void *ctx, const struct config *config)
{
    struct queue_redis *queues = NEW(ctx, struct queue_redis);

    queues->config = config;
    return queues;
}

struct redis *queue_redis_get(struct queue_redis *queues, const char *queue)
{
    autotalloc const char *address = queue_redis_address(NULL, queues->config, queue);
    struct place *place = queues->places;

    while (place && strcmp(place->address, address) != 0)
        place = place->next;
    if (!place) {
        place = NEW(queues, struct place);
        place->address = COPY(place, address);
        place->redis = redis_new(place, address, queues->config->redis_timeout, queue_scripts);
        place->next = queues->places;
        queues->places = place;
    }
    return place->redis;
}
