/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redis.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/redis_dial.h"
#include "common/redis_wire.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>

struct redis {
    struct redis_dial *dial;
    struct timeval timeout;
    redisContext *connection;
    bool waiting;        /* redis_send without its redis_take */
    uint64_t not_before; /* milliseconds; no attempt to connect until then */
    bool trouble;        /* an attempt to connect has failed, and nobody has asked why */
    char error[DIAL_WHY];
};

void redis_drop(struct redis *redis)
{
    if (redis->connection)
        redisFree(redis->connection);
    redis->connection = NULL;
    redis->waiting = false;
}

static int redis_free(struct redis *redis)
{
    redis_drop(redis);
    return 0;
}

struct redis *redis_new(void *ctx, const char *address, int timeout)
{
    struct redis *redis = NEW(ctx, struct redis);

    redis->dial = dial_new(redis, address);
    redis->timeout = (struct timeval){ timeout / 1000, timeout % 1000 * 1000 };
    talloc_set_destructor(redis, redis_free);
    return redis;
}

/* Break the connection and remember why. */
static int redis_fail(struct redis *redis, int r, const char *why)
{
    snprintf(redis->error, sizeof redis->error, "%s", why);
    redis_drop(redis);
    return r;
}

/* Wait for the next answer. */
static int redis_answer(struct redis *redis, redisReply **ret)
{
    const redisContext *connection = redis->connection;
    void *reply = NULL;

    if (redisGetReply(redis->connection, &reply) != REDIS_OK || !reply)
        return redis_fail(redis, -EIO,
                          connection->err == REDIS_ERR_IO && errno == EAGAIN ? "no answer in time (redis.timeout)"
                                                                             : connection->errstr);
    *ret = reply;
    return 0;
}

/* Keep the text of an error reply and free it. When this is not the server to talk to any more, the next call finds the
 * one that is. */
static int redis_refused(struct redis *redis, redisReply *reply)
{
    snprintf(redis->error, sizeof redis->error, "%s", reply->str);
    if (reply_is_elsewhere(reply))
        redis_drop(redis);
    freeReplyObject(reply);
    return -EPROTO;
}

/* As redis_answer, an error reply being -EPROTO. */
static int redis_answer_good(struct redis *redis, redisReply **ret)
{
    redisReply *reply;
    int r = redis_answer(redis, &reply);

    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_refused(redis, reply);
    *ret = reply;
    return 0;
}

static void redis_append(struct redis *redis, const struct command *command)
{
    redisAppendCommandArgv(redis->connection, command->count, command->words, command->lengths);
}

/* ---- connecting ---- */

static int redis_greet(struct redis *redis)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command says[DIAL_SAYS];
    int n = dial_say(redis->dial, scratch, says), r = 0;

    for (int i = 0; i < n; i++)
        redis_append(redis, &says[i]);
    for (int i = 0; i < n && r == 0; i++) {
        redisReply *reply;
        const char *why;

        r = redis_answer(redis, &reply);
        if (r < 0)
            break;
        why = dial_hear(redis->dial, i, reply);
        if (why)
            r = redis_fail(redis, -ENOTCONN, why);
        freeReplyObject(reply);
    }
    return r;
}

/* Connect to where the dial points, and greet. A context is always made anew: redisReconnect would forget the timeout.
 */
static int redis_reach(struct redis *redis)
{
    const struct redis_place *place = dial_place(redis->dial);

    redis->connection = place->path ? redisConnectUnixWithTimeout(place->path, redis->timeout)
                                    : redisConnectWithTimeout(place->host, place->port, redis->timeout);
    if (!redis->connection)
        return redis_fail(redis, -ENOMEM, "no memory");
    if (redis->connection->err || redisSetTimeout(redis->connection, redis->timeout) != REDIS_OK)
        return redis_fail(redis, -ENOTCONN, redis->connection->errstr);
    return redis_greet(redis);
}

static int redis_open(struct redis *redis)
{
    enum dial dial = dial_begin(redis->dial);

    while (dial == DIAL_AGAIN) {
        redis_drop(redis);
        dial = redis_reach(redis) < 0 ? dial_failed(redis->dial, redis->error) : dial_greeted(redis->dial);
    }
    return dial == DIAL_THERE ? 0 : -ENOTCONN;
}

