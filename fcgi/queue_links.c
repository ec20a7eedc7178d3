/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/queue_links.h"
#include "common/memory.h"
#include "queue/queue.h"
#include "queue/queue_redis.h"
#include <assert.h>

struct row {
    struct row *next;
    const char *queue, *address;
    struct redis_link *link;
};

struct queue_links {
    struct loop *loop;
    const struct config *config;
    struct row *rows;
};

static int link_for(struct queue_links *links, struct row *row)
{
    for (struct row *same = links->rows; same; same = same->next)
        if (!strcmp(same->address, row->address)) {
            row->link = same->link;
            return 0;
        }
    return redis_link_new(links, links->loop, row->address, links->config->redis_timeout, &row->link);
}

static int row_get(struct queue_links *links, const char *queue, struct row **ret)
{
    struct row *row = links->rows;
    int r;

    while (row && strcmp(row->queue, queue) != 0)
        row = row->next;
    if (!row) {
        row = NEW(links, struct row);
        row->queue = COPY(row, queue);
        row->address = queue_redis_address(row, links->config, queue);
        r = link_for(links, row);
        if (r < 0) {
            talloc_free(row);
            return r;
        }
        row->next = links->rows;
        links->rows = row;
    }
    *ret = row;
    return 0;
}

int queue_links_new(void *ctx, struct loop *loop, const struct config *config, struct queue_links **ret)
{
    struct queue_links *links = NEW(ctx, struct queue_links);
    struct row *ignored;
    int r = 0;

    links->loop = loop;
    links->config = config;
    for (const struct job_kind *kind = job_kinds; kind->name && r == 0; kind++)
        r = row_get(links, kind->queue, &ignored);
    if (r < 0) {
        talloc_free(links);
        return r;
    }
    *ret = links;
    return 0;
}

struct redis_link *queue_links_get(struct queue_links *links, const char *queue)
{
    struct row *row = NULL;
    int r = row_get(links, queue, &row);

    assert(r == 0); /* only an address that is none fails, and the configuration was checked */
    return row->link;
}

struct redis_link *queue_links_main(struct queue_links *links)
{
    return queue_links_get(links, ""); /* no queue has this name, and what has no Redis of its own is there */
}
