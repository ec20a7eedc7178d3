/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-worker [--config FILE] COUNTER STAMPS: a worker of the queue bench whose jobs do nothing. COUNTER is a
 * file of eight bytes, shared by all such workers: how many jobs have run. STAMPS ("-": none) is a FIFO: bench.stamp
 * writes there when it begins. */
#include "queue/worker.h"
#include "bench/queue/ours.h"
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/token.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* A kind's function is given nothing of its program's: these two are reached from there. */
static _Atomic uint64_t *counter;
static int stamps = -1;

static int noop(struct job *job)
{
    (void)job;
    atomic_fetch_add(counter, 1);
    return 0;
}

static int stamp(struct job *job)
{
    (void)job;
    if (dprintf(stamps, "%" PRIu64 "\n", clock_ns()) < 0)
        die("STAMPS", strerror(errno));
    return 0;
}

#define ARGUMENTS FIELDS({ .name = "pad", .type = TEXT, .flags = REQUIRED, .min = 0, .max = ARGS_MAX })

/* clang-format off */
const struct job_kind job_kinds[] = {
    { .name = OURS_KIND, .queue = OURS_QUEUE, .version = 1, .deadline = 60, .tries = 1, .backoff = 1, .run = noop,
      .in = ARGUMENTS },
    { .name = OURS_STAMP, .queue = OURS_QUEUE, .version = 1, .deadline = 60, .tries = 1, .backoff = 1, .run = stamp,
      .in = ARGUMENTS },
    { .name = NULL },
};
/* clang-format on */

static void open_files(char **words)
{
    int fd = open(words[0], O_RDWR | O_CLOEXEC);
    void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (shared == MAP_FAILED)
        die(words[0], strerror(errno));
    close(fd);
    counter = shared;
    if (strcmp(words[1], "-") != 0 && (stamps = open(words[1], O_RDWR | O_CLOEXEC)) < 0)
        die(words[1], strerror(errno));
}

static int wait_poll(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms)
{
    (void)closure;
    return poll(descriptors, n, timeout_ms);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { 0 };
    struct worker_options options = { .kinds = job_kinds, .tools = &tools, .wait = wait_poll, .queue = OURS_QUEUE };
    char **words;
    int status, r;

    options.config = program_start(ctx, "bench-queue-worker", "COUNTER STAMPS", argc, argv, &words, &status);
    if (!options.config)
        return status;
    if (!words[0] || !words[1] || words[2])
        die("words", "COUNTER STAMPS|-");
    open_files(words);
    tools.config = options.config;
    tools.keys = options.config->keys;
    tools.database = database_new(ctx, options.config->database_url, options.config->database_timeout);
    r = worker_run(&options);
    if (r < 0)
        die("worker", strerror(-r));
    return 0;
}
