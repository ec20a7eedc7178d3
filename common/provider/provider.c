/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/provider.h"
#include "common/memory.h"
#include <string.h>
#include <strings.h>

/* The API's version that ours is written for: an account may have another as its own. */
static const char *const stripe_headers[] = { "Stripe-Version: 2023-10-16", NULL };

/* Without it some refuse to answer. */
static const char *const our_headers[] = { "User-Agent: Millrace/1.0", NULL };

#define SETTING(member) offsetof(struct config, member)

/* clang-format off */
/* What HTTP says of statuses. Those of 5xx may come from something between us and the service that has lost its answer;
 * 503 says that nothing was done only when it also says when to come again. */
#define OF_HTTP \
    { .from = 429, .to = 429, .verdict = PROVIDER_LIMITED }, \
    { .from = 503, .to = 503, .told = true, .verdict = PROVIDER_LIMITED }, \
    { .from = 408, .to = 408, .verdict = PROVIDER_LATER }, \
    { .from = 425, .to = 425, .verdict = PROVIDER_LATER }, \
    { .from = 409, .to = 409, .keyed = true, .verdict = PROVIDER_LATER }, \
    { .from = 500, .to = 599, .lost = true, .verdict = PROVIDER_LATER }, \
    { .verdict = PROVIDER_DONE }

static const struct provider_status of_http[] = { OF_HTTP };
/* GitHub's second limit is a 403 that says how long. */
static const struct provider_status of_owned[] = { { .from = 403, .to = 403, .told = true, .verdict = PROVIDER_LIMITED }, OF_HTTP };

/* Limits of models are of minutes and days: of a day that is spent we ask again each hour. */
static const struct provider_retry of_models = { .statuses = of_http, .wait = 5, .most = 3600 };
static const struct provider_retry of_openai = { .statuses = of_http, .spent = "insufficient_quota", .wait = 5, .most = 3600 };
static const struct provider_retry of_stripe = { .statuses = of_http, .wait = 2, .most = 60 };
static const struct provider_retry of_twilio = { .statuses = of_http, .wait = 5, .most = 600 };
static const struct provider_retry of_owners = { .statuses = of_owned, .wait = 5, .most = 3600 };

#define OWNED(id, host, path) \
    { .name = id, .base = host path, .sandbox = path, .proof = PROVIDER_OWNER, .headers = our_headers, .connect = 5000, \
      .timeout = 20000, .retry = &of_owners }
/* Rates are below what the services allow a new account. Twilio takes one message a second from a usual number. */
const struct provider providers[] = {
    { .name = "openai", .base = "https://api.openai.com/v1", .sandbox = "/v1", .proof = PROVIDER_BEARER,
      .url = SETTING(openai_url), .key = SETTING(openai_key), .connect = 5000,
      .timeout = 60000, .retry = &of_openai, .limiter = "openai", .rate = "8", .burst = "60" },
    { .name = "gemini", .base = "https://generativelanguage.googleapis.com/v1beta", .sandbox = "/v1beta",
      .proof = PROVIDER_HEADER, .header = "x-goog-api-key",
      .url = SETTING(gemini_url), .key = SETTING(gemini_key), .connect = 5000,
      .timeout = 60000, .retry = &of_models, .limiter = "gemini", .rate = "5", .burst = "30" },
    { .name = "replicate", .base = "https://api.replicate.com/v1", .sandbox = "/v1", .proof = PROVIDER_BEARER,
      .url = SETTING(replicate_url), .key = SETTING(replicate_key), .connect = 5000,
      .timeout = 30000, .retry = &of_models, .limiter = "replicate", .rate = "10", .burst = "60" },
    { .name = "stripe", .base = "https://api.stripe.com/v1", .sandbox = "/v1", .proof = PROVIDER_BEARER,
      .url = SETTING(stripe_url), .key = SETTING(stripe_key), .headers = stripe_headers, .connect = 5000,
      .timeout = 30000, .retry = &of_stripe, .limiter = "stripe", .rate = "20", .burst = "40" },
    { .name = "twilio", .base = "https://api.twilio.com/2010-04-01", .sandbox = "/2010-04-01", .proof = PROVIDER_BASIC,
      .url = SETTING(twilio_url), .key = SETTING(twilio_token), .account = SETTING(twilio_account), .connect = 5000,
      .timeout = 15000, .retry = &of_twilio, .limiter = "twilio", .rate = "1", .burst = "10" },
    /* integrations.c: each account gives a token of its own */
    OWNED("google_drive", "https://www.googleapis.com", "/drive/v3"),
    OWNED("dropbox", "https://api.dropboxapi.com", "/2"),
    OWNED("onedrive", "https://graph.microsoft.com", "/v1.0"),
    OWNED("github", "https://api.github.com", ""),
    OWNED("gitlab", "https://gitlab.com", "/api/v4"),
    OWNED("slack", "https://slack.com", "/api"),
    OWNED("discord", "https://discord.com", "/api/v10"),
    OWNED("twitter", "https://api.twitter.com", "/2"),
    OWNED("linkedin", "https://api.linkedin.com", "/v2"),
    { .name = NULL },
};
/* clang-format on */

