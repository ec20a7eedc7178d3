/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/redis_link.h"
#include "common/backoff.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/redis_wire.h"
#include <sys/epoll.h>
#include <sys/socket.h>

/* A script on its way to the server; the one without a script is the PING that greets it. */
struct load {
    struct ask ask;
    struct redis_link *link;
    struct loaded *one;
    bool under_way;
};

struct redis_link {
    struct loop *loop;
    struct redis_address address;
    uint64_t timeout;
    enum { DOWN, CONNECTING, GREETING, UP } state;
    redisContext *connection;
    struct source source;
    struct timer timer;    /* DOWN: until the next attempt; else until the attempt or the oldest ask is too old */
    struct deferred flush; /* writes what a round has gathered, and ends what has no server to go to */
    int backoff;
    bool tried;               /* an attempt to connect has ended, one way or the other */
    bool broken;              /* seen while answers are being read: ended after that */
    struct ask *head, **tail; /* sent, in order */
    struct ask *over, **over_last;
    struct loaded *scripts;
    struct load *loads;
    int load_count, loads_left;
};

static void link_open(struct redis_link *link);

static void link_end_later(struct redis_link *link, struct ask *ask)
{
    ask->next = NULL;
    *link->over_last = ask;
    link->over_last = &ask->next;
    loop_defer(link->loop, &link->flush);
}

static void link_break(struct redis_link *link, const char *why)
{
    struct ask *ask = link->head, *next;

    log_warning("redis.lost", "error=%s", why);
    loop_forget(link->loop, &link->source);
    if (link->connection)
        redisFree(link->connection);
    link->connection = NULL;
    link->state = DOWN;
    link->tried = true;
    link->broken = false;
    link->head = NULL;
    link->tail = &link->head;
    for (; ask; ask = next) {
        next = ask->next;
        link_end_later(link, ask);
    }
    link->backoff = backoff_next(link->backoff);
    loop_timer_set(link->loop, &link->timer, (uint64_t)link->backoff);
}

/* ---- sending ---- */

static void link_sent(struct redis_link *link, struct ask *ask)
{
    ask->sent_at = loop_now(link->loop);
    ask->next = NULL;
    *link->tail = ask;
    link->tail = &ask->next;
    if (!link->timer.position)
        loop_timer_set(link->loop, &link->timer, link->timeout);
    loop_defer(link->loop, &link->flush);
}

static bool link_begin(struct redis_link *link, struct ask *ask)
{
    ask->reply = NULL;
    ask->wire = NULL;
    ask->again = false;
    /* Right after the start it may wait for the first attempt: a plain CGI process has no better time to ask. */
    if (link->state == UP || (!link->tried && link->state != DOWN))
        return true;
    link_end_later(link, ask);
    return false;
}

void redis_link_send(struct redis_link *link, struct ask *ask, const struct command *command)
{
    if (!link_begin(link, ask))
        return;
    redisAppendCommandArgv(link->connection, command->count, command->words, command->lengths);
    link_sent(link, ask);
}

void redis_link_eval(struct redis_link *link, struct ask *ask, const struct script *script, int keys,
                     const struct command *command)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *sha = loaded_sha(link->scripts, script);
    struct command whole;
    long long length;

    if (!link_begin(link, ask))
        return;
    command_eval(scratch, &whole, sha ? "EVALSHA" : "EVAL", sha ? sha : script->text, keys, command);
    if (sha) {
        length = redisFormatCommandArgv(&ask->wire, whole.count, whole.words, whole.lengths);
        memory_check(length < 0 ? NULL : ask->wire);
        ask->wire_length = (size_t)length;
        redisAppendFormattedCommand(link->connection, ask->wire, ask->wire_length);
    } else {
        redisAppendCommandArgv(link->connection, whole.count, whole.words, whole.lengths);
    }
    link_sent(link, ask);
}

bool redis_link_up(const struct redis_link *link)
{
    return link->state == UP;
}

static void link_flush(struct redis_link *link)
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

/* ---- scripts ---- */

static void link_load(struct redis_link *link)
{
    for (int i = 0; i < link->load_count; i++) {
        struct load *load = &link->loads[i];

        if (load->under_way)
            continue;
        load->under_way = true;
        link->loads_left++;
        if (load->one->script)
            redisAppendCommand(link->connection, "SCRIPT LOAD %s", load->one->script->text);
        else
            redisAppendCommand(link->connection, "PING");
        link_sent(link, &load->ask);
    }
}

