/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker that runs the kinds of a program of somebody else's. */
#include "queue/worker.h"
#include "common/memory.h"
#include "queue/public/job.h"
#include "queue/public/library.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>

enum { VERSION = 1, DEADLINE = 60, TRIES = 3, BACKOFF = 5, NAME_MAX_BYTES = 64, QUEUE_MAX_BYTES = 32 };

/* ---- kinds ---- */

/* What is 0 stands for the default. */
static struct millrace_kind filled(const struct millrace_kind *kind)
{
    struct millrace_kind whole = *kind;

    whole.version = kind->version ? kind->version : VERSION;
    whole.deadline = kind->deadline ? kind->deadline : DEADLINE;
    whole.tries = kind->tries ? kind->tries : TRIES;
    whole.backoff = kind->backoff ? kind->backoff : BACKOFF;
    return whole;
}

/* A letter, then of these, and not too many. */
static bool is_name(const char *text, const char *others, size_t most)
{
    return text && *text >= 'a' && *text <= 'z' && strlen(text) <= most && !text[strspn(text, others)];
}
#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static int kind_check(struct millrace *queues, const char *queue, const struct millrace_kind *kind)
{
    if (!is_name(queue, LETTERS, QUEUE_MAX_BYTES))
        return library_fail(queues, -EINVAL, "the queue's name: %s", queue ? queue : "there is none");
    if (!is_name(kind->name, LETTERS "_.", NAME_MAX_BYTES))
        return library_fail(queues, -EINVAL, "a kind's name: %s", kind->name ? kind->name : "there is none");
    if (kind->version < 0 || kind->version > INT16_MAX || kind->deadline < 0 || kind->tries < 0 ||
        kind->tries > INT16_MAX || kind->backoff < 0)
        return library_fail(queues, -EINVAL, "%s: a number that is too small or too large", kind->name);
    return 0;
}

static int kind_register(struct millrace *queues, const char *queue, const struct millrace_kind *given)
{
    const struct millrace_kind kind = filled(given);
    autoresult struct result row = { 0 };
    char version[16], deadline[16], tries[16];
    int r = kind_check(queues, queue, given);

    if (r < 0)
        return r;
    snprintf(version, sizeof version, "%d", kind.version);
    snprintf(deadline, sizeof deadline, "%d", kind.deadline);
    snprintf(tries, sizeof tries, "%d", kind.tries);
    r = library_run(queues, &sql_queue_kind_claim,
                    PARAMS({ "name", kind.name }, { "queue", queue }, { "version", version }, { "deadline", deadline },
                           { "tries", tries }),
                    &row);
    if (r == 0 && result_rows(&row) == 0)
        r = library_fail(queues, -EEXIST, "%s belongs to another queue", kind.name);
    return r;
}

int millrace_kinds_register(struct millrace *queues, const char *queue, const struct millrace_kind *kinds, size_t n)
{
    QUIET;
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = kind_register(queues, queue, &kinds[i]);
    return r;
}

/* ---- the worker ---- */

/* In the job's own process. */
static int run(struct job *job)
{
    struct millrace_job shown = { .job = job };
    const struct millrace_kind *kind = job->tools->closure;

    while (strcmp(kind->name, job->kind->name) != 0) /* the engine's table was made of this one */
        kind++;
    return kind->run(&shown, kind->closure);
}

static struct job_kind *table_make(void *ctx, const char *queue, const struct millrace_kind *kinds, size_t n)
{
    static const struct field any[] = { { .name = NULL } };
    struct job_kind *table = memory_check(talloc_zero_array(ctx, struct job_kind, n + 1));

    for (size_t i = 0; i < n; i++) {
        const struct millrace_kind kind = filled(&kinds[i]);

        table[i] = (struct job_kind){ .name = kind.name,
                                      .queue = queue,
                                      .version = kind.version,
                                      .deadline = kind.deadline,
                                      .tries = kind.tries,
                                      .backoff = kind.backoff,
                                      .forked = true,
                                      .in = any,
                                      .run = run };
    }
    return table;
}

static int wait_plain(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms)
{
    (void)closure;
    return poll(descriptors, n, timeout_ms);
}

static int worker_start(void *ctx, const struct config *config, const char *queue, const struct millrace_kind *kinds,
                        size_t n)
{
    struct millrace queues = { .database = database_new(ctx, config->database_url, config->database_timeout) };
    struct job_tools tools = { .config = config, .database = queues.database, .closure = kinds };
    const struct worker_options options = {
        .config = config, .queue = queue, .kinds = table_make(ctx, queue, kinds, n), .tools = &tools, .wait = wait_plain
    };
    struct seal_ring *seals;
    const char *why = "";
    int r = n ? millrace_kinds_register(&queues, queue, kinds, n) : library_fail(&queues, -EINVAL, "no kinds");

    for (size_t i = 0; i < n && r == 0; i++)
        if (!kinds[i].run)
            r = library_fail(&queues, -EINVAL, "%s has no function", kinds[i].name);
    if (r < 0) {
        log_error("worker.kinds", "queue=%s error=%s", queue ? queue : "", queues.error);
        return r;
    }
    r = seal_ring_new(ctx, config->seal_keys, config->keys, &seals, &why);
    if (r < 0) {
        log_error("worker.config", "error=%s", why);
        return r;
    }
    tools.keys = config->keys;
    tools.seals = seals;
    return worker_run(&options);
}

int millrace_worker_run(const char *file, const char *queue, const struct millrace_kind *kinds, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct sigaction pipe_before;
    struct config *config;
    const char *why = "";
    sigset_t before;
    int r;

    log_init(program_invocation_short_name, LOG_INFO);
    if (sodium_init() < 0)
        return -EIO;
    r = config_load(ctx, file, &config, &why);
    if (r < 0) {
        log_error("worker.config", "error=%s", why);
        return r;
    }
    log_init(program_invocation_short_name, config->log_level);
    sigprocmask(SIG_SETMASK, NULL, &before);
    sigaction(SIGPIPE, NULL, &pipe_before);
    r = worker_start(ctx, config, queue, kinds, n);
    if (r < 0)
        log_error("worker.run", "error=%s", strerror(-r));
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}
