/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/job_news.h"
#include "common/memory.h"
#include "fcgi/lanes/redis_link.h"
#include "queue/job.h"
#include "queue/queue_redis.h"
#include <sodium.h>

/* One Redis. */
struct source_of_news {
    struct subscriber subscriber;
    struct source_of_news *next;
    struct job_news *news;
    const char *address;
    struct redis_link *link;
};

struct job_news {
    struct loop *loop;
    const struct config *config;
    struct news_reader *reader;
    struct source_of_news *sources;
};

bool job_key_read(const char *text, size_t length, unsigned char ret[JOB_KEY_SIZE])
{
    const char *end;
    size_t n;

    return length == JOB_ID_SIZE - 1 && sodium_hex2bin(ret, JOB_KEY_SIZE, text, length, "-", &n, &end) == 0 &&
           n == JOB_KEY_SIZE && end == text + length;
}

/* "ended ID ID ...", "moved ID ..."; anything else is of another release. */
static void heard(struct subscriber *subscriber, const char *message)
{
    struct news_reader *reader = OWNER(subscriber, struct source_of_news, subscriber)->news->reader;
    size_t n = strcspn(message, " ");
    bool ended = n == 5 && !strncmp(message, "ended", n);
    unsigned char id[JOB_KEY_SIZE];

    if (!ended && (n != 5 || strncmp(message, "moved", n) != 0))
        return;
    for (const char *at = message + n; *at; at += n) {
        at += strspn(at, " ");
        n = strcspn(at, " ");
        if (job_key_read(at, n, id))
            reader->changed(reader, id, ended);
    }
}

static void listens(struct subscriber *subscriber)
{
    struct news_reader *reader = OWNER(subscriber, struct source_of_news, subscriber)->news->reader;

    reader->missed(reader);
}

struct job_news *job_news_new(void *ctx, struct loop *loop, const struct config *config, struct news_reader *reader)
{
    struct job_news *news = NEW(ctx, struct job_news);

    *news = (struct job_news){ .loop = loop, .config = config, .reader = reader };
    return news;
}

bool job_news_come(struct job_news *news, const char *queue)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *address = queue_redis_address(scratch, news->config, queue);
    struct source_of_news *from = news->sources;

    while (from && strcmp(from->address, address) != 0)
        from = from->next;
    if (from)
        return redis_link_may_hear(from->link);
    from = NEW(news, struct source_of_news);
    from->subscriber = (struct subscriber){ .channel = "mr1:jobs", .heard = heard, .listens = listens };
    from->news = news;
    from->address = COPY(from, address);
    if (redis_link_subscribe(from, news->loop, address, news->config->redis_timeout, &from->subscriber, &from->link) <
        0) {
        talloc_free(from);
        return false;
    }
    from->next = news->sources;
    news->sources = from;
    return true;
}
