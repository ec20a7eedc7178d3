/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redis_wire.h"
#include "common/memory.h"
#include <errno.h>

/* ---- scripts ---- */

struct loaded *loaded_new(void *ctx, const struct script *const *scripts)
{
    size_t count = 0;
    struct loaded *loaded;

    while (scripts && scripts[count])
        count++;
    loaded = memory_check(talloc_zero_array(ctx, struct loaded, count + 1));
    for (size_t i = 0; i < count; i++)
        loaded[i].script = scripts[i];
    return loaded;
}

const char *loaded_sha(const struct loaded *loaded, const struct script *script)
{
    while (loaded->script && loaded->script != script)
        loaded++;
    return loaded->script && *loaded->sha ? loaded->sha : NULL;
}

void loaded_forget(struct loaded *loaded)
{
    for (; loaded->script; loaded++)
        *loaded->sha = '\0';
}

int loaded_take(struct loaded *loaded, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != sizeof loaded->sha - 1)
        return -EPROTO;
    memcpy(loaded->sha, reply->str, sizeof loaded->sha);
    return 0;
}

void command_eval(void *ctx, struct command *ret, const char *verb, const char *text, int keys,
                  const struct command *command)
{
    int count = command->count + 3;
    struct command whole = {
        .count = count,
        .words = memory_check(talloc_array(ctx, const char *, (unsigned)count)),
        .lengths = memory_check(talloc_array(ctx, size_t, (unsigned)count)),
    };
    const char *const head[] = { verb, text, FORMAT(whole.words, "%d", keys) };

    for (size_t i = 0; i < ELEMENTS(head); i++) {
        whole.words[i] = head[i];
        whole.lengths[i] = strlen(head[i]);
    }
    if (command->count) {
        memcpy(whole.words + 3, command->words, (size_t)command->count * sizeof *whole.words);
        memcpy(whole.lengths + 3, command->lengths, (size_t)command->count * sizeof *whole.lengths);
    }
    *ret = whole;
}

bool reply_is_noscript(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, "NOSCRIPT", 8);
}

bool reply_is_elsewhere(const redisReply *reply)
{
    static const char *const signs[] = {
        "READONLY ", "MOVED ", "MASTERDOWN ", "UNBLOCKED ", /* it became a replica while a command waited */
    };

    if (reply->type != REDIS_REPLY_ERROR)
        return false;
    for (size_t i = 0; i < ELEMENTS(signs); i++)
        if (!strncmp(reply->str, signs[i], strlen(signs[i])))
            return true;
    return strstr(reply->str, ": -READONLY ") != NULL; /* in a script, as servers before 7 say it */
}

/* ---- commands ---- */

void command_add(void *ctx, struct command *command, const char *bytes, size_t length)
{
    size_t room = talloc_array_length(command->words), n = (size_t)command->count;

    if (n == room) {
        room = room * 2 + 8;
        command->words = memory_check(talloc_realloc(ctx, command->words, const char *, room));
        command->lengths = memory_check(talloc_realloc(ctx, command->lengths, size_t, room));
    }
    command->words[n] = memory_check(talloc_memdup(ctx, length ? bytes : "", length ? length : 1));
    command->lengths[n] = length;
    command->count++;
}

void command_text(void *ctx, struct command *command, const char *text)
{
    command_add(ctx, command, text, strlen(text));
}

void command_number(void *ctx, struct command *command, long long number)
{
    char text[24];
    command_add(ctx, command, text, (size_t)snprintf(text, sizeof text, "%lld", number));
}
