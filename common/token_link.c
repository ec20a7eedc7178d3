/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signed links. They have a file of their own because they are no JWT: SQL makes the same ones. */
#include "common/memory.h"
#include "common/token.h"
#include <errno.h>
#include <sodium.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING, PAYLOAD_MAX = 127, MAC = crypto_auth_hmacsha256_BYTES };
/* base64 of a payload and of a MAC, each with its NUL byte. */
enum { PAYLOAD_TEXT = 172, MAC_TEXT = 44, LINK_TEXT = PAYLOAD_TEXT + MAC_TEXT, BLOCK = 64 };

static const char *const dispositions[] = { [false] = "inline", [true] = "attachment" };

/* Write the link's one spelling. False when the payload would be too long. */
static bool link_write(const struct keys *keys, const struct link *link, char text[LINK_TEXT])
{
    char payload[PAYLOAD_MAX + 1], payload_text[PAYLOAD_TEXT], mac_text[MAC_TEXT];
    unsigned char mac[MAC];
    int n = snprintf(payload, sizeof payload, "%.31s:%lld:%d:%lld:%s", link->product, link->file_id, link->generation,
                     (long long)link->expires_at, dispositions[link->attachment]);

    if (n > PAYLOAD_MAX)
        return false;
    crypto_auth_hmacsha256(mac, (const unsigned char *)payload, (size_t)n, keys->link);
    sodium_bin2base64(payload_text, sizeof payload_text, (const unsigned char *)payload, (size_t)n, VARIANT);
    sodium_bin2base64(mac_text, sizeof mac_text, mac, sizeof mac, VARIANT);
    snprintf(text, LINK_TEXT, "%s.%s", payload_text, mac_text);
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

/* What the link says is read first, written anew and signed: only a text that is the same byte for byte holds, so
 * there is no second spelling of a link, and nothing to compare but two texts in constant time. */
int link_verify(const struct keys *keys, const char *text, time_t now, struct link *ret)
{
    char payload[PAYLOAD_MAX + 1], expected[LINK_TEXT];
    size_t length = strnlen(text, LINK_TEXT), n;
    const char *dot = memchr(text, '.', length);
    struct link link;

    if (length == LINK_TEXT || !dot)
        return -EINVAL;
    if (sodium_base642bin((unsigned char *)payload, PAYLOAD_MAX, text, (size_t)(dot - text), NULL, &n, NULL, VARIANT))
        return -EINVAL;
    payload[n] = '\0';
    if (strlen(payload) != n || !payload_parse(payload, &link) || !link_write(keys, &link, expected))
        return -EINVAL;
    if (strlen(expected) != length || sodium_memcmp(expected, text, length) != 0)
        return -EINVAL;
    if (link.expires_at && link.expires_at <= now)
        return -EKEYEXPIRED;
    *ret = link;
    return 0;
}

/* HMAC is sha256(outer || sha256(inner || payload)), where the pads are the key, filled up with zeros to a block of
 * SHA-256, xor a constant (RFC 2104). */
static void pad_write(const unsigned char *key, unsigned char constant, char text[2 * BLOCK + 1])
{
    unsigned char pad[BLOCK];

    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = (unsigned char)((i < KEY_BYTES ? key[i] : 0) ^ constant);
    sodium_bin2hex(text, 2 * BLOCK + 1, pad, sizeof pad);
    sodium_memzero(pad, sizeof pad);
}

void link_pads(const struct keys *keys, char inner[129], char outer[129])
{
    pad_write(keys->link, 0x36, inner);
    pad_write(keys->link, 0x5c, outer);
}