static void load_done(struct ask *ask)
{
    struct load *load = OWNER(ask, struct load, ask);
    struct redis_link *link = load->link;
    const redisReply *reply = ask->reply;

    load->under_way = false;
    link->loads_left--;
    if (!reply) /* the connection broke */
        return;
    if (load->one->script ? loaded_take(load->one, reply) < 0 : reply->type != REDIS_REPLY_STATUS)
        link->broken = true; /* it is loading its data, or a script is wrong */
    else if (!link->loads_left && link->state == GREETING) {
        link->state = UP;
        link->tried = true;
        link->backoff = 0;
    }
}

/* ---- answers ---- */

/* The server has lost its scripts: load them, then send the same again behind that. */
static bool link_again(struct redis_link *link, struct ask *ask, const redisReply *reply)
{
    if (!ask->wire || ask->again || !reply_is_noscript(reply))
        return false;
    ask->again = true;
    if (!link->loads_left)
        link_load(link);
    redisAppendFormattedCommand(link->connection, ask->wire, ask->wire_length);
    link_sent(link, ask);
    return true;
}

static void link_answer(struct redis_link *link, redisReply *reply)
{
    struct ask *ask = link->head;

    if (!ask) { /* nobody asked: the server says goodbye, or we lost count */
        link->broken = true;
        freeReplyObject(reply);
        return;
    }
    link->head = ask->next;
    if (!link->head)
        link->tail = &link->head;
    if (link_again(link, ask, reply))
        freeReplyObject(reply);
    else
        ask_end(ask, reply);
}

static void link_read(struct redis_link *link)
{
    void *reply = NULL;

    if (redisBufferRead(link->connection) != REDIS_OK) {
        link_break(link, link->connection->errstr);
        return;
    }
    while (!link->broken) {
        if (redisGetReplyFromReader(link->connection, &reply) != REDIS_OK) {
            link_break(link, link->connection->errstr);
            return;
        }
        if (!reply)
            return;
        link_answer(link, reply);
    }
    link_break(link, "unusable answer");
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
    link->state = GREETING;
    loop_timer_clear(link->loop, &link->timer);
    loaded_forget(link->scripts);
    link_load(link);
}

static void link_ready(struct source *source, uint32_t events)
{
    struct redis_link *link = OWNER(source, struct redis_link, source);

    if (link->state == CONNECTING)
        link_connected(link);
    else if (events & ~(uint32_t)EPOLLOUT)
        link_read(link);
    else
        link_flush(link);
}

static void link_open(struct redis_link *link)
{
    const struct redis_address *address = &link->address;

    link->connection =
        address->path ? redisConnectUnixNonBlock(address->path) : redisConnectNonBlock(address->host, address->port);
    memory_check(link->connection);
    if (link->connection->err || loop_watch(link->loop, &link->source, link->connection->fd, EPOLLOUT) < 0) {
        link_break(link, link->connection->errstr);
        return;
    }
    link->state = CONNECTING;
    loop_timer_set(link->loop, &link->timer, link->timeout);
}

static void link_due(struct timer *timer)
{
    struct redis_link *link = OWNER(timer, struct redis_link, timer);
    uint64_t age = link->head ? loop_now(link->loop) - link->head->sent_at : 0;

    if (link->state == DOWN)
        link_open(link);
    else if (link->state == CONNECTING || age >= link->timeout)
        link_break(link, "timeout");
    else if (link->head)
        loop_timer_set(link->loop, timer, link->timeout - age);
}

/* ---- beginning and end ---- */

static int link_free(struct redis_link *link)
{
    loop_forget(link->loop, &link->source);
    loop_timer_clear(link->loop, &link->timer);
    loop_undefer(link->loop, &link->flush);
    if (link->connection)
        redisFree(link->connection);
    return 0;
}

static void link_loads_init(struct redis_link *link)
{
    while (link->scripts[link->load_count].script)
        link->load_count++;
    link->load_count++; /* the PING */
    link->loads = memory_check(talloc_zero_array(link, struct load, (unsigned)link->load_count));
    for (int i = 0; i < link->load_count; i++)
        link->loads[i] = (struct load){ .ask = { .done = load_done }, .link = link, .one = &link->scripts[i] };
}

int redis_link_new(void *ctx, struct loop *loop, const char *address, int timeout, const struct script *const *scripts,
                   struct redis_link **ret)
{
    struct redis_link *link = NEW(ctx, struct redis_link);

    link->loop = loop;
    link->address = redis_address_parse(link, address);
    link->timeout = (uint64_t)timeout;
    link->source = (struct source){ .ready = link_ready, .fd = -1 };
    link->timer.due = link_due;
    link->flush.call = link_flush_due;
    link->tail = &link->head;
    link->over_last = &link->over;
    link->scripts = loaded_new(link, scripts);
    link_loads_init(link);
    talloc_set_destructor(link, link_free);
    link_open(link);
    *ret = link;
    return 0;
}
