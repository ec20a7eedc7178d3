/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/lanes/redis_link.h"
#include "common/memory.h"
#include "fcgi/lanes/redis_link_private.h"
#include <errno.h>
#include <sys/epoll.h>

void link_end_later(struct redis_link *link, struct ask *asks)
{
    if (!asks)
        return;
    *link->over_last = asks;
    while (*link->over_last)
        link->over_last = &(*link->over_last)->next;
    loop_defer(link->loop, &link->flush);
}

/* ---- sending ---- */

void link_sent(struct redis_link *link, struct ask *ask)
{
    ask->sent_at = loop_now(link->loop);
    ask->next = NULL;
    *link->tail = ask;
    link->tail = &ask->next;
    if (!link->timer.position)
        loop_timer_set(link->loop, &link->timer, link->timeout);
    loop_defer(link->loop, &link->flush);
}

/* library: of a call, which may have to be sent a second time; else NULL. */
static void link_begin(struct redis_link *link, struct ask *ask, const struct command *command,
                       const struct library *library)
{
    /* Right after the start it may wait for the first attempt: a plain CGI process has no better time to ask. */
    bool early = link->state != UP && !link->tried;
    long long length;

    ask->reply = NULL;
    ask->wire = NULL;
    ask->next = NULL;
    ask->library = library;
    if (link->state != UP && !early) {
        link_end_later(link, ask);
        return;
    }
    if (!early && !library) {
        redisAppendCommandArgv(link->connection, command->count, command->words, command->lengths);
        link_sent(link, ask);
        return;
    }
    length = redisFormatCommandArgv(&ask->wire, command->count, command->words, command->lengths);
    memory_check(length < 0 ? NULL : ask->wire);
    ask->wire_length = (size_t)length;
    if (early) {
        *link->early_last = ask;
        link->early_last = &ask->next;
        return;
    }
    redisAppendFormattedCommand(link->connection, ask->wire, ask->wire_length);
    link_sent(link, ask);
}

void redis_link_send(struct redis_link *link, struct ask *ask, const struct command *command)
{
    link_begin(link, ask, command, NULL);
}

void redis_link_call(struct redis_link *link, struct ask *ask, const struct script *script, int keys,
                     const struct command *command)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command whole;

    command_call(scratch, &whole, script, keys, command);
    link_begin(link, ask, &whole, script->library);
}

bool redis_link_up(const struct redis_link *link)
{
    return link->state == UP;
}

const char *redis_link_run_id(const struct redis_link *link)
{
    return link->state == UP ? dial_run_id(link->dial) : "";
}

void link_flush(struct redis_link *link)
{
    int done = 0;

    if (link->state < GREETING)
        return;
    if (redisBufferWrite(link->connection, &done) != REDIS_OK)
        link_break(link, link->connection->errstr);
    else
        loop_change(link->loop, &link->source, done ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static void ask_end(struct ask *ask, redisReply *reply)
{
    redisFreeCommand(TAKE(ask->wire));
    ask->reply = reply;
    ask->done(ask); /* after which it may be gone */
    if (reply)
        freeReplyObject(reply);
}

static void link_flush_due(struct deferred *deferred)
{
    struct redis_link *link = OWNER(deferred, struct redis_link, flush);
    struct ask *ask, *next;

    link_flush(link);
    ask = link->over;
    link->over = NULL;
    link->over_last = &link->over;
    for (; ask; ask = next) {
        next = ask->next;
        ask_end(ask, NULL);
    }
}

/* ---- answers ---- */

/* The server has lost the library, or never had it: load it, then send the same again behind that. */
static bool link_again(struct redis_link *link, struct ask *ask, const redisReply *reply)
{
    const struct library *library = reply_is_unknown(reply) ? TAKE(ask->library) : NULL;

    if (!library || !link_load(link, library))
        return false;
    redisAppendFormattedCommand(link->connection, ask->wire, ask->wire_length);
    link_sent(link, ask);
    return true;
}

static void link_answer(struct redis_link *link, redisReply *reply)
{
    struct ask *ask = link->head;

    if (link->subscriber && link->state == UP) {
        link_hear(link, reply);
        return;
    }
    if (!ask) { /* nobody asked: the server says goodbye, or we lost count */
        link->broken = "an answer that nobody asked for";
        freeReplyObject(reply);
        return;
    }
    link->head = ask->next;
    if (!link->head)
        link->tail = &link->head;
    if (reply_is_elsewhere(reply) && link->state == UP) /* the next attempt finds the one to talk to */
        link->broken = "it is not the server to talk to any more";
    if (link_again(link, ask, reply))
        freeReplyObject(reply);
    else
        ask_end(ask, reply);
}

void link_read(struct redis_link *link)
{
    void *reply = NULL;

    if (redisBufferRead(link->connection) != REDIS_OK) {
        link_break(link, link->connection->errstr);
        return;
    }
    while (!link->broken && !link->onward) {
        if (redisGetReplyFromReader(link->connection, &reply) != REDIS_OK) {
            link_break(link, link->connection->errstr);
            return;
        }
        if (!reply)
            return;
        link_answer(link, reply);
    }
    if (link->broken)
        link_break(link, link->broken);
    else
        link_hop(link);
}

/* ---- beginning and end ---- */

static void link_due(struct timer *timer)
{
    struct redis_link *link = OWNER(timer, struct redis_link, timer);
    uint64_t age = link->head ? loop_now(link->loop) - link->head->sent_at : 0;

    if (link->state == DOWN)
        link_open(link);
    else if (link->state == UP && link->subscriber)
        link_listen_check(link);
    else if (link->state == CONNECTING || age >= link->timeout)
        link_break(link, "timeout");
    else if (link->head)
        loop_timer_set(link->loop, timer, link->timeout - age);
}

static int link_free(struct redis_link *link)
{
    loop_forget(link->loop, &link->source);
    loop_timer_clear(link->loop, &link->timer);
    loop_undefer(link->loop, &link->flush);
    if (link->connection)
        redisFree(link->connection);
    return 0;
}

int redis_link_new(void *ctx, struct loop *loop, const char *address, int timeout, struct redis_link **ret)
{
    struct redis_link *link = NEW(ctx, struct redis_link);

    link->loop = loop;
    link->timeout = (uint64_t)timeout;
    link->source = (struct source){ .ready = link_ready, .fd = -1 };
    link->timer.due = link_due;
    link->flush.call = link_flush_due;
    link->tail = &link->head;
    link->early_last = &link->early;
    link->over_last = &link->over;
    if (link_connect_init(link, address) < 0) {
        talloc_free(link);
        return -EINVAL;
    }
    talloc_set_destructor(link, link_free);
    link_open(link);
    *ret = link;
    return 0;
}
