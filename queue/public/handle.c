/* SPDX-License-Identifier: GPL-3.0-or-later
 * Opening, closing, and what went wrong. */
#include "common/memory.h"
#include "queue/public/library.h"
#include "queue/queue.h"
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>

enum { DATABASE_MS = 5000, REDIS_MS = 500 }; /* the configuration's defaults */

/* ---- failures ---- */

int library_fail(struct millrace *queues, int r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(queues->error, sizeof queues->error, format, arguments);
    va_end(arguments);
    return r;
}

/* Prefixes of a SQLSTATE; the first that fits. */
static const struct {
    const char *prefix;
    int r;
} meanings[] = {
    { "MR404", -ENOENT }, { "MR409", -EALREADY }, { "MR413", -E2BIG }, { "MR503", -EAGAIN }, { "MR", -EINVAL },
    { "22", -EINVAL }, /* a value out of its type's range */
    { "23", -EINVAL }, /* or that breaks a rule of the table */
    { "40", -EAGAIN }, /* a deadlock: rolled back */
    { "08", -EIO },       { "25006", -EIO },      { "53", -EIO },      { "57", -EIO },       { "58", -EIO },
};

int library_refused(struct millrace *queues, const char *sqlstate, const char *message)
{
    int r = *sqlstate ? -EPROTO : -EIO;

    for (size_t i = 0; i < ELEMENTS(meanings); i++)
        if (!strncmp(sqlstate, meanings[i].prefix, strlen(meanings[i].prefix))) {
            r = meanings[i].r;
            break;
        }
    return library_fail(queues, r, "%.*s", (int)strcspn(message, "\n"), message);
}

int library_run(struct millrace *queues, const struct sql *sql, const struct param *params, struct result *ret)
{
    if (database_run(queues->database, sql, params, ret) < 0)
        return library_refused(queues, ret->sqlstate, ret->message);
    return 0;
}

const char *millrace_error(const struct millrace *queues)
{
    return queues->error;
}

/* ---- SIGPIPE ---- */

struct quiet quiet_begin(void)
{
    struct quiet quiet;
    sigset_t pipe_set, waiting;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&waiting);
    quiet.pending = sigismember(&waiting, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_set, &quiet.before);
    return quiet;
}

void quiet_end(struct quiet *quiet)
{
    const struct timespec at_once = { 0, 0 };
    int keep = errno;
    sigset_t pipe_set;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    if (!quiet->pending)
        while (sigtimedwait(&pipe_set, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
    errno = keep;
}

/* ---- open and close ---- */

/* Of config only what says where the servers are is kept. */
static struct millrace *handle_new(const struct config *config)
{
    struct millrace *queues = NEW(NULL, struct millrace);
    struct config *places = NEW(queues, struct config);

    queues->database = database_new(queues, config->database_url, config->database_timeout);
    places->redis_url = COPY(places, config->redis_url);
    places->redis_queues = COPY(places, config->redis_queues);
    places->redis_timeout = config->redis_timeout;
    queues->redis = queue_redis_new(queues, places);
    return queues;
}

static int say_why(char *why, int r, const char *text)
{
    if (why)
        snprintf(why, MILLRACE_WHY_SIZE, "%s", text);
    return r;
}

int millrace_open(const char *file, struct millrace **ret, char *why)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct millrace *queues;
    struct config *config;
    const char *text = "";
    int r;

    if (sodium_init() < 0)
        return say_why(why, -EIO, "libsodium cannot start");
    r = config_load(ctx, file, &config, &text);
    if (r < 0)
        return say_why(why, r, text);
    queues = handle_new(config);
    queues->encrypt = config->queue_encrypt;
    r = seal_ring_new(queues, config->seal_keys, config->keys, &queues->seals, &text);
    if (r < 0) {
        say_why(why, r, text);
        talloc_free(queues);
        return r;
    }
    *ret = queues;
    return 0;
}

int millrace_open_at(const char *database, const char *redis, struct millrace **ret)
{
    if (!database || !redis || !*redis)
        return -EINVAL;
    if (sodium_init() < 0)
        return -EIO;
    *ret = handle_new(&(struct config){ .database_url = database,
                                        .database_timeout = DATABASE_MS,
                                        .redis_url = redis,
                                        .redis_queues = "",
                                        .redis_timeout = REDIS_MS });
    return 0;
}

void millrace_close(struct millrace *queues)
{
    QUIET;

    if (queues)
        talloc_free(queues);
}
