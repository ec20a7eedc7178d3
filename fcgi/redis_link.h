/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front's Redis: one pipelined connection shared by all requests, (re)made without blocking, with back-off. */
#ifndef MILLRACE_REDIS_LINK_H
#define MILLRACE_REDIS_LINK_H
#include "common/redis.h"
#include "fcgi/loop.h"

/* One command on its way; embedded in its owner, who keeps it until done. */
struct ask {
    void (*done)(struct ask *ask);
    void *owner;       /* the caller's */
    redisReply *reply; /* freed by the link after done(); NULL when the link is down, broke or took too long: the
                        * command may or may not have been done. An error reply has type REDIS_REPLY_ERROR. */
    /* private */
    struct ask *next;
    uint64_t sent_at;
    char *wire; /* of an EVALSHA, or while it waits for the first connection; else NULL */
    size_t wire_length;
    bool again;
};

struct redis_link;
/* address and timeout as in common/redis.h; scripts (ends with NULL, may be NULL) are loaded on each connect. -EINVAL
 * when the address is none. Names of hosts are looked up by blocking calls: an address or a socket's path is better. */
int redis_link_new(void *ctx, struct loop *loop, const char *address, int timeout, const struct script *const *scripts,
                   struct redis_link **ret);
/* Always ends in done(), never from inside this call. */
void redis_link_send(struct redis_link *link, struct ask *ask, const struct command *command);
/* As EVALSHA; the first keys words are keys. On NOSCRIPT it is sent again with its text. */
void redis_link_eval(struct redis_link *link, struct ask *ask, const struct script *script, int keys,
                     const struct command *command);
bool redis_link_up(const struct redis_link *link);
#endif
