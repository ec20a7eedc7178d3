/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two tables of fixed size that forget: a place is taken by whoever comes there last. */
#include "common/memory.h"
#include "fcgi/steps/limit.h"
#include <sodium.h>

enum { TIER_PLACES = 4096, COUNT_PLACES = 16384, TIER_SECONDS = 60 };

struct limits {
    unsigned char key[crypto_shorthash_KEYBYTES]; /* nobody can choose whose place he takes */
    struct tier_place {
        long long account, until;
        char tier[TIER_SIZE];
    } tiers[TIER_PLACES];
    struct count_place {
        uint64_t name;
        long long window;
        int count;
    } counts[COUNT_PLACES];
};

struct limits *limits_new(void *ctx)
{
    struct limits *limits = NEW(ctx, struct limits);

    randombytes_buf(limits->key, sizeof limits->key);
    return limits;
}

static uint64_t hash(const struct limits *limits, const void *bytes, size_t n)
{
    uint64_t value;

    crypto_shorthash((unsigned char *)&value, bytes, n, limits->key);
    return value;
}

static size_t tier_place(const struct limits *limits, long long account)
{
    return hash(limits, &account, sizeof account) % TIER_PLACES;
}

const char *limits_tier(const struct limits *limits, long long account, long long now)
{
    const struct tier_place *place = &limits->tiers[tier_place(limits, account)];

    return place->account == account && now < place->until ? place->tier : NULL;
}

void limits_tier_set(struct limits *limits, long long account, const char *tier, long long now)
{
    struct tier_place *place = &limits->tiers[tier_place(limits, account)];

    place->account = account;
    place->until = now + TIER_SECONDS;
    snprintf(place->tier, sizeof place->tier, "%s", tier);
}

int limits_hit(struct limits *limits, const char *who, const struct rate *rate, long long now)
{
    long long window = now / rate->seconds;
    char text[192];
    int n = snprintf(text, sizeof text, "%s %s", rate->name, who);
    uint64_t name = hash(limits, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
    struct count_place *place = &limits->counts[name % COUNT_PLACES];

    if (place->name != name || place->window != window)
        *place = (struct count_place){ .name = name, .window = window };
    return ++place->count;
}
