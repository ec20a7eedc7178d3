/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-worker QUEUE: the dispatcher of one queue's jobs. */
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/token.h"
#include "common/transfers.h"
#include "queue/worker.h"
#include <curl/curl.h>

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
    return transfers_wait(closure, descriptors, n, timeout_ms);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { 0 };
    struct worker_options options = { .tools = &tools, .wait = wait_for_both };
    struct keys keys;
    char **words;
    int status, r;

    options.config = program_start(ctx, "millrace-worker", "QUEUE", argc, argv, &words, &status);
    if (!options.config)
        return status;
    if (!words[0] || words[1] || !queue_known(words[0])) {
        fputs("millrace-worker: name one queue\n", stderr);
        return 2;
    }
    options.queue = words[0];
    if (keys_derive(options.config->secret, &keys) < 0)
        return 1;
    r = transfers_new(ctx, &tools.transfers);
    if (r < 0) {
        log_error("worker.start", "error=%s", strerror(-r));
        return 1;
    }
    options.closure = tools.transfers;
    tools.config = options.config;
    tools.keys = &keys;
    tools.database = database_new(ctx, options.config->database_url, options.config->database_timeout);
    r = worker_run(&options);
    if (r < 0)
        log_error("worker.run", "error=%s", strerror(-r));
    return r < 0;
}
