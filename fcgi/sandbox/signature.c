/* SPDX-License-Identifier: GPL-3.0-or-later
 * How each service signs what it sends. */
#include "common/memory.h"
#include "fcgi/sandbox/sandbox.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_MAX = 64, TEXT_MAX = 2 * MAC_MAX + 1, SECRET_MAX = 256 };

/* A call to be signed. */
struct said {
    const char *secret, *url, *id, *body;
    json_t *form;
    long long now;
};

static size_t mac_of(const EVP_MD *digest, const void *key, size_t key_length, const char *text,
                     unsigned char mac[MAC_MAX])
{
    unsigned length = 0;

    HMAC(digest, key, (int)key_length, (const unsigned char *)text, strlen(text), mac, &length);
    return length;
}

/* Stripe-Signature: t=...,v1=... over "t.body". */
static char *stripe_headers(void *ctx, const struct said *said)
{
    char *text = FORMAT(ctx, "%lld.%s", said->now, said->body), hex[TEXT_MAX];
    unsigned char mac[MAC_MAX];
    size_t length = mac_of(EVP_sha256(), said->secret, strlen(said->secret), text, mac);

    sodium_bin2hex(hex, sizeof hex, mac, length);
    return FORMAT(ctx, "Stripe-Signature: t=%lld,v1=%s\n", said->now, hex);
}

static int by_name(const void *one, const void *other)
{
    const char *const *a = one, *const *b = other;
    return strcmp(*a, *b);
}

/* X-Twilio-Signature: the URL and, sorted by name, each parameter's name and value. */
static char *twilio_headers(void *ctx, const struct said *said)
{
    size_t n = json_object_size(said->form), i = 0;
    const char **names = memory_check(talloc_array(ctx, const char *, n + 1)), *name;
    char *text = COPY(ctx, said->url), base64[TEXT_MAX];
    unsigned char mac[MAC_MAX];
    json_t *value;

    json_object_foreach(said->form, name, value) names[i++] = name;
    qsort(names, n, sizeof *names, by_name);
    for (i = 0; i < n; i++) {
        const char *is = json_string_value(json_object_get(said->form, names[i]));
        text = memory_check(talloc_asprintf_append_buffer(text, "%s%s", names[i], is ? is : ""));
    }
    i = mac_of(EVP_sha1(), said->secret, strlen(said->secret), text, mac);
    sodium_bin2base64(base64, sizeof base64, mac, i, sodium_base64_VARIANT_ORIGINAL);
    return FORMAT(ctx, "X-Twilio-Signature: %s\n", base64);
}

/* Webhook-Signature: v1,... over "id.time.body", with what the secret stands for behind its whsec_. */
static char *replicate_headers(void *ctx, const struct said *said)
{
    char *text = FORMAT(ctx, "%s.%lld.%s", said->id, said->now, said->body), base64[TEXT_MAX];
    const char *secret = strncmp(said->secret, "whsec_", 6) ? said->secret : said->secret + 6;
    unsigned char mac[MAC_MAX], key[SECRET_MAX];
    size_t key_length = 0, length;

    sodium_base642bin(key, sizeof key, secret, strlen(secret), NULL, &key_length, NULL, sodium_base64_VARIANT_ORIGINAL);
    length = mac_of(EVP_sha256(), key, key_length, text, mac);
    sodium_bin2base64(base64, sizeof base64, mac, length, sodium_base64_VARIANT_ORIGINAL);
    return FORMAT(ctx, "Webhook-Id: %s\nWebhook-Timestamp: %lld\nWebhook-Signature: v1,%s\n", said->id, said->now,
                  base64);
}

static const struct signer {
    const char *name;
    char *(*headers)(void *ctx, const struct said *said);
} signers[] = {
    { "stripe", stripe_headers },
    { "twilio", twilio_headers },
    { "replicate", replicate_headers },
};

char *signature_headers(void *ctx, const char *how, const char *secret, const char *url, const char *id,
                        const char *body, json_t *form, long long now)
{
    const struct said said = { secret, url, id, body, form, now };

    for (size_t i = 0; i < ELEMENTS(signers); i++)
        if (!strcmp(signers[i].name, how))
            return signers[i].headers(ctx, &said);
    return COPY(ctx, "");
}