/* The server has closed a connection, or said something unasked for, when it is readable and nothing is waited for. */
static bool redis_stale(const struct redis *redis)
{
    struct pollfd fd = { .fd = redis->connection->fd, .events = POLLIN };
    return !redis->waiting && poll(&fd, 1, 0) != 0;
}

int redis_connect(struct redis *redis)
{
    if (redis->connection && redis_stale(redis))
        redis_drop(redis);
    if (redis->connection)
        return 0;
    if (clock_boot_ms() < redis->not_before)
        return -ENOTCONN;
    if (redis_open(redis) < 0) {
        redis_drop(redis);
        snprintf(redis->error, sizeof redis->error, "%s", dial_why(redis->dial));
        redis->not_before = clock_boot_ms() + (uint64_t)dial_backoff(redis->dial);
        redis->trouble = true;
        return -ENOTCONN;
    }
    dial_up(redis->dial);
    return 0;
}

const char *redis_trouble(struct redis *redis)
{
    return TAKE(redis->trouble) ? dial_why(redis->dial) : NULL;
}

bool redis_connected(const struct redis *redis)
{
    return redis->connection != NULL;
}

const char *redis_run_id(const struct redis *redis)
{
    return redis->connection ? dial_run_id(redis->dial) : "";
}

void reply_clear(redisReply **reply)
{
    freeReplyObject(*reply);
}

const char *redis_error(const struct redis *redis)
{
    return redis->error;
}

/* ---- one command at a time ---- */

int redis_do(struct redis *redis, const struct command *command, redisReply **ret)
{
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    assert(!redis->waiting); /* its answer would be taken for this one's */
    redis_append(redis, command);
    return redis_answer_good(redis, ret);
}

/* As redis_do, the answer being left as it is, an error too. */
static int redis_ask(struct redis *redis, const struct command *command, redisReply **ret)
{
    redis_append(redis, command);
    return redis_answer(redis, ret);
}

/* The server has lost the library, or never had it. */
static int redis_load(struct redis *redis, const struct library *library)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command load;
    redisReply *reply;
    int r;

    command_load(scratch, &load, library);
    r = redis_ask(redis, &load, &reply);
    if (r < 0)
        return r;
    if (!reply_is_loaded(reply))
        return redis_refused(redis, reply);
    freeReplyObject(reply);
    return 0;
}

int redis_call(struct redis *redis, const struct script *script, int keys, const struct command *command,
               redisReply **ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command whole;
    redisReply *reply;
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    assert(!redis->waiting);
    command_call(scratch, &whole, script, keys, command);
    r = redis_ask(redis, &whole, &reply);
    if (r == 0 && reply_is_unknown(reply)) {
        freeReplyObject(reply);
        r = redis_load(redis, script->library);
        if (r == 0)
            r = redis_ask(redis, &whole, &reply);
    }
    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_refused(redis, reply);
    *ret = reply;
    return 0;
}

/* ---- a command that may block for long ---- */

int redis_send(struct redis *redis, const struct command *command)
{
    int done = 0, r = redis_connect(redis);

    if (r < 0)
        return r;
    assert(!redis->waiting);
    redis_append(redis, command);
    while (!done)
        if (redisBufferWrite(redis->connection, &done) != REDIS_OK)
            return redis_fail(redis, -EIO, redis->connection->errstr);
    redis->waiting = true;
    return 0;
}

int redis_take(struct redis *redis, redisReply **ret)
{
    void *reply = NULL;

    if (!redis->connection)
        return -ENOTCONN;
    for (;;) {
        struct pollfd fd = { .fd = redis->connection->fd, .events = POLLIN };
        if (redisGetReplyFromReader(redis->connection, &reply) != REDIS_OK)
            return redis_fail(redis, -EIO, redis->connection->errstr);
        if (reply)
            break;
        if (poll(&fd, 1, 0) <= 0)
            return -EAGAIN;
        if (redisBufferRead(redis->connection) != REDIS_OK)
            return redis_fail(redis, -EIO, redis->connection->errstr);
    }
    redis->waiting = false;
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        return redis_refused(redis, reply);
    *ret = reply;
    return 0;
}

int redis_descriptor(const struct redis *redis)
{
    return redis->connection ? redis->connection->fd : -1;
}
