/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/seal.h"
#include "common/memory.h"
#include "common/text.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

enum {
    KID_MAX = 32,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};
static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the keys of a ring are the cipher's");

static const char mark[] = "mrs1.";
/* Of a key's name, and of base64url. */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

struct seal_key {
    char kid[KID_MAX + 1];
    unsigned char bytes[KEY_BYTES];
};

struct seal_ring {
    struct seal_key *keys;
    size_t count;
};

/* ---- the ring ---- */

static int ring_forget(struct seal_ring *ring)
{
    sodium_memzero(ring->keys, ring->count * sizeof *ring->keys);
    return 0;
}

static const struct seal_key *ring_find(const struct seal_ring *ring, const char *kid)
{
    for (size_t i = 0; i < ring->count; i++)
        if (!strcmp(ring->keys[i].kid, kid))
            return &ring->keys[i];
    return NULL;
}

static void ring_add(struct seal_ring *ring, const char *kid, const unsigned char bytes[KEY_BYTES])
{
    struct seal_key *key = &ring->keys[ring->count++];

    snprintf(key->kid, sizeof key->kid, "%s", kid);
    memcpy(key->bytes, bytes, KEY_BYTES);
}

/* One KID:TEXT. NULL when it holds and was added, else what is wrong with it. */
static const char *ring_add_configured(void *ctx, struct seal_ring *ring, char *entry)
{
    char *colon = strchr(entry, ':');
    size_t length = colon ? (size_t)(colon - entry) : 0;
    struct keys made;

    if (length == 0 || length > KID_MAX || strspn(entry, letters) != length)
        return FORMAT(ctx, "key %zu is not of the form NAME:TEXT, with a name of letters, digits, - and _ (32 at most)",
                      ring->count + 1);
    *colon = '\0';
    if (ring_find(ring, entry))
        return FORMAT(ctx, "the key %s is there twice", entry);
    if (keys_derive(colon + 1, &made) < 0)
        return FORMAT(ctx, "the key %s must have 32 bytes or more (openssl rand -hex 32)", entry);
    ring_add(ring, entry, made.seal);
    sodium_memzero(&made, sizeof made);
    return NULL;
}

/* The master secret's own. Who is about to change that secret may have configured it by its name already. */
static const char *ring_add_secret(void *ctx, struct seal_ring *ring, const struct keys *keys)
{
    char *kid = FORMAT(ring, "secret-%s", keys->kid);
    const struct seal_key *same = ring_find(ring, kid);

    if (!same)
        ring_add(ring, kid, keys->seal);
    else if (sodium_memcmp(same->bytes, keys->seal, KEY_BYTES) != 0)
        return FORMAT(ctx, "the key %s has the name of the configured secret's key and is another", kid);
    return NULL;
}

static size_t count_entries(const char *configured)
{
    size_t count = 1;

    for (const char *p = configured; (p = strchr(p, ',')); p++)
        count++;
    return count;
}

int seal_ring_new(void *ctx, const char *configured, const struct keys *keys, struct seal_ring **ret,
                  const char **ret_why)
{
    struct seal_ring *ring = NEW(ctx, struct seal_ring);
    char *list = COPY(ring, configured), *rest = list, *entry;
    size_t length = strlen(list);
    const char *why = NULL;

    ring->keys = memory_check(talloc_zero_array(ring, struct seal_key, count_entries(list) + 1));
    talloc_set_destructor(ring, ring_forget);
    if (*text_trim(list))
        while (!why && (entry = strsep(&rest, ",")))
            why = ring_add_configured(ctx, ring, text_trim(entry));
    if (!why)
        why = ring_add_secret(ctx, ring, keys);
    sodium_memzero(list, length);
    if (why) {
        *ret_why = why;
        talloc_free(ring);
        return -EINVAL;
    }
    *ret = ring;
    return 0;
}

/* ---- sealing ---- */

/* What a sealed text is bound to. No kid has a blank, so no two pairs are the same bytes. */
static char *bound_to(void *ctx, const struct seal_key *key, const char *context)
{
    return FORMAT(ctx, "%s%s %s", mark, key->kid, context);
}

char *seal_text(void *ctx, const struct seal_ring *ring, const char *context, const char *text)
{
    const struct seal_key *key = &ring->keys[0];
    autotalloc void *scratch = talloc_new(NULL);
    size_t length = strlen(text), size = NONCE + length + TAG, room = sodium_base64_encoded_len(size, BASE64);
    unsigned char *bytes = memory_check(talloc_size(scratch, size));
    char *bound = bound_to(scratch, key, context), *data = memory_check(talloc_size(scratch, room));

    randombytes_buf(bytes, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE, NULL, (const unsigned char *)text, length,
                                               (const unsigned char *)bound, strlen(bound), NULL, bytes, key->bytes);
    sodium_bin2base64(data, room, bytes, size, BASE64);
    return FORMAT(ctx, "%s%s.%s", mark, key->kid, data);
}

bool seal_is(const char *text)
{
    return !strncmp(text, mark, sizeof mark - 1);
}

/* Take a sealed text apart. False unless it is of the form; *ret_bytes on ctx. */
static bool sealed_parse(void *ctx, const char *sealed, char kid[KID_MAX + 1], unsigned char **ret_bytes,
                         size_t *ret_size)
{
    const char *at = sealed + sizeof mark - 1;
    size_t length, size;
    unsigned char *bytes;

    if (!seal_is(sealed))
        return false;
    length = strspn(at, letters);
    if (length == 0 || length > KID_MAX || at[length] != '.')
        return false;
    *(char *)mempcpy(kid, at, length) = '\0';
    at += length + 1;
    length = strlen(at);
    bytes = memory_check(talloc_size(ctx, length + 1));
    /* One spelling a text: libsodium refuses what follows the data, and bits of its last letter that mean nothing; but
     * it takes some bytes above 127 for letters. */
    if (strspn(at, letters) != length ||
        sodium_base642bin(bytes, length + 1, at, length, NULL, &size, NULL, BASE64) != 0 || size < NONCE + TAG)
        return false;
    *ret_bytes = bytes;
    *ret_size = size;
    return true;
}

int seal_open(void *ctx, const struct seal_ring *ring, const char *context, const char *sealed, char **ret,
              const char **ret_why)
{
    autotalloc void *scratch = talloc_new(NULL);
    const struct seal_key *key;
    unsigned char *bytes;
    char kid[KID_MAX + 1], *bound, *text;
    size_t size, length;

    if (!sealed_parse(scratch, sealed, kid, &bytes, &size)) {
        *ret_why = COPY(ctx, "this is not a whole sealed text");
        return -EINVAL;
    }
    key = ring_find(ring, kid);
    if (!key) {
        *ret_why = FORMAT(ctx, "the key %s is not configured (seal.keys)", kid);
        return -ENOKEY;
    }
    bound = bound_to(scratch, key, context);
    length = size - NONCE - TAG;
    text = memory_check(talloc_size(ctx, length + 1));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, NULL, NULL, bytes + NONCE, size - NONCE,
                                                   (const unsigned char *)bound, strlen(bound), bytes, key->bytes)) {
        talloc_free(text);
        *ret_why = FORMAT(ctx, "it was altered, sealed for another place, or with another key of the name %s", kid);
        return -EBADMSG;
    }
    text[length] = '\0';
    *ret = text;
    return 0;
}
