/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rate limits: so many requests of one caller in a window of the clock. Who is signed in is counted by his account,
 * others by their address. Counted in Redis, in one round trip; while that does not answer, each front counts for
 * itself. */
#ifndef MILLRACE_LIMIT_H
#define MILLRACE_LIMIT_H
#include "fcgi/wire/loop.h"

enum { TIERS_MAX = 5, TIER_SIZE = 16 };

/* Windows begin at whole multiples of `seconds` since 1970. A table of rates ends with a NULL name. */
struct rate {
    const char *name;
    int seconds;
    /* How many, by the account's tier; "": who is not signed in; "*": any other tier. What is not there has no limit.
     */
    struct {
        const char *tier;
        int most;
    } tiers[TIERS_MAX];
};

/* The limit that a request has the least left of; most 0: none counts. */
struct allowance {
    int most, left;
    long long resets_at; /* seconds since 1970 */
};

/* What is known of accounts for a minute, and what was counted without Redis. */
struct limits;
struct limits *limits_new(void *ctx);
/* An account's tier, as it was within the last minute; NULL when that is not known. */
const char *limits_tier(const struct limits *limits, long long account, long long now);
void limits_tier_set(struct limits *limits, long long account, const char *tier, long long now);
/* Count a hit here: how many there were in this window. */
int limits_hit(struct limits *limits, const char *who, const struct rate *rate, long long now);
#endif
