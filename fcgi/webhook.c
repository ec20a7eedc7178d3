/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/webhook.h"
#include "common/memory.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>

enum { SHA1_BYTES = 20, SIGNATURE_TEXT = 29 };

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
