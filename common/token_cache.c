/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/token_cache.h"
#include "common/memory.h"
#include <sodium.h>

enum { SLOTS = 2048, DIGEST = crypto_generichash_BYTES };

/* Type, product and text of a verified token, as a digest: no two of them have the same. Each has one slot where it may
 * lie, and a newcomer takes it. An empty slot's claims ended long ago. */
struct slot {
    unsigned char digest[DIGEST];
    struct claims claims;
};

struct token_cache {
    const struct keys *keys;
    unsigned char key[crypto_generichash_KEYBYTES]; /* so that nobody can aim at a slot */
    struct slot slots[SLOTS];
};

struct token_cache *token_cache_new(void *ctx, const struct keys *keys)
{
    struct token_cache *cache = NEW(ctx, struct token_cache);

    cache->keys = keys;
    randombytes_buf(cache->key, sizeof cache->key);
    return cache;
}

static struct slot *slot_of(struct token_cache *cache, const unsigned char *digest)
{
    unsigned number;

    memcpy(&number, digest, sizeof number);
    return &cache->slots[number % SLOTS];
}

int token_cache_verify(struct token_cache *cache, enum token_type type, const char *product, const char *text,
                       time_t now, struct claims *ret)
{
    unsigned char digest[DIGEST], type_byte = (unsigned char)type;
    crypto_generichash_state state;
    struct claims claims;
    struct slot *slot;
    int r;

    crypto_generichash_init(&state, cache->key, sizeof cache->key, sizeof digest);
    crypto_generichash_update(&state, &type_byte, 1);
    crypto_generichash_update(&state, (const unsigned char *)product, strlen(product) + 1);
    crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    crypto_generichash_final(&state, digest, sizeof digest);
    slot = slot_of(cache, digest);
    if (!sodium_memcmp(slot->digest, digest, sizeof digest)) {
        r = claims_check_times(&slot->claims, now);
        if (r == 0)
            *ret = slot->claims;
        return r;
    }
    r = token_verify(cache->keys, type, product, text, now, &claims);
    if (r < 0)
        return r;
    memcpy(slot->digest, digest, sizeof digest);
    slot->claims = claims;
    *ret = claims;
    return 0;
}
