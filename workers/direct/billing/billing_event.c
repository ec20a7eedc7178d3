/* SPDX-License-Identifier: GPL-3.0-or-later
 * billing.event: what Stripe has told. The database knows what is newer; where Stripe's clock, which counts seconds,
 * does not tell, the thing itself is asked for. */
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/stripe.h"
#include "sql.h"
#include "workers/direct/billing/billing.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"

/* How a thing of each type is asked for. */
static const struct {
    const char *object, *id;
    enum stripe_operation operation;
} things[] = {
    { "subscription", "id", STRIPE_SUBSCRIPTION_GET },
    { "invoice", "id", STRIPE_INVOICE_GET },
    { "payment_intent", "id", STRIPE_PAYMENT_GET },
    { "payment_method", "id", STRIPE_METHOD_GET },
    { "checkout.session", "subscription", STRIPE_SUBSCRIPTION_GET },
};

/* *ret is the caller's; it stays NULL when Stripe has nothing to say of it. */
static int fetch(struct job *job, const json_t *told, json_t **ret)
{
    const char *object = stripe_text(told, "object");
    struct billing billing = { .job = job };
    size_t i = 0;

    while (i < ELEMENTS(things) && strcmp(things[i].object, object ? object : "") != 0)
        i++;
    if (i == ELEMENTS(things) || !stripe_text(told, things[i].id))
        return 0;
    return billing_ask(&billing, things[i].operation, stripe_text(told, things[i].id), NULL, NULL, ret);
}

static int apply(struct job *job, const char *fresh, const char **ret_outcome, json_t **ret_object)
{
    autoresult struct result result = { 0 };
    const char *object, *why;
    int r = billing_run(
        job, &sql_worker_billing_event_apply,
        PARAMS({ "product", job->product }, { "event_id", job_text(job, "event_id") }, { "fresh", fresh }), &result);

    if (r < 0)
        return r;
    if (!result_rows(&result))
        return job_bury(job, "there is no such event");
    object = result_text(&result, 0, "object");
    *ret_outcome = COPY(job, result_text(&result, 0, "outcome"));
    if (ret_object && object && json_parse_strict(job, object, strlen(object), ret_object, &why) < 0)
        return job_bury(job, "the event cannot be read: %s", why);
    return 0;
}

int billing_event(struct job *job)
{
    json_auto_t *told = NULL, *fresh = NULL;
    const char *outcome = "";
    int r = apply(job, NULL, &outcome, &told);

    if (r == 0 && !strcmp(outcome, "ask")) {
        r = fetch(job, told, &fresh);
        if (r == 0 && fresh)
            r = apply(job, json_text(job, fresh), &outcome, NULL);
    }
    if (r == 0)
        job->result = json_pack("{s:s}", "outcome", outcome);
    return billing_end(r);
}
