/* SPDX-License-Identifier: GPL-3.0-or-later
 * soak: the queue's real worker, scheduler, runner and commands with kinds of its own, which keep an outside ledger of
 * their runs on standard output (opened for appending; a line is one write):
 *   begin|alive|end ID EPOCH PID PARENT ATTEMPT SECONDS        seconds of CLOCK_BOOTTIME
 * tests/soak/soak.py starts it, hurts it and reads the ledger afterwards. */
#include "queue/worker.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/seal.h"
#include "common/token.h"
#include "queue/cli/command.h"
#include "queue/queue_redis.h"
#include "queue/reconcile.h"
#include "queue/runner.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { STEP_MS = 25 };

/* ---- the ledger ---- */

static void note(const struct job *job, const char *what)
{
    char line[160];
    struct timespec now;
    int length;

    clock_gettime(CLOCK_BOOTTIME, &now);
    length =
        snprintf(line, sizeof line, "%s %s %llu %d %d %d %lld.%06ld\n", what, job->id, (unsigned long long)job->epoch,
                 (int)getpid(), (int)getppid(), job->attempt, (long long)now.tv_sec, now.tv_nsec / 1000);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(70); /* a run that is not written down would make the ledger lie */
}

/* The outcome that the arguments ask of this attempt. */
static int outcome(struct job *job)
{
    if (job->attempt <= job_number(job, "fails", 0))
        return job_release(job, -1, "attempt %d was to fail", job->attempt);
    job->result = json_pack("{s:i}", "attempt", job->attempt);
    return 0;
}

/* ---- kinds ---- */

static int quick(struct job *job)
{
    note(job, "begin");
    note(job, "end");
    return outcome(job);
}

/* Inside the fence: works for so many milliseconds and says so. */
static int slow(struct job *job)
{
    long long ms = job_number(job, "ms", 200);

    note(job, "begin");
    for (long long at = 0; at < ms; at += STEP_MS) {
        poll(NULL, 0, STEP_MS);
        note(job, "alive");
        job_progress(job, (int)(at * 100 / ms));
    }
    note(job, "end");
    return outcome(job);
}

/* A job of the dispatcher that waits, as one does for the network. */
struct waiting {
    struct waiting *next;
    struct job *job;
    uint64_t until;
};
static struct waiting *all_waiting;

static int waiting_forget(struct waiting *waiting)
{
    struct waiting **at = &all_waiting;

    while (*at && *at != waiting)
        at = &(*at)->next;
    if (*at)
        *at = waiting->next;
    return 0;
}

static int wait_awhile(struct job *job)
{
    struct waiting *waiting = NEW(job, struct waiting);

    note(job, "begin");
    *waiting = (struct waiting){ .next = all_waiting,
                                 .job = job,
                                 .until = clock_boot_ms() + (uint64_t)job_number(job, "ms", 200) };
    all_waiting = waiting;
    talloc_set_destructor(waiting, waiting_forget);
    return JOB_PENDING;
}

static void waiting_end(struct waiting *waiting)
{
    struct job *job = waiting->job;

    waiting_forget(waiting);
    if (!job_still_mine(job)) {
        job_finished(job, -ECANCELED);
        return;
    }
    note(job, "end");
    job_finished(job, outcome(job));
}

/* Poll, no longer than until the first of those is through; then end those that are. */
static int wait_for_both(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms)
{
    uint64_t now = clock_boot_ms();
    bool again = true;
    int r;

    (void)closure;
    for (const struct waiting *one = all_waiting; one; one = one->next) {
        uint64_t left = one->until > now ? one->until - now : 0;
        if (timeout_ms < 0 || left < (uint64_t)timeout_ms)
            timeout_ms = (int)left;
    }
    r = poll(descriptors, n, timeout_ms);
    now = clock_boot_ms();
    while (again) {
        again = false;
        for (struct waiting *one = all_waiting; one && !again; one = one->next)
            if (one->until <= now) {
                waiting_end(one);
                again = true;
            }
    }
    return r;
}

/* A product's row that changes with the end: written twice, it would show. */
static const struct sql effect_end = { "soak/effect_end",
                                       "insert into soak_effect (id, outcome) values (:job_id, :outcome)" };
static const struct sql effect_kick = { "soak/effect_kick", "delete from soak_effect where id = :job_id" };

#define ARGUMENTS                                                                                                      \
    FIELDS({ .name = "ms", .type = INTEGER, .min = 0, .max = 60000 },                                                  \
           { .name = "fails", .type = INTEGER, .min = 0, .max = 100 }, { .name = "previous", .type = UUID })

/* clang-format off */
const struct job_kind job_kinds[] = {
    { .name = "soak.quick", .queue = "soak", .version = 1, .deadline = 120, .tries = 3, .backoff = 1, .run = quick,
      .in = ARGUMENTS },
    { .name = "soak.linked", .queue = "soak", .version = 1, .deadline = 120, .tries = 3, .backoff = 1, .run = quick,
      .in = ARGUMENTS, .end = &effect_end, .kick = &effect_kick },
    { .name = "soak.wait", .queue = "soak", .version = 1, .deadline = 120, .tries = 3, .backoff = 1, .run = wait_awhile,
      .in = ARGUMENTS, .end = &effect_end, .kick = &effect_kick },
    { .name = "soak.fail", .queue = "slow", .version = 1, .deadline = 120, .tries = 4, .backoff = 1, .run = quick,
      .in = ARGUMENTS, .end = &effect_end, .kick = &effect_kick },
    { .name = "soak.slow", .queue = "slow", .version = 1, .deadline = 120, .tries = 3, .backoff = 1, .run = slow,
      .fenced = true, .in = ARGUMENTS, .end = &effect_end, .kick = &effect_kick },
    { .name = NULL },
};
/* clang-format on */

/* ---- programs ---- */

static int work(const struct config *config, const char *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { .config = config };
    struct worker_options options = {
        .config = config, .queue = queue, .kinds = job_kinds, .tools = &tools, .wait = wait_for_both
    };
    struct seal_ring *seals;
    const char *why;

    if (seal_ring_new(ctx, config->seal_keys, config->keys, &seals, &why) < 0)
        return 1;
    tools.keys = config->keys;
    tools.seals = seals;
    tools.database = database_new(ctx, config->database_url, config->database_timeout);
    return worker_run(&options) < 0;
}

static int command(const struct config *config, int (*run)(struct operation *operation), char **words)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct operation operation = { .ctx = ctx, .config = config, .words = words };

    operation.database = database_new(ctx, config->database_url, config->database_timeout);
    operation.redis = queue_redis_new(ctx, config);
    return run(&operation);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config *config;
    char **words;
    int status;

    if (argc > 1 && !strncmp(argv[1], "--memory=", strlen("--memory=")))
        return runner_main(argc, argv);
    config = program_start(ctx, "soak", "worker QUEUE|scheduler|migrate|cancel ID", argc, argv, &words, &status);
    if (!config)
        return status;
    if (words[0] && !strcmp(words[0], "worker") && words[1])
        return work(config, words[1]);
    if (words[0] && !strcmp(words[0], "scheduler"))
        return reconcile_run(config) < 0;
    if (words[0] && !strcmp(words[0], "migrate"))
        return command(config, command_migrate, words + 1);
    if (words[0] && !strcmp(words[0], "cancel") && words[1])
        return command(config, command_cancel, words + 1);
    return 2;
}
