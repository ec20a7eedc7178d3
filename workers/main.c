/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-worker QUEUE: the dispatcher of one queue's jobs. */
#include "common/array_text.h"
#include "common/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/provider/provider.h"
#include "common/provider/storage_s3.h"
#include "common/seal.h"
#include "common/token.h"
#include "common/transfers.h"
#include "queue/queue_redis.h"
#include "queue/worker.h"
#include "sql.h"
#include <curl/curl.h>
#include <errno.h>

enum { WAIT_MAX = 256 }; /* descriptors of one turn */

static bool queue_known(const char *queue)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        if (!strcmp(kind->queue, queue))
            return true;
    return false;
}

static bool queue_is_new(const struct job_kind *kind)
{
    for (const struct job_kind *before = job_kinds; before != kind; before++)
        if (!strcmp(before->queue, kind->queue))
            return false;
    return true;
}

/* Each queue that has kinds, once. */
static void queues_print(FILE *to, const char *before, const char *behind)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        if (queue_is_new(kind))
            fprintf(to, "%s%s%s", before, kind->queue, behind);
}

/* Jobs of these do nothing but wait for answers over HTTP, so a worker has many of them. Mail is none: curl's SMTP may
 * hold up the loop. */
static const char *const waiting_queues[] = { "hook", "sms" };

static const struct config *config_for(void *ctx, const struct config *config, const char *queue)
{
    struct config *own = memory_check(talloc_memdup(ctx, config, sizeof *config));

    for (size_t i = 0; i < ELEMENTS(waiting_queues); i++)
        if (!strcmp(queue, waiting_queues[i]))
            own->worker_slots = config->worker_calls;
    return own;
}

/* Wait for the worker's descriptors and drive the network's at the same time. */
static int wait_for_both(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms)
{
    struct curl_waitfd extra[WAIT_MAX];
    int r;

    if (transfers_count(closure) == 0)
        return poll(descriptors, n, timeout_ms);
    if (n > WAIT_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < n; i++)
        extra[i] = (struct curl_waitfd){ .fd = descriptors[i].fd, .events = CURL_WAIT_POLLIN };
    r = transfers_wait(closure, extra, n, timeout_ms);
    for (unsigned i = 0; i < n; i++)
        descriptors[i].revents = extra[i].revents;
    return r;
}

/* The products offer what those workers can use that ask models: their configuration has the keys, the front's and the
 * other workers' need not. */
static void providers_tell(struct database *database, const struct config *config, const char *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result told = { 0 };
    struct array_text names = { 0 };

    if (strcmp(queue, "ai") != 0 && strcmp(queue, "image") != 0)
        return;
    for (const struct provider *provider = providers; provider->name; provider++)
        if (provider_configured(config, provider))
            array_add(ctx, &names, provider->name);
    if (database_run(database, &sql_worker_provider_known, PARAMS({ "names", array_end(ctx, &names) }), &told) < 0)
        log_warning("worker.providers", "error=%s", told.message);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { 0 };
    struct worker_options options = { .tools = &tools, .wait = wait_for_both };
    struct seal_ring *seals;
    const char *why;
    char **words;
    int status, r;

    if (argc == 2 && !strcmp(argv[1], "--queues")) {
        queues_print(stdout, "", "\n");
        return 0;
    }
    options.config = program_start(ctx, "millrace-worker", "QUEUE | --queues", argc, argv, &words, &status);
    if (!options.config)
        return status;
    if (!words[0] || words[1] || !queue_known(words[0])) {
        fputs("millrace-worker: name one queue of these:", stderr);
        queues_print(stderr, " ", "");
        fputc('\n', stderr);
        return 2;
    }
    options.queue = words[0];
    options.config = config_for(ctx, options.config, options.queue);
    options.kinds = job_kinds;
    if (seal_ring_new(ctx, options.config->seal_keys, options.config->keys, &seals, &why) < 0)
        return 1; /* the configuration has been tried with it */
    tools.transfers = transfers_new(ctx);
    options.closure = tools.transfers;
    tools.config = options.config;
    tools.places = queue_redis_new(ctx, options.config);
    tools.storage = storage_new(ctx, options.config);
    tools.keys = options.config->keys;
    tools.seals = seals;
    tools.database = database_new(ctx, options.config->database_url, options.config->database_timeout);
    providers_tell(tools.database, options.config, options.queue);
    r = worker_run(&options);
    if (r < 0)
        log_error("worker.run", "error=%s", strerror(-r));
    return r < 0;
}
