/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-worker QUEUE: the dispatcher of one queue's jobs. */
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/provider/storage_s3.h"
#include "common/seal.h"
#include "common/token.h"
#include "common/transfers.h"
#include "queue/worker.h"
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

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { 0 };
    struct worker_options options = { .tools = &tools, .wait = wait_for_both };
    struct seal_ring *seals;
    struct keys keys;
    const char *why;
    char **words;
    int status, r;

    options.config = program_start(ctx, "millrace-worker", "QUEUE", argc, argv, &words, &status);
    if (!options.config)
        return status;
    if (!words[0] || words[1] || !queue_known(words[0])) {
        fputs("millrace-worker: name one queue of these:", stderr);
        for (const struct job_kind *kind = job_kinds; kind->name; kind++)
            if (kind == job_kinds || strcmp(kind->queue, kind[-1].queue) != 0)
                fprintf(stderr, " %s", kind->queue);
        fputc('\n', stderr);
        return 2;
    }
    options.queue = words[0];
    options.kinds = job_kinds;
    if (keys_derive(options.config->secret, &keys) < 0 ||
        seal_ring_new(ctx, options.config->seal_keys, &keys, &seals, &why) < 0)
        return 1; /* the configuration has been tried with both */
    tools.transfers = transfers_new(ctx);
    options.closure = tools.transfers;
    tools.config = options.config;
    tools.storage = storage_new(ctx, options.config);
    tools.keys = &keys;
    tools.seals = seals;
    tools.database = database_new(ctx, options.config->database_url, options.config->database_timeout);
    r = worker_run(&options);
    if (r < 0)
        log_error("worker.run", "error=%s", strerror(-r));
    return r < 0;
}
