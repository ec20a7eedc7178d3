/* SPDX-License-Identifier: GPL-3.0-or-later
 * Script open as calls: a queue is looked at, closed, wiped and opened. */
#include "common/memory.h"
#include "queue/queue.h"
#include "scripts.h"
#include <errno.h>

enum { SCANNED = 500 }; /* keys that one step of a scan looks at, about */

/* Script open; more: further words. *ret: whether it answered 1. */
static int call_open(struct redis *redis, const char *queue, const char *mode, const char *token,
                     const struct command *more, bool *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoreply redisReply *reply = NULL;
    struct command command = { 0 };
    int r = redis_connect(redis);

    if (r < 0)
        return r;
    command_text(ctx, &command, queue_prefix(ctx, queue));
    command_text(ctx, &command, redis_run_id(redis));
    command_text(ctx, &command, mode);
    command_text(ctx, &command, token);
    for (int i = 0; more && i < more->count; i++)
        command_add(ctx, &command, more->words[i], more->lengths[i]);
    r = redis_call(redis, &script_open, 1, &command, &reply);
    if (r == 0)
        *ret = reply->integer == 1;
    return r;
}

int queue_is_open(struct redis *redis, const char *queue, bool *ret)
{
    return call_open(redis, queue, "look", "", NULL, ret);
}

int queue_close(struct redis *redis, const char *queue, const char *token, bool *ret)
{
    return call_open(redis, queue, "close", token, NULL, ret);
}

int queue_keep(struct redis *redis, const char *queue, const char *token, bool *ret)
{
    return call_open(redis, queue, "keep", token, NULL, ret);
}

int queue_open(struct redis *redis, const char *queue, const char *token, bool *ret)
{
    return call_open(redis, queue, "open", token, NULL, ret);
}

/* ---- wiping ---- */

/* Whether a key, by what stands behind its prefix, is a tenant's list, a lane, or a set of what runs: of these there
 * are as many as tenants and keys, so the script that forgets jobs leaves them. */
static bool is_of_jobs(const char *name)
{
    static const char *const families[] = { "r:", "w:", "in:" };

    for (size_t i = 0; i < ELEMENTS(families); i++)
        if (!strncmp(name, families[i], strlen(families[i])))
            return true;
    return false;
}

/* One step of a scan over the queue's keys: *ret_keys are those to unlink, on ctx; *cursor is "0" after the last. */
static int scan(struct redis *redis, void *ctx, const char *prefix, char cursor[24], struct command *ret_keys)
{
    autoreply redisReply *reply = NULL;
    struct command command = { 0 }, keys = { 0 };
    int r;

    command_text(ctx, &command, "SCAN");
    command_text(ctx, &command, cursor);
    command_text(ctx, &command, "MATCH");
    command_text(ctx, &command, FORMAT(ctx, "%s*", prefix));
    command_text(ctx, &command, "COUNT");
    command_number(ctx, &command, SCANNED);
    r = redis_do(redis, &command, &reply);
    if (r < 0)
        return r;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_ARRAY)
        return -EPROTO;
    snprintf(cursor, 24, "%s", reply->element[0]->str);
    for (size_t i = 0; i < reply->element[1]->elements; i++) {
        const redisReply *key = reply->element[1]->element[i];
        if (is_of_jobs(key->str + strlen(prefix)))
            command_add(ctx, &keys, key->str, key->len);
    }
    *ret_keys = keys;
    return 0;
}

int queue_wipe(struct redis *redis, const char *queue, const char *token, bool *ret)
{
    char cursor[24] = "0";
    bool mine = false;
    int r = call_open(redis, queue, "forget", token, NULL, &mine);

    while (r == 0 && mine) {
        autotalloc void *ctx = talloc_new(NULL);
        struct command keys;

        r = scan(redis, ctx, queue_prefix(ctx, queue), cursor, &keys);
        if (r == 0)
            r = call_open(redis, queue, "wipe", token, &keys, &mine);
        if (!strcmp(cursor, "0"))
            break;
    }
    if (r == 0 && mine)
        r = call_open(redis, queue, "wiped", token, NULL, &mine);
    if (r == 0)
        *ret = mine;
    return r;
}