#define SANDBOX_ACCOUNT "AC00000000000000000000000000000000"

const struct provider *provider_find(const char *name)
{
    for (const struct provider *provider = providers; provider->name; provider++)
        if (!strcmp(provider->name, name))
            return provider;
    return NULL;
}

/* "" where there is no such setting. */
static const char *setting(const struct config *config, size_t offset)
{
    return offset ? *(const char *const *)(const void *)((const char *)config + offset) : "";
}

char *provider_base(void *ctx, const struct config *config, const struct provider *provider)
{
    const char *url = setting(config, provider->url);

    if (*url)
        return COPY(ctx, url);
    if (config->sandbox)
        return FORMAT(ctx, "%s/%s%s", config->sandbox_url, provider->name, provider->sandbox);
    return COPY(ctx, provider->base);
}

const char *provider_account(const struct config *config, const struct provider *provider)
{
    const char *account = setting(config, provider->account);

    return *account || !config->sandbox ? account : SANDBOX_ACCOUNT;
}

const char *provider_key(const struct config *config, const struct provider *provider)
{
    const char *key = setting(config, provider->key);

    return *key || !config->sandbox ? key : "sandbox";
}

bool provider_configured(const struct config *config, const struct provider *provider)
{
    if (config->sandbox && !*setting(config, provider->url) && !*config->sandbox_url)
        return false;
    if (provider->proof == PROVIDER_OWNER)
        return true;
    if (provider->proof == PROVIDER_BASIC && !*provider_account(config, provider))
        return false;
    return *provider_key(config, provider);
}

/* ---- what a status means ---- */

static int wait_of(const struct provider_retry *retry, long retry_after)
{
    if (retry_after < 0)
        return retry->wait;
    return retry_after < retry->most ? (int)retry_after : retry->most;
}

enum provider_verdict provider_verdict(const struct provider *provider, const struct provider_request *request,
                                       long status, long retry_after, const char *code, int *ret_wait)
{
    const struct provider_retry *retry = provider->retry;
    const struct provider_status *rule = retry->statuses;

    *ret_wait = -1;
    while (rule->verdict != PROVIDER_DONE &&
           (status < rule->from || status > rule->to || (rule->told && retry_after < 0) ||
            (rule->keyed && !request->idempotency)))
        rule++;
    if (rule->verdict == PROVIDER_DONE)
        return PROVIDER_NEVER;
    if (rule->lost && request->effect)
        return PROVIDER_UNKNOWN;
    if (rule->verdict != PROVIDER_LIMITED)
        return rule->verdict;
    if (retry->spent && code && !strcmp(code, retry->spent))
        return PROVIDER_NEVER;
    *ret_wait = wait_of(retry, retry_after);
    return PROVIDER_LIMITED;
}

/* ---- addresses ---- */

/* The length of a segment's "." or "..", spelled in whatever way; 0: it is none of them. */
static size_t dots(const char *at)
{
    const char *end = at;

    for (int i = 0; i < 2; i++)
        end += *end == '.' ? 1 : !strncasecmp(end, "%2e", 3) ? 3 : 0;
    return *end && !strchr("/?#", *end) ? 0 : (size_t)(end - at);
}

bool provider_is_below(const char *url, const char *base)
{
    size_t length = strlen(base);

    if (strncmp(url, base, length) != 0 || url[length] != '/')
        return false;
    for (const char *at = url + length; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '\\')
            return false;
    for (const char *at = url + length; *at == '/'; at += 1 + strcspn(at + 1, "/?#")) /* each segment of the path */
        if (dots(at + 1))
            return false;
    return true;
}
