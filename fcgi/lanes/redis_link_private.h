/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of the front's link to Redis share: redis_link.c (commands and answers), redis_link_connect.c (from
 * nothing to a server that has greeted us, and what it has to know), redis_link_listen.c (those that only listen). */
#ifndef MILLRACE_REDIS_LINK_PRIVATE_H
#define MILLRACE_REDIS_LINK_PRIVATE_H
#include "common/redis_dial.h"
#include "common/redis_wire.h"
#include "fcgi/lanes/redis_link.h"

/* A part of the greeting on its way. */
struct greet {
    struct ask ask;
    struct redis_link *link;
    int number; /* for dial_hear */
};

/* A library on its way to the server. */
struct load {
    struct ask ask;
    struct redis_link *link;
};

struct redis_link {
    struct loop *loop;
    struct redis_dial *dial;
    uint64_t timeout;
    enum { DOWN, CONNECTING, GREETING, UP } state;
    redisContext *connection;
    struct source source;
    struct timer timer;       /* DOWN: until the next attempt; else until the attempt or the oldest ask is too old */
    struct deferred flush;    /* writes what a round has gathered, and ends what has no server to go to */
    bool tried;               /* an attempt to connect has ended, one way or the other */
    const char *broken;       /* why, when it is seen while answers are being read: ended after that */
    bool onward;              /* likewise: this server has named the one to go to */
    struct ask *head, **tail; /* sent, in order */
    struct ask *early, **early_last; /* begun before the first attempt has ended; their wire is kept */
    struct ask *over, **over_last;   /* to be ended without an answer */
    const struct library *loading;   /* its load is under way */
    uint64_t no_load_until;          /* since one was refused */
    struct greet greets[DIAL_SAYS];
    int greets_left;
    struct subscriber *subscriber; /* NULL: it does not listen */
    bool asked;                    /* of one that listens: the server is to say something */
};

/* redis_link.c: ask's command has been appended to the connection. */
void link_sent(struct redis_link *link, struct ask *ask);
/* End a list of asks without an answer, a little later. */
void link_end_later(struct redis_link *link, struct ask *asks);
/* Data have come, or there is room for more. */
void link_read(struct redis_link *link);
void link_flush(struct redis_link *link);

/* redis_link_listen.c: the link is up; its timer is due; the server has said something. */
void link_listen(struct redis_link *link);
void link_listen_check(struct redis_link *link);
void link_hear(struct redis_link *link, redisReply *reply);

/* redis_link_connect.c: -EINVAL when the address is none. */
int link_connect_init(struct redis_link *link, const char *address);
void link_open(struct redis_link *link); /* begin an attempt */
void link_hop(struct redis_link *link);  /* leave this server for the one that it has named */
void link_break(struct redis_link *link, const char *why);
/* Send the library, unless it is under way already. False: no, the server has refused it just now. */
bool link_load(struct redis_link *link, const struct library *library);
void link_ready(struct source *source, uint32_t events);
#endif
