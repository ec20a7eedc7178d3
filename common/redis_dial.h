/* SPDX-License-Identifier: GPL-3.0-or-later
 * From an address to a server that may be written to: where to connect next, what to say there first, and what the
 * answers mean. It does no input or output itself: the blocking client and the front's link each do it their own way.
 *
 * An attempt goes over the places of the address, each once at most. A sentinel names the master, a node of a cluster
 * the one that has the key's slot: then that place is next, and must be what it is said to be. After a failure the next
 * attempt begins with another place, so that a sentinel that is behind does not hold us for ever. */
#ifndef MILLRACE_REDIS_DIAL_H
#define MILLRACE_REDIS_DIAL_H
#include "common/redis.h"
#include "common/redis_address.h"

enum { DIAL_SAYS = 4, DIAL_WHY = 512 };

enum dial {
    DIAL_AGAIN, /* close this connection, and connect to dial_place() now */
    DIAL_THERE, /* this is the server */
    DIAL_OVER,  /* the attempt has failed: wait for dial_backoff() */
};

struct redis_dial;
/* A text that is no address makes every attempt fail, with the reason. */
struct redis_dial *dial_new(void *ctx, const char *text);

/* Begin an attempt. DIAL_AGAIN, or DIAL_OVER when the address is none. */
enum dial dial_begin(struct redis_dial *dial);
const struct redis_place *dial_place(const struct redis_dial *dial);
/* What to say at dial_place() before anything else, how many (at most DIAL_SAYS); on ctx. It may be sent in one go. */
int dial_say(struct redis_dial *dial, void *ctx, struct command says[DIAL_SAYS]);
/* Judge the answer to the number-th. NULL when it is good, else what is wrong, for dial_failed. */
const char *dial_hear(struct redis_dial *dial, int number, const redisReply *reply);
/* All answers were good: DIAL_AGAIN or DIAL_THERE. */
enum dial dial_greeted(struct redis_dial *dial);
/* It went wrong at dial_place(), now or, once connected, later: DIAL_AGAIN (only during an attempt) or DIAL_OVER. */
enum dial dial_failed(struct redis_dial *dial, const char *why);
/* The connection is in use: the back-off starts anew when it breaks. */
void dial_up(struct redis_dial *dial);

/* Of the last failure: what went wrong and where (no secrets); milliseconds until the next attempt. A server that does
 * not let us in is not asked again for the longest back-off. */
const char *dial_why(const struct redis_dial *dial);
int dial_backoff(const struct redis_dial *dial);
/* The server's run id; "" before DIAL_THERE. */
const char *dial_run_id(const struct redis_dial *dial);
#endif
