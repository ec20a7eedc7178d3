/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/lanes/redis_link_private.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { LOAD_PAUSE = 1000 };

static void link_connect(struct redis_link *link);

/* ---- leaving ---- */

static bool is_ours(const struct ask *ask);

/* Close the connection. What was sent on it is not answered any more. */
static void link_close(struct redis_link *link)
{
    struct ask *ask = link->head, *next;

    loop_forget(link->loop, &link->source);
    loop_timer_clear(link->loop, &link->timer);
    if (link->connection)
        redisFree(link->connection);
    link->connection = NULL;
    link->broken = NULL;
    link->onward = false;
    link->head = NULL;
    link->tail = &link->head;
    for (; ask; ask = next) {
        next = ask->next;
        ask->next = NULL;
        ask->reply = NULL;
        if (is_ours(ask))
            ask->done(ask); /* at once: the next connection has greetings of its own */
        else
            link_end_later(link, ask);
    }
}

void link_break(struct redis_link *link, const char *why)
{
    enum dial dial = dial_failed(link->dial, why);

    link_close(link);
    if (dial == DIAL_AGAIN) {
        link_connect(link);
        return;
    }
    log_warning("redis.lost", "error=%s", dial_why(link->dial));
    link->state = DOWN;
    link->tried = true;
    link_end_later(link, TAKE(link->early));
    link->early_last = &link->early;
    loop_timer_set(link->loop, &link->timer, (uint64_t)dial_backoff(link->dial));
}

void link_hop(struct redis_link *link)
{
    link_close(link);
    link_connect(link);
}

/* ---- the library ---- */

static void load_done(struct ask *ask)
{
    struct load *load = OWNER(ask, struct load, ask);
    struct redis_link *link = load->link;

    link->loading = NULL;
    if (ask->reply && !reply_is_loaded(ask->reply)) {
        log_warning("redis.load", "error=%s", ask->reply->type == REDIS_REPLY_ERROR ? ask->reply->str : "odd answer");
        link->no_load_until = loop_now(link->loop) + LOAD_PAUSE;
    }
    talloc_free(load);
}

bool link_load(struct redis_link *link, const struct library *library)
{
    struct command command;
    struct load *load;

    if (link->loading == library)
        return true;
    if (loop_now(link->loop) < link->no_load_until)
        return false;
    load = NEW(link, struct load);
    *load = (struct load){ .ask = { .done = load_done }, .link = link };
    command_load(load, &command, library);
    redisAppendCommandArgv(link->connection, command.count, command.words, command.lengths);
    link_sent(link, &load->ask);
    link->loading = library;
    return true;
}

/* ---- the greeting ---- */

static void link_greet(struct redis_link *link)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command says[DIAL_SAYS];
    int n = dial_say(link->dial, scratch, says);

    link->state = GREETING;
    link->greets_left = n;
    for (int i = 0; i < n; i++) {
        redisAppendCommandArgv(link->connection, says[i].count, says[i].words, says[i].lengths);
        link_sent(link, &link->greets[i].ask);
    }
}

static void link_up(struct redis_link *link)
{
    struct ask *ask = TAKE(link->early), *next;

    link->state = UP;
    link->tried = true;
    link->early_last = &link->early;
    dial_up(link->dial);
    for (; ask; ask = next) {
        next = ask->next;
        redisAppendFormattedCommand(link->connection, ask->wire, ask->wire_length);
        link_sent(link, ask);
    }
    if (link->subscriber)
        link_listen(link);
}

static void greet_done(struct ask *ask)
{
    struct greet *greet = OWNER(ask, struct greet, ask);
    struct redis_link *link = greet->link;

    link->greets_left--;
    if (!ask->reply) /* the connection broke */
        return;
    link->broken = dial_hear(link->dial, greet->number, ask->reply);
    if (link->broken || link->greets_left)
        return;
    if (dial_greeted(link->dial) == DIAL_AGAIN) {
        link->onward = true;
        return;
    }
    link_up(link);
}

static bool is_ours(const struct ask *ask)
{
    return ask->done == greet_done || ask->done == load_done;
}

/* ---- connecting ---- */

static void link_connected(struct redis_link *link)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(link->connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
        link_break(link, strerror(error));
        return;
    }
    loop_timer_clear(link->loop, &link->timer);
    link_greet(link);
}

void link_ready(struct source *source, uint32_t events)
{
    struct redis_link *link = OWNER(source, struct redis_link, source);

    if (link->state == CONNECTING)
        link_connected(link);
    else if (events & ~(uint32_t)EPOLLOUT)
        link_read(link);
    else
        link_flush(link);
}

static void link_connect(struct redis_link *link)
{
    const struct redis_place *place = dial_place(link->dial);

    link->connection =
        place->path ? redisConnectUnixNonBlock(place->path) : redisConnectNonBlock(place->host, place->port);
    memory_check(link->connection);
    if (link->connection->err || loop_watch(link->loop, &link->source, link->connection->fd, EPOLLOUT) < 0) {
        link_break(link, link->connection->errstr);
        return;
    }
    link->state = CONNECTING;
    loop_timer_set(link->loop, &link->timer, link->timeout);
}

void link_open(struct redis_link *link)
{
    dial_begin(link->dial);
    link_connect(link);
}

int link_connect_init(struct redis_link *link, const char *address)
{
    link->dial = dial_new(link, address);
    if (dial_begin(link->dial) == DIAL_OVER)
        return -EINVAL;
    for (int i = 0; i < DIAL_SAYS; i++)
        link->greets[i] = (struct greet){ .ask = { .done = greet_done }, .link = link, .number = i };
    return 0;
}
