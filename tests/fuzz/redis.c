/* SPDX-License-Identifier: GPL-3.0-or-later
 * What Redis says: commands arrive as they were put together; replies are the same from pieces of any size; an attempt
 * to connect ends, whatever the servers answer. Input: seed of the pieces (4), which address (1), bytes of the wire. */
#include "common/memory.h"
#include "common/redis_dial.h"
#include "common/redis_wire.h"
#include "tests/fuzz/shared/fuzz.h"
#include <hiredis/hiredis.h>

enum { REPLIES_MAX = 64, ROUNDS_MAX = 64 };

struct replies {
    redisReply *list[REPLIES_MAX];
    int count;
    bool broken;
};

static void take_replies(redisReader *reader, struct replies *ret)
{
    void *reply = NULL;

    while (!ret->broken && ret->count < REPLIES_MAX) {
        ret->broken = redisReaderGetReply(reader, &reply) != REDIS_OK;
        if (ret->broken || !reply)
            return;
        ret->list[ret->count++] = reply;
    }
}

static void read_wire(const char *bytes, size_t n, uint32_t seed, struct replies *ret)
{
    redisReader *reader = memory_check(redisReaderCreate());

    *ret = (struct replies){ 0 };
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = seed ? piece_next(&seed, n - at) : n - at;
        redisReaderFeed(reader, bytes + at, piece);
        take_replies(reader, ret);
    }
    redisReaderFree(reader);
}

static void replies_free(struct replies *replies)
{
    for (int i = 0; i < replies->count; i++)
        freeReplyObject(replies->list[i]);
}

static void hold_same(const redisReply *one, const redisReply *other)
{
    MUST(one->type == other->type && one->integer == other->integer && one->len == other->len);
    MUST(one->elements == other->elements && !one->str == !other->str);
    MUST(!one->str || !memcmp(one->str, other->str, one->len + 1));
    for (size_t i = 0; i < one->elements; i++)
        hold_same(one->element[i], other->element[i]);
}

/* The bytes' lines as a command's words. */
static void hold_command(void *ctx, struct input input)
{
    struct command command = { 0 };
    struct replies back;
    char *wire = NULL;
    long long length;

    command_text(ctx, &command, "ECHO");
    command_number(ctx, &command, (long long)input.left);
    while (input.left) {
        const char *line = input_line(ctx, &input);
        command_text(ctx, &command, line);
    }
    length = redisFormatCommandArgv(&wire, command.count, command.words, command.lengths);
    MUST(length > 0);
    read_wire(wire, (size_t)length, 0, &back);
    MUST(back.count == 1 && back.list[0]->type == REDIS_REPLY_ARRAY);
    MUST(back.list[0]->elements == (size_t)command.count);
    for (int i = 0; i < command.count; i++)
        MUST(back.list[0]->element[i]->len == command.lengths[i] &&
             !memcmp(back.list[0]->element[i]->str, command.words[i], command.lengths[i]));
    replies_free(&back);
    free(wire);
}

static const char *const addresses[] = {
    "127.0.0.1:6379",
    "redis://someone:secret@there",
    "sentinel://one,two:26000,[::1]:7/master?sentinel=:word",
    "cluster://a,b,c/%7Bmain%7D",
};

/* Servers that answer with these, one after the other, and then hang up. */
static void hold_dial(void *ctx, const char *address, const struct replies *replies)
{
    struct redis_dial *dial = dial_new(ctx, address);
    enum dial state = dial_begin(dial);
    int next = 0, rounds = 0;

    for (; state == DIAL_AGAIN; rounds++) {
        struct command says[DIAL_SAYS];
        const char *why = NULL;
        char printed[REDIS_PLACE_TEXT];
        int count = dial_say(dial, ctx, says);

        MUST(rounds < ROUNDS_MAX && count >= 0 && count <= DIAL_SAYS);
        redis_place_print(dial_place(dial), printed);
        for (int i = 0; i < count && !why; i++)
            why = next < replies->count ? dial_hear(dial, i, replies->list[next++]) : "hung up";
        state = why ? dial_failed(dial, why) : dial_greeted(dial);
    }
    if (state == DIAL_THERE)
        dial_up(dial);
    else
        MUST(dial_backoff(dial) > 0 && strlen(dial_why(dial)) < DIAL_WHY);
    MUST(dial_run_id(dial));
}

FUZZ(redis)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    uint32_t seed = input_number(&input, 4);
    const char *address = addresses[input_byte(&input) % ELEMENTS(addresses)];
    struct replies whole, pieces;

    read_wire(input.at, input.left, 0, &whole);
    read_wire(input.at, input.left, seed | 1, &pieces);
    MUST(whole.count == pieces.count);
    for (int i = 0; i < whole.count; i++) {
        hold_same(whole.list[i], pieces.list[i]);
        reply_is_unknown(whole.list[i]);
        reply_is_loaded(whole.list[i]);
        reply_is_elsewhere(whole.list[i]);
    }
    hold_dial(ctx, address, &whole);
    hold_command(ctx, input);
    replies_free(&whole);
    replies_free(&pieces);
}
