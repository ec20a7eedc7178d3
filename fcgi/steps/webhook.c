/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/webhook.h"
#include "common/memory.h"
#include "common/provider/provider.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

enum { SHA1_BYTES = 20, SIGNATURE_TEXT = 29, SHA256_BYTES = 32, SHA256_TEXT = 65, STRIPE_SECONDS = 300 };

static int by_name(const void *one, const void *other)
{
    const struct pair *a = one, *b = other;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->value, b->value);
}

/* What Twilio signs. The URL is the one that it is configured to call: the product's public base and this path. */
static char *signed_text(struct request *rq)
{
    size_t n = rq->form.count;
    struct pair *sorted = memory_check(talloc_array(rq, struct pair, n + 1));
    char *text = FORMAT(rq, "%s%s%s%s", argument(rq, "base_url"), request_path(rq), *rq->query ? "?" : "", rq->query);

    if (n)
        memcpy(sorted, rq->form.list, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++)
        text = memory_check(talloc_asprintf_append_buffer(text, "%s%s", sorted[i].name, sorted[i].value));
    return text;
}

int webhook_twilio(struct request *rq)
{
    const char *token = request_config(rq)->twilio_token, *sent = request_param(rq, "HTTP_X_TWILIO_SIGNATURE");
    unsigned char mac[SHA1_BYTES];
    char wanted[SIGNATURE_TEXT];
    const char *text;

    if (!*token)
        return fail(rq, E_UNAVAILABLE, NULL, "Twilio is not configured here");
    text = signed_text(rq);
    if (!HMAC(EVP_sha1(), token, (int)strlen(token), (const unsigned char *)text, strlen(text), mac, NULL))
        return fail(rq, E_INTERNAL, NULL, NULL);
    sodium_bin2base64(wanted, sizeof wanted, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    if (strlen(sent) != strlen(wanted) || sodium_memcmp(sent, wanted, strlen(wanted)) != 0)
        return fail(rq, E_FORBIDDEN, NULL, "The signature does not hold");
    return answer_from_sql(rq);
}

/* ---- Stripe ---- */

/* The next of a list's words, cut off in place; NULL at its end. */
static char *word_of(char **list)
{
    char *word = *list, *comma = word ? strchr(word, ',') : NULL;

    *list = comma ? comma + 1 : NULL;
    if (comma)
        *comma = '\0';
    while (word && *word == ' ')
        word++;
    return word;
}

/* Whether one of the header's v1 is what the secret makes of the text. */
static bool signed_with(struct request *rq, const char *secret, const char *text, const char *header)
{
    char *list = COPY(rq, header), wanted[SHA256_TEXT];
    unsigned char mac[SHA256_BYTES];
    bool holds = false;

    if (!*secret ||
        !HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, NULL))
        return false;
    sodium_bin2hex(wanted, sizeof wanted, mac, sizeof mac);
    for (const char *word = word_of(&list); word; word = word_of(&list))
        if (!strncmp(word, "v1=", 3) && strlen(word) == sizeof wanted - 1 + 3 &&
            sodium_memcmp(word + 3, wanted, sizeof wanted - 1) == 0)
            holds = true;
    return holds;
}

/* The header's t; 0: it has none. */
static long long signed_at(struct request *rq, const char *header)
{
    char *list = COPY(rq, header);

    for (const char *word = word_of(&list); word; word = word_of(&list))
        if (!strncmp(word, "t=", 2))
            return strtoll(word + 2, NULL, 10);
    return 0;
}

int webhook_stripe(struct request *rq)
{
    const char *header = request_param(rq, "HTTP_STRIPE_SIGNATURE"), *text;
    char *secrets = COPY(rq, request_config(rq)->stripe_webhook_secret);
    long long at = signed_at(rq, header), now = (long long)time(NULL);
    bool holds = false;

    if (!*secrets)
        return fail(rq, E_UNAVAILABLE, NULL, "Stripe is not configured here");
    text = FORMAT(rq, "%lld.%s", at, request_bytes(rq));
    for (const char *secret = word_of(&secrets); secret; secret = word_of(&secrets))
        holds = signed_with(rq, secret, text, header) || holds;
    if (!holds || at < now - STRIPE_SECONDS || at > now + STRIPE_SECONDS)
        return fail(rq, E_MALFORMED, NULL, "The signature does not hold");
    return answer_from_sql(rq);
}

int billing_request(struct request *rq)
{
    if (!provider_configured(request_config(rq), provider_find("stripe")))
        return fail(rq, E_UNAVAILABLE, NULL, "Payments are not configured here");
    return answer_from_sql(rq);
}
