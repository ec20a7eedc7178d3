/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reproducible chance: splitmix64 (Steele, Lea, Flood 2014). Each aspect of a drawing draws from a stream of its own,
 * so that choosing other clothes does not move an arm. */
#ifndef MILLRACE_CROQUIS_RANDOM_H
#define MILLRACE_CROQUIS_RANDOM_H
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static inline uint64_t random_next(struct random *random)
{
    random->state += 0x9e3779b97f4a7c15ULL;
    return random_mix(random->state);
}

/* The stream of one aspect of a seed. */
static inline struct random random_stream(uint64_t seed, uint64_t aspect)
{
    return (struct random){ random_mix(seed + 0x632be59bd9b4e019ULL * (aspect + 1)) };
}

/* In [0, 1). */
static inline float random_unit(struct random *random)
{
    return (float)(random_next(random) >> 40) / 16777216.0f;
}

/* In [low, high). */
static inline float random_range(struct random *random, float low, float high)
{
    return low + (high - low) * random_unit(random);
}

/* 0..count-1 */
static inline int random_pick(struct random *random, int count)
{
    return (int)(random_next(random) % (uint64_t)count);
}

/* A value in [0, 1) that belongs to a place. */
static inline float random_at(int x, int y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^ seed * 0xcb1ab31fu;

    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return (float)((h ^ (h >> 15)) >> 8) / 16777216.0f;
}
#endif
