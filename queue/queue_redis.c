/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/queue_redis.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "queue/queue.h"

/* In a cluster the address names the slot, by a key's prefix. */
static const char *with_slot(void *ctx, const char *address, const char *prefix)
{
    static const char cluster[] = "cluster://";

    if (strncmp(address, cluster, strlen(cluster)) != 0)
        return COPY(ctx, address);
    return FORMAT(ctx, "%s%s%s", address, address[strlen(address) - 1] == '/' ? "" : "/", prefix);
}

const char *queue_redis_address(void *ctx, const struct config *config, const char *queue)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *address = config->redis_url, *why;
    struct redis_queue *row;

    if (redis_queues_parse(scratch, config->redis_queues, &row, &why) == 0) /* it held when it was loaded */
        for (; row->queue; row++)
            if (!strcmp(row->queue, queue))
                address = row->address;
    return with_slot(ctx, address, queue_prefix(scratch, queue));
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

static struct redis *redis_at(struct queue_redis *queues, const char *address)
{
    struct place *place = queues->places;

    while (place && strcmp(place->address, address) != 0)
        place = place->next;
    if (!place) {
        place = NEW(queues, struct place);
        place->address = COPY(place, address);
        place->redis = redis_new(place, address, queues->config->redis_timeout);
        place->next = queues->places;
        queues->places = place;
    }
    return place->redis;
}

struct redis *queue_redis_get(struct queue_redis *queues, const char *queue)
{
    autotalloc void *scratch = talloc_new(NULL);
    return redis_at(queues, queue_redis_address(scratch, queues->config, queue));
}

struct redis *queue_redis_limiter(struct queue_redis *queues, const char *limiter)
{
    autotalloc void *scratch = talloc_new(NULL);
    return redis_at(queues, with_slot(scratch, queues->config->redis_url, limiter_prefix(scratch, limiter)));
}

int queue_redis_publish(struct queue_redis *queues, const char *channel, const char *message)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command command = { 0 };
    autoreply redisReply *reply = NULL;

    command_text(scratch, &command, "PUBLISH");
    command_text(scratch, &command, channel);
    command_text(scratch, &command, message);
    return redis_do(redis_at(queues, with_slot(scratch, queues->config->redis_url, channel)), &command, &reply);
}

int queue_redis_put(struct queue_redis *queues, const struct ticket *tickets, size_t n)
{
    int first = 0;

    for (size_t from = 0, to; from < n; from = to) {
        size_t ignored;
        int r;

        for (to = from + 1; to < n && !strcmp(tickets[to].queue, tickets[from].queue);)
            to++;
        r = queue_put(queue_redis_get(queues, tickets[from].queue), tickets + from, to - from, &ignored);
        if (first == 0)
            first = r;
    }
    return first;
}

int queue_redis_put_rows(struct queue_redis *queues, const struct result *rows)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct ticket *tickets;
    size_t n;
    int r = ticket_rows(ctx, rows, &tickets, &n);

    return r < 0 ? r : queue_redis_put(queues, tickets, n);
}

void queue_redis_descriptors(const struct queue_redis *queues, void (*see)(int fd))
{
    for (const struct place *place = queues->places; place; place = place->next)
        if (redis_descriptor(place->redis) >= 0)
            see(redis_descriptor(place->redis));
}
