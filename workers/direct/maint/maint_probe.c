/* SPDX-License-Identifier: GPL-3.0-or-later
 * maint.probe: ask each outside service for something small, and keep how it answered: health calls show that. A
 * service without a key is not asked. */
#include "common/clock.h"
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/gemini.h"
#include "common/provider/openai.h"
#include "common/provider/replicate.h"
#include "common/provider/stripe.h"
#include "common/provider/twilio.h"
#include "sql.h"
#include "workers/kinds.h"

enum { TIMEOUT_MS = 5000 };

/* Prepare the question, on the job; as provider_prepare(). */
typedef int question_fn(struct job *job, const struct provider *provider, struct provider_call **ret);

static int plain(struct job *job, const struct provider *provider, struct provider_request request,
                 struct provider_call **ret)
{
    request.timeout = TIMEOUT_MS;
    return provider_prepare(job, job->tools->config, provider, &request, ret);
}

static int ask_openai(struct job *job, const struct provider *provider, struct provider_call **ret)
{
    return plain(job, provider, openai_models(), ret);
}

static int ask_gemini(struct job *job, const struct provider *provider, struct provider_call **ret)
{
    return plain(job, provider, gemini_models(), ret);
}

static int ask_replicate(struct job *job, const struct provider *provider, struct provider_call **ret)
{
    return plain(job, provider, replicate_account(), ret);
}

static int ask_stripe(struct job *job, const struct provider *provider, struct provider_call **ret)
{
    return plain(job, provider, stripe_balance(), ret);
}

static int ask_twilio(struct job *job, const struct provider *provider, struct provider_call **ret)
{
    (void)provider;
    return twilio_balance(job, job->tools->config, ret);
}

/* What a service tells of itself beside that it answers: members of its answer, under our names. */
static const struct probe {
    const char *provider;
    question_fn *question;
    const char *told[3]; /* our name, and the two members it is made of: amount and currency */
} probes[] = {
    { .provider = "openai", .question = ask_openai },
    { .provider = "gemini", .question = ask_gemini },
    { .provider = "replicate", .question = ask_replicate },
    { .provider = "stripe", .question = ask_stripe },
    { .provider = "twilio", .question = ask_twilio, .told = { "account_balance", "balance", "currency" } },
};

static char *detail_of(void *ctx, const struct probe *probe, const struct provider_call *call)
{
    json_auto_t *detail = memory_check(json_object());

    if (call->remaining >= 0)
        json_object_set_new(detail, "rate_limit_remaining", json_integer(call->remaining));
    for (int i = 0; probe->told[0] && i < 2; i++)
        json_object_set(detail, i ? probe->told[2] : probe->told[0], json_object_get(call->json, probe->told[1 + i]));
    return json_object_size(detail) ? json_text(ctx, detail) : NULL;
}

static int store(struct job *job, const char *name, const char *status, const char *ms, const char *detail,
                 const char *why)
{
    autoresult struct result result = { 0 };

    if (database_run(job->tools->database, &sql_worker_probe_store,
                     PARAMS({ "name", name }, { "status", status }, { "ms", ms }, { "detail", detail }, { "why", why }),
                     &result) < 0)
        return job_release(job, -1, "the state of %s could not be stored: %s", name, result.message);
    return 0;
}

static int ask(struct job *job, const struct probe *probe, const struct provider *provider)
{
    struct provider_call *call;
    uint64_t began = clock_boot_ms();
    int r = probe->question(job, provider, &call);
    char *ms;

    if (r < 0)
        return store(job, provider->name, "down", NULL, NULL, strerror(-r));
    provider_perform(call);
    ms = FORMAT(job, "%llu", (unsigned long long)(clock_boot_ms() - began));
    if (call->verdict != PROVIDER_DONE)
        return store(job, provider->name, "down", ms, NULL, call->why);
    return store(job, provider->name, "healthy", ms, detail_of(job, probe, call), NULL);
}

int maint_probe(struct job *job)
{
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(probes) && r == 0; i++) {
        const struct provider *provider = provider_find(probes[i].provider);

        if (provider_configured(job->tools->config, provider))
            r = ask(job, &probes[i], provider);
        else
            r = store(job, provider->name, "not_configured", NULL, NULL, NULL);
    }
    return r;
}
