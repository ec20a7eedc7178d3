/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redis_wire.h"
#include "common/memory.h"

/* ---- functions ---- */

void command_call(void *ctx, struct command *ret, const struct script *script, int keys, const struct command *command)
{
    int count = command->count + 3;
    struct command whole = {
        .count = count,
        .words = memory_check(talloc_array(ctx, const char *, (unsigned)count)),
        .lengths = memory_check(talloc_array(ctx, size_t, (unsigned)count)),
    };
    const char *const head[] = { "FCALL", script->function, FORMAT(whole.words, "%d", keys) };

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

void command_load(void *ctx, struct command *ret, const struct library *library)
{
    *ret = (struct command){ 0 };
    command_text(ctx, ret, "FUNCTION");
    command_text(ctx, ret, "LOAD");
    command_text(ctx, ret, library->text);
}

static bool is_error(const redisReply *reply, const char *start)
{
    return reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, start, strlen(start));
}

bool reply_is_unknown(const redisReply *reply)
{
    return is_error(reply, "ERR Function not found");
}

bool reply_is_loaded(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ||
           (is_error(reply, "ERR Library '") && strstr(reply->str, "' already exists"));
}

bool reply_is_elsewhere(const redisReply *reply)
{
    static const char *const signs[] = {
        "READONLY ", "MOVED ", "MASTERDOWN ", "UNBLOCKED ", /* it became a replica while a command waited */
    };

    for (size_t i = 0; i < ELEMENTS(signs); i++)
        if (is_error(reply, signs[i]))
            return true;
    return false;
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
