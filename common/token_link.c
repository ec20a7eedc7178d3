/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signed links. They have a file of their own because they are no JWT: SQL makes the same ones. */
#include "common/memory.h"
#include "common/token.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

enum { PAYLOAD_MAX = 127, MAC = crypto_auth_hmacsha256_BYTES, MAC_HEX = 2 * MAC };
enum { LINK_TEXT = PAYLOAD_MAX + 1 + MAC_HEX + 1, LETTERS = 2 * KEY_BYTES };
static_assert(LETTERS + 1 == LINK_PAD_SIZE, "the key's letters fill a block of SHA-256");

static const char *const dispositions[] = { [false] = "inline", [true] = "attachment" };

static void key_letters(const struct keys *keys, unsigned char letters[LETTERS])
{
    for (size_t i = 0; i < KEY_BYTES; i++) {
        letters[2 * i] = (unsigned char)('a' + (keys->link[i] >> 4));
        letters[2 * i + 1] = (unsigned char)('a' + (keys->link[i] & 15));
    }
}

/* Write the link's one spelling. False when the payload would be too long. */
static bool link_write(const struct keys *keys, const struct link *link, char text[LINK_TEXT])
{
    unsigned char letters[LETTERS], mac[MAC];
    crypto_auth_hmacsha256_state state;
    int n = snprintf(text, PAYLOAD_MAX + 1, "%.31s:%lld:%d:%lld:%s", link->product, link->file_id, link->generation,
                     (long long)link->expires_at, dispositions[link->attachment]);

    if (n > PAYLOAD_MAX)
        return false;
    key_letters(keys, letters);
    crypto_auth_hmacsha256_init(&state, letters, sizeof letters);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, (size_t)n);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(letters, sizeof letters);
    text[n] = '.';
    sodium_bin2hex(text + n + 1, MAC_HEX + 1, mac, sizeof mac);
    return true;
}

char *link_sign(void *ctx, const struct keys *keys, const struct link *link)
{
    char text[LINK_TEXT];
    /* 31 bytes of product, four numbers of 20 and a word always fit. */
    return link_write(keys, link, text) ? COPY(ctx, text) : NULL;
}

/* The number at *at, which goes past it and the colon that follows. Its spelling is not looked at. */
static bool take_number(const char **at, long long least, long long most, long long *ret)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(*at, &end, 10);
    if (errno || end == *at || *end != ':' || value < least || value > most)
        return false;
    *at = end + 1;
    *ret = value;
    return true;
}

static bool payload_parse(const char *payload, struct link *ret)
{
    long long id, generation, expires;
    size_t n = strcspn(payload, ":");
    const char *at = payload + n + 1;

    if (!payload[n] || n == 0 || n >= sizeof ret->product)
        return false;
    if (!take_number(&at, 1, INT64_MAX, &id) || !take_number(&at, 0, INT32_MAX, &generation) ||
        !take_number(&at, 0, INT64_MAX, &expires))
        return false;
    if (strcmp(at, dispositions[false]) && strcmp(at, dispositions[true]))
        return false;
    *ret = (struct link){ .file_id = id, .generation = (int)generation, .expires_at = expires };
    ret->attachment = !strcmp(at, dispositions[true]);
    memcpy(ret->product, payload, n);
    return true;
}

/* Whether text is the link's one spelling with that key. */
static bool link_is(const struct keys *key, const struct link *link, const char *text, size_t length)
{
    char expected[LINK_TEXT];

    return link_write(key, link, expected) && strlen(expected) == length && sodium_memcmp(expected, text, length) == 0;
}

/* What the link says is read first, written anew and signed: only a text that is the same byte for byte holds, so
 * there is no second spelling of a link, and nothing to compare but two texts in constant time. */
int link_verify(const struct keys *keys, const char *text, time_t now, struct link *ret)
{
    char payload[PAYLOAD_MAX + 1];
    size_t length = strnlen(text, LINK_TEXT), n = strcspn(text, ".");
    const struct keys *key = keys;
    struct link link;

    if (length == LINK_TEXT || n > PAYLOAD_MAX || !text[n])
        return -EINVAL;
    *(char *)mempcpy(payload, text, n) = '\0';
    if (!payload_parse(payload, &link))
        return -EINVAL;
    while (key && !link_is(key, &link, text, length))
        key = key->older;
    if (!key)
        return -EINVAL;
    if (link.expires_at && link.expires_at <= now)
        return -EKEYEXPIRED;
    *ret = link;
    return 0;
}

/* HMAC is sha256(outer || sha256(inner || payload)), where the pads are the key, here as long as a block of SHA-256,
 * xor a constant (RFC 2104). Letters from a to p make pads without a NUL byte. */
void link_pads(const struct keys *keys, char inner[LINK_PAD_SIZE], char outer[LINK_PAD_SIZE])
{
    unsigned char letters[LETTERS];

    key_letters(keys, letters);
    for (size_t i = 0; i < LETTERS; i++) {
        inner[i] = (char)(letters[i] ^ 0x36);
        outer[i] = (char)(letters[i] ^ 0x5c);
    }
    inner[LETTERS] = outer[LETTERS] = '\0';
    sodium_memzero(letters, sizeof letters);
}
