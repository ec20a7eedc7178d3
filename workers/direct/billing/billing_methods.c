/* SPDX-License-Identifier: GPL-3.0-or-later
 * billing.attach and billing.detach: an account's payment methods; billing.close: the end of an account at Stripe. */
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/billing/billing.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"

/* A card's token of Stripe.js becomes a payment method; one that is named already is that. */
static int method_of(struct billing *billing, const char **ret)
{
    const char *token = job_text(billing->job, "stripe_token");
    json_auto_t *method = NULL;
    int r;

    *ret = job_text(billing->job, "payment_method_id");
    if (!token)
        return *ret ? 0 : job_bury(billing->job, "no payment method is named");
    r = billing_ask(billing, STRIPE_METHOD_CREATE, NULL, "method",
                    STRIPE_FIELDS({ "type", "card" }, { "card[token]", token }), &method);
    if (r != 0)
        return r;
    *ret = COPY(billing->job, stripe_text(method, "id") ? stripe_text(method, "id") : "");
    return 0;
}

int billing_method_attach(struct job *job)
{
    struct billing billing;
    const char *method = NULL;
    int r = billing_begin(job, &billing);

    if (r == 0)
        r = billing_customer(&billing);
    if (r == 0)
        r = method_of(&billing, &method);
    if (r == 0)
        r = billing_attach(&billing, method, job_number(job, "as_default", 0) != 0, job_text(job, "name"), &method);
    if (r == 0)
        job->result = json_pack("{s:s}", "payment_method_id", method);
    return billing_end(r);
}

/* What Stripe would not detach may be detached already: then that is as well. */
static int look_detached(struct billing *billing, const char *method, const struct provider_call *refused)
{
    autotalloc struct provider_call *call = NULL;
    json_auto_t *answer = NULL;
    int r = billing_call(billing, STRIPE_METHOD_GET, method, NULL, NULL, &call);

    if (r < 0)
        return r;
    if (call->status == 404)
        return billing_stranger(billing->job, "payment method", method);
    r = billing_answer(billing, call, &answer);
    return r == 0 && stripe_text(answer, "customer") ? billing_answer(billing, refused, &answer) : r;
}

int billing_method_detach(struct job *job)
{
    autoresult struct result result = { 0 };
    autotalloc struct provider_call *call = NULL;
    json_auto_t *answer = NULL;
    const char *method = job_text(job, "payment_method_id");
    struct billing billing;
    int r = billing_begin(job, &billing);

    if (r == 0)
        r = billing_call(&billing, STRIPE_METHOD_DETACH, method, "detach", NULL, &call);
    if (r == 0)
        r = call->verdict == PROVIDER_NEVER ? look_detached(&billing, method, call)
                                            : billing_answer(&billing, call, &answer);
    if (r == 0)
        r = billing_run(job, &sql_worker_billing_method_drop,
                        PARAMS({ "account", billing.account }, { "method", method }), &result);
    return billing_end(r);
}

/* With the customer all its subscriptions end, at once. One that was deleted already is not found (404, though it can
 * be looked at). */
int billing_close(struct job *job)
{
    autoresult struct result result = { 0 };
    autotalloc struct provider_call *call = NULL;
    struct billing billing;
    bool deleted = false;
    int r = billing_begin(job, &billing);

    if (r < 0 || !billing.customer)
        return r;
    r = billing_call(&billing, STRIPE_CUSTOMER_DELETE, billing.customer, "close", NULL, &call);
    if (r < 0)
        return r;
    if (call->status == 404) {
        r = billing_customer_look(&billing, &deleted);
        if (r < 0)
            return r;
    }
    if (call->verdict != PROVIDER_DONE && !deleted)
        return job_after_call(job, call);
    return billing_run(job, &sql_worker_billing_close, PARAMS({ "account", billing.account }), &result);
}
