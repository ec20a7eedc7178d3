/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker tells Redis every few seconds that it lives and what it does; in the answer an operator may ask it to end.
 * It also ends by itself when it has run long enough. Whoever started it starts it anew. */
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/worker_state.h"
#include <stdio.h>
#include <unistd.h>

enum { HELLO_MS = 5000 };

static int running(const struct worker *worker)
{
    int n = 0;
    for (int i = 0; i < worker->slot_count; i++)
        n += slot_busy(&worker->slots[i]);
    return n;
}

/* Resident memory in KiB; 0 when it cannot be known. */
static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long total = 0, pages = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void worker_stop(struct worker *worker, const char *why, uint64_t wait_ms)
{
    uint64_t stop_at = wait_ms == UINT64_MAX ? UINT64_MAX : worker->now + wait_ms;

    if (worker->stopping && stop_at >= worker->stop_at)
        return;
    worker->stopping = true;
    worker->stop_at = stop_at;
    redis_drop(worker->waiter); /* a wake-up that came now would be lost on us */
    if (worker->waiting)
        worker_wake_another(worker);
    worker->waiting = false;
    log_info("worker.stop", "why=%s running=%d", why, running(worker));
}

static void recycle(struct worker *worker, long kib)
{
    const struct config *config = worker->config;
    unsigned long jobs = worker->done + worker->failed;

    if (config->worker_recycle_jobs && jobs >= (unsigned long)config->worker_recycle_jobs)
        worker_stop(worker, "jobs", UINT64_MAX);
    if (config->worker_recycle_memory && kib / 1024 >= config->worker_recycle_memory)
        worker_stop(worker, "memory", UINT64_MAX);
}

void worker_hello(struct worker *worker)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *information = NULL;
    bool drain = false;
    long kib;

    if (worker->now < worker->hello_at)
        return;
    worker->hello_at = worker->now + HELLO_MS;
    kib = resident();
    information = json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:b}", "version", MILLRACE_VERSION, "pid",
                            (int)getpid(), "slots", worker->slot_count, "lease", worker->config->queue_lease, "running",
                            running(worker), "done", (json_int_t)worker->done, "failed", (json_int_t)worker->failed,
                            "up_s", (json_int_t)((worker->now - worker->started_at) / 1000), "rss_kib", (json_int_t)kib,
                            "stopping", worker->stopping);
    /* When Redis does not hear it, others will think that it has gone; nothing depends on that. */
    if (queue_hello(worker->redis, worker->options->queue, worker->name, json_text(ctx, information), &drain) == 0 &&
        drain)
        worker_stop(worker, "drain", UINT64_MAX);
    recycle(worker, kib);
}

void worker_leave(struct worker *worker)
{
    bool ignored;
    queue_hello(worker->redis, worker->options->queue, worker->name, NULL, &ignored);
}
