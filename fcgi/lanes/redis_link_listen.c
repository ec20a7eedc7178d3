/* SPDX-License-Identifier: GPL-3.0-or-later
 * A link that listens: it subscribes to a channel as soon as it is up, and asks now and then whether the server is
 * there, since from one that says nothing nothing would be missed. */
#include "common/memory.h"
#include "fcgi/lanes/redis_link_private.h"

enum { PING_AFTER = 15000 }; /* milliseconds */

/* Something that is answered within the timeout. */
static void link_say(struct redis_link *link, const struct command *command)
{
    redisAppendCommandArgv(link->connection, command->count, command->words, command->lengths);
    loop_defer(link->loop, &link->flush);
    link->asked = true;
    loop_timer_set(link->loop, &link->timer, link->timeout);
}

void link_listen(struct redis_link *link)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command command = { 0 };

    command_text(scratch, &command, "SUBSCRIBE");
    command_text(scratch, &command, link->subscriber->channel);
    link_say(link, &command);
}

void link_listen_check(struct redis_link *link)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct command command = { 0 };

    command_text(scratch, &command, "PING");
    if (link->asked)
        link_break(link, "timeout");
    else
        link_say(link, &command);
}

static bool says(const redisReply *reply, const char *what)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && reply->element[0]->type == REDIS_REPLY_STRING &&
           !strcmp(reply->element[0]->str, what);
}

void link_hear(struct redis_link *link, redisReply *reply)
{
    struct subscriber *subscriber = link->subscriber;

    if (link->asked) {
        link->asked = false;
        loop_timer_set(link->loop, &link->timer, PING_AFTER);
    }
    if (reply->type == REDIS_REPLY_ERROR)
        link->broken = "it does not let us listen";
    else if (says(reply, "message") && reply->element[2]->type == REDIS_REPLY_STRING)
        subscriber->heard(subscriber, reply->element[2]->str);
    else if (says(reply, "subscribe"))
        subscriber->listens(subscriber);
    freeReplyObject(reply);
}

int redis_link_subscribe(void *ctx, struct loop *loop, const char *address, int timeout, struct subscriber *subscriber,
                         struct redis_link **ret)
{
    struct redis_link *link;
    int r = redis_link_new(ctx, loop, address, timeout, &link);

    if (r < 0)
        return r;
    link->subscriber = subscriber; /* nothing has been heard yet: that takes a round of the loop */
    *ret = link;
    return 0;
}

bool redis_link_may_hear(const struct redis_link *link)
{
    return link->state == UP || !link->tried;
}
