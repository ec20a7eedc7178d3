/* SPDX-License-Identifier: GPL-3.0-or-later
 * API tokens and the tokens that guard a session's unsafe calls (token.h). */
#include "common/memory.h"
#include "common/token.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

enum { MAC_BYTES = 12, NAME_BYTES = 8, API_BYTES = MAC_BYTES + NAME_BYTES, ID_BITS = 40 };

static void keyed(const struct keys *keys, const void *bytes, size_t n, unsigned char ret[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256(ret, bytes, n, keys->api);
}

static void api_mac(const struct keys *keys, const char *product, uint64_t name, unsigned char ret[MAC_BYTES])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char text[96];
    int n = snprintf(text, sizeof text, "api:%s:%llu", product, (unsigned long long)name);

    keyed(keys, text, (size_t)n, mac);
    memcpy(ret, mac, MAC_BYTES);
}

/* What the name is hidden with: another text for each token. */
static uint64_t api_mask(const struct keys *keys, const unsigned char mac[MAC_BYTES])
{
    unsigned char text[5 + MAC_BYTES], mask[crypto_auth_hmacsha256_BYTES];
    uint64_t value;

    memcpy(mempcpy(text, "mask:", 5), mac, MAC_BYTES);
    keyed(keys, text, sizeof text, mask);
    memcpy(&value, mask, sizeof value);
    return value;
}

void api_token_make(const struct keys *keys, const char *product, const struct api_token *token,
                    char ret[API_TOKEN_HEX + 1])
{
    uint64_t name = (uint64_t)token->generation << ID_BITS | (uint64_t)token->account_id, hidden;
    unsigned char bytes[API_BYTES];

    api_mac(keys, product, name, bytes);
    hidden = name ^ api_mask(keys, bytes);
    memcpy(bytes + MAC_BYTES, &hidden, sizeof hidden);
    sodium_bin2hex(ret, API_TOKEN_HEX + 1, bytes, sizeof bytes);
}

int api_token_verify(const struct keys *keys, const char *product, const char *text, struct api_token *ret)
{
    unsigned char bytes[API_BYTES], mac[MAC_BYTES];
    uint64_t name;
    size_t n;

    if (strlen(text) != API_TOKEN_HEX ||
        sodium_hex2bin(bytes, sizeof bytes, text, API_TOKEN_HEX, NULL, &n, NULL) != 0 || n != sizeof bytes)
        return -EINVAL;
    memcpy(&name, bytes + MAC_BYTES, sizeof name);
    name ^= api_mask(keys, bytes);
    api_mac(keys, product, name, mac);
    if (sodium_memcmp(mac, bytes, sizeof mac) != 0)
        return -EINVAL;
    *ret = (struct api_token){ .account_id = (long long)(name & ((1ull << ID_BITS) - 1)),
                               .generation = (int)(name >> ID_BITS) };
    return 0;
}

void csrf_token(const struct keys *keys, const char *session, char ret[DIGEST_HEX + 1])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char text[5 + JTI_HEX + 1];

    snprintf(text, sizeof text, "csrf:%s", session);
    keyed(keys, text, strlen(text), mac);
    sodium_bin2hex(ret, DIGEST_HEX + 1, mac, sizeof mac);
}
