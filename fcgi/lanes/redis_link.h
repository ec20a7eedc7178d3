/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front's Redis: one pipelined connection shared by all requests, (re)made without blocking, with back-off. */
#ifndef MILLRACE_REDIS_LINK_H
#define MILLRACE_REDIS_LINK_H
#include "common/redis.h"
#include "fcgi/wire/loop.h"

/* One command on its way; embedded in its owner, who keeps it until done. */
struct ask {
    void (*done)(struct ask *ask);
    void *owner;       /* the caller's */
    redisReply *reply; /* freed by the link after done(); NULL when the link is down, broke or took too long: the
                        * command may or may not have been done. An error reply has type REDIS_REPLY_ERROR. */
    /* private */
    struct ask *next;
    uint64_t sent_at;
    char *wire; /* of a call, or while it waits for the first connection; else NULL */
    size_t wire_length;
    const struct library *library; /* of a call that has been sent once; else NULL */
};

struct redis_link;
/* address and timeout as in common/redis.h. -EINVAL when the address is none. Names of hosts are looked up by blocking
 * calls: an address or a socket's path is better. */
int redis_link_new(void *ctx, struct loop *loop, const char *address, int timeout, struct redis_link **ret);
/* Always ends in done(), never from inside this call. */
void redis_link_send(struct redis_link *link, struct ask *ask, const struct command *command);
/* As FCALL; the first keys words are keys. It is sent again behind the library when the server does not have that. */
void redis_link_call(struct redis_link *link, struct ask *ask, const struct script *script, int keys,
                     const struct command *command);
bool redis_link_up(const struct redis_link *link);
/* The server's run id; "" while the link is down. */
const char *redis_link_run_id(const struct redis_link *link);

/* Who hears what is published on a channel; embedded in its owner, who outlives the link. */
struct subscriber {
    const char *channel;
    void (*heard)(struct subscriber *subscriber, const char *message);
    /* It listens from now on: again, or for the first time. What was published before may have been missed. */
    void (*listens)(struct subscriber *subscriber);
};
/* A link that listens; nothing is sent on it. Otherwise as redis_link_new. */
int redis_link_subscribe(void *ctx, struct loop *loop, const char *address, int timeout, struct subscriber *subscriber,
                         struct redis_link **ret);
/* It listens, or will in a moment; listens() tells. */
bool redis_link_may_hear(const struct redis_link *link);
#endif
