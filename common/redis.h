/* SPDX-License-Identifier: GPL-3.0-or-later
 * A blocking Redis connection for workers, the scheduler and the command line (the front has an event-driven link of
 * its own). Connects when first used and again after a loss, with back-off. Every answer is waited for no longer than
 * the timeout; an attempt to connect asks each place that the address names once at most, and one more that these
 * name. */
#ifndef MILLRACE_REDIS_H
#define MILLRACE_REDIS_H
#include "common/script.h"
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

/* A command as hiredis wants it: binary-safe, built on talloc. */
struct command {
    int count;
    const char **words;
    size_t *lengths;
};

struct redis;

/* address: as in common/redis_address.h; with any other nothing ever connects, and redis_error() says why. timeout in
 * milliseconds. */
struct redis *redis_new(void *ctx, const char *address, int timeout);

/* -ENOTCONN when there is no server to talk to (asked again after the back-off), else 0. */
int redis_connect(struct redis *redis);
bool redis_connected(const struct redis *redis);
/* Why the last attempt to connect failed, told once; NULL when that was told, or it did not. For the log: calls between
 * two attempts fail as well and are not worth a line. */
const char *redis_trouble(struct redis *redis);
/* The server's run id while connected: a new one means that the server was started anew. */
const char *redis_run_id(const struct redis *redis);
/* Close it; the next call connects anew. */
void redis_drop(struct redis *redis);

/* Send one command and wait. 0 and a reply that the caller frees (freeReplyObject); -ENOTCONN or -EIO when the
 * connection broke (the command may or may not have been done); -EPROTO when Redis answered with an error, whose text
 * is redis_error(). After an error that says that another server is the one to talk to (READONLY, MOVED) the connection
 * is dropped, so that the next call finds that one. */
int redis_do(struct redis *redis, const struct command *command, redisReply **ret);
/* As redis_do, with FCALL of the script, whose library is loaded when the server does not have it; keys are the first
 * keys words of command. */
int redis_call(struct redis *redis, const struct script *script, int keys, const struct command *command,
               redisReply **ret);
const char *redis_error(const struct redis *redis);
void reply_clear(redisReply **reply);
#define autoreply __attribute__((cleanup(reply_clear)))

/* A second way of use, for one command that may block for long (BZPOPMIN): send without waiting, poll
 * redis_descriptor() for reading, then take the answer. redis_take: -EAGAIN when it is not whole yet. */
int redis_send(struct redis *redis, const struct command *command);
int redis_take(struct redis *redis, redisReply **ret);
int redis_descriptor(const struct redis *redis);

/* Append a word; text copies a C string, number formats one. The command's arrays hang off ctx. */
void command_add(void *ctx, struct command *command, const char *bytes, size_t length);
void command_text(void *ctx, struct command *command, const char *text);
void command_number(void *ctx, struct command *command, long long number);
#endif
