/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/cursor.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

enum { MAC = crypto_generichash_BYTES_MIN, CONTENT_MAX = 600, VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
static_assert(sodium_base64_ENCODED_LEN(MAC + CONTENT_MAX, VARIANT) <= CURSOR_MAX, "what is written can be read");

/* In front of the total and the key: [up] */
static const char directions[] = { 'd', 'u' };

static void make_mac(const struct keys *keys, const char *bound, const char *content, size_t length,
                     unsigned char mac[MAC])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, keys->cursor, sizeof keys->cursor, MAC);
    crypto_generichash_update(&state, (const unsigned char *)bound, strlen(bound) + 1);
    crypto_generichash_update(&state, (const unsigned char *)content, length);
    crypto_generichash_final(&state, mac, MAC);
}

char *cursor_write(void *ctx, const struct keys *keys, const char *bound, const struct cursor *cursor)
{
    unsigned char whole[MAC + CONTENT_MAX + 1];
    char *content = (char *)whole + MAC, text[CURSOR_MAX + 1];
    int n = snprintf(content, CONTENT_MAX + 1, "%c%lld %s", directions[cursor->up], cursor->total, cursor->key);

    if (n < 0 || n > CONTENT_MAX)
        return NULL;
    make_mac(keys, bound, content, (size_t)n, whole);
    sodium_bin2base64(text, sizeof text, whole, MAC + (size_t)n, VARIANT);
    return COPY(ctx, text);
}

int cursor_read(void *ctx, const struct keys *keys, const char *bound, const char *text, struct cursor *ret)
{
    unsigned char whole[MAC + CONTENT_MAX + 1], mac[MAC];
    char *content = (char *)whole + MAC, *key;
    size_t length;
    long long total;

    if (sodium_base642bin(whole, MAC + CONTENT_MAX, text, strlen(text), NULL, &length, NULL, VARIANT) < 0 ||
        length <= MAC)
        return -EINVAL;
    whole[length] = '\0';
    make_mac(keys, bound, content, length - MAC, mac);
    if (sodium_memcmp(mac, whole, MAC) != 0)
        return -EINVAL;
    total = strtoll(content + 1, &key, 10);
    *ret = (struct cursor){ .up = *content == directions[true], .total = total, .key = COPY(ctx, key + 1) };
    return 0;
}
