/* SPDX-License-Identifier: GPL-3.0-or-later
 * billing.pay: take a payment from a method that its owner has stored, once. The row of the payment says `sending`
 * before Stripe is called; who finds it so does not know what became of the call before, and asks Stripe for the
 * account's payments: one that carries the job's id is this one. Only what is not among them is sent, and by the same
 * key, so that a call that is still under way there is not made twice either. */
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/billing/billing.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"
#include <stdlib.h>

enum { PAGES_MAX = 20, ASK_AGAIN = 2 /* seconds */ };

/* The row. */
struct payment {
    const char *ended;  /* how, when it has; NULL: it has not */
    const char *intent; /* Stripe's name of it; NULL: none is known */
    const char *amount, *currency, *method, *description;
    const char *since; /* when Stripe was first asked, seconds since 1970 less a little; NULL: never */
};

static int payment_begin(struct billing *billing, struct payment *ret)
{
    autoresult struct result result = { 0 };
    struct job *job = billing->job;
    int r = billing_run(job, &sql_worker_billing_pay_begin, PARAMS({ "account", billing->account }, { "job", job->id }),
                        &result);

    if (r < 0)
        return r;
    if (!result_rows(&result))
        return job_bury(job, "there is no payment to be taken");
    const struct {
        const char **to, *column;
    } texts[] = {
        { &ret->ended, "ended" },       { &ret->intent, "intent" },         { &ret->amount, "amount" },
        { &ret->currency, "currency" }, { &ret->method, "payment_method" }, { &ret->description, "description" },
        { &ret->since, "since" }
    };
    *ret = (struct payment){ 0 };
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        if (result_text(&result, 0, texts[i].column))
            *texts[i].to = COPY(job, result_text(&result, 0, texts[i].column));
    return 0;
}

/* What has become of it. */
static int payment_end(struct billing *billing, const char *status, const char *why, const json_t *intent)
{
    autoresult struct result result = { 0 };
    struct job *job = billing->job;
    int r = billing_run(job, &sql_worker_billing_pay_take,
                        PARAMS({ "account", billing->account }, { "job", job->id }, { "status", status },
                               { "why", why }, { "intent", intent ? json_text(job, intent) : NULL }),
                        &result);

    if (r == 0)
        job->result = json_pack("{s:s?}", "payment_intent", stripe_text(intent, "id"));
    return r;
}

/* ---- what Stripe knows ---- */

/* The one that carries the job's id, the caller's; *ret_last: the id of the last one otherwise. */
static json_t *among(const json_t *page, const char *job_id, const char **ret_last)
{
    const json_t *list = json_object_get(page, "data");
    json_t *intent;
    size_t i;

    json_array_foreach(list, i, intent)
    {
        const char *made_by = stripe_text(intent, "metadata.job_id");

        *ret_last = stripe_text(intent, "id");
        if (made_by && !strcmp(made_by, job_id))
            return json_incref(intent);
    }
    return NULL;
}

/* *ret stays NULL when Stripe knows none. */
static int payment_find(struct billing *billing, const struct payment *payment, json_t **ret)
{
    struct job *job = billing->job;
    const char *after = NULL;
    bool more = true;

    for (int page = 0; more && page < PAGES_MAX && !*ret; page++) {
        json_auto_t *list = NULL;
        const char *last = NULL;
        int r = billing_ask(billing, STRIPE_PAYMENT_LIST, NULL, NULL,
                            STRIPE_FIELDS({ "customer", billing->customer }, { "created[gte]", payment->since },
                                          { "limit", "100" }, { "starting_after", after }),
                            &list);
        if (r != 0)
            return r;
        if (!json_is_array(json_object_get(list, "data")))
            return job_release(job, ASK_AGAIN, "unknown: Stripe's list of payments cannot be read");
        *ret = among(list, job->id, &last);
        after = last ? COPY(job, last) : NULL;
        more = after && json_is_true(json_object_get(list, "has_more"));
    }
    return more && !*ret ? job_bury(job, "unknown: Stripe's list of payments has no end") : 0;
}

/* Whether Stripe is at it still: it is there, and has neither come to anything nor been refused. What is called failed
 * may be paid anew. */
static bool is_under_way(const json_t *intent)
{
    const char *status = stripe_text(intent, "status");

    return (!status || !strcmp(status, "requires_payment_method") || !strcmp(status, "requires_confirmation")) &&
           !json_is_object(json_object_get(intent, "last_payment_error"));
}

/* ---- taking it ---- */

/* Whether Stripe surely did nothing: it was never called, or wants fewer calls. Any other answer that promises nothing
 * may be that of somebody on the way who has lost Stripe's. */
static bool was_not_taken(const struct provider_call *call)
{
    return call->status == 0 || call->status == 429;
}

/* What the call says: the payment, in whatever state; a refusal; or nothing that can be understood. What it says of
 * itself alone says nothing of the call before, whose outcome was not known. */
static int payment_judge(struct billing *billing, const struct payment *payment, const struct provider_call *call)
{
    struct job *job = billing->job;
    struct stripe_refusal refusal;
    json_auto_t *answer = NULL;
    int r;

    if (call->verdict == PROVIDER_DONE)
        return payment_end(billing, NULL, NULL, call->json);
    if (call->verdict == PROVIDER_UNKNOWN)
        return job_release(job, ASK_AGAIN, "unknown: %s", call->why);
    if (call->verdict == PROVIDER_LATER && !was_not_taken(call))
        return job_release(job, -1, "unknown: %s", call->why);
    if (stripe_refused(call, &refusal)) {
        r = payment_end(billing, "failed", refusal.message, refusal.payment);
        return r < 0 ? r : billing_refuse(job, refusal.error, refusal.message, refusal.code);
    }
    if (call->verdict == PROVIDER_NEVER && payment->since)
        return job_bury(job, "unknown: %s", call->why);
    if (call->verdict == PROVIDER_NEVER)
        r = payment_end(billing, "failed", "The payment service did not do it", NULL);
    else
        r = payment->since || !was_not_taken(call) ? 0 : payment_end(billing, "new", NULL, NULL);
    return r < 0 ? r : billing_answer(billing, call, &answer);
}

static int payment_send(struct billing *billing, const struct payment *payment)
{
    struct job *job = billing->job;
    autotalloc struct provider_call *call = NULL;
    int r = billing_call(billing, STRIPE_PAYMENT_CREATE, NULL, "payment",
                         STRIPE_FIELDS({ "customer", billing->customer }, { "payment_method", payment->method },
                                       { "amount", payment->amount }, { "currency", payment->currency },
                                       { "description", payment->description }, { "off_session", "true" },
                                       { "confirm", "true" }, { "metadata[job_id]", job->id },
                                       { "metadata[account_id]", billing->account }),
                         &call);

    return r < 0 ? r : payment_judge(billing, payment, call);
}

int billing_pay(struct job *job)
{
    json_auto_t *found = NULL;
    struct billing billing;
    struct payment payment;
    int r = billing_begin(job, &billing);

    if (r == 0 && !billing.customer)
        return job_bury(job, "the account has no payment method");
    if (r == 0)
        r = job_provider_turn(job, "stripe"); /* who waits for it has not been sending */
    if (r == 0)
        r = payment_begin(&billing, &payment);
    if (r == 0 && payment.ended) { /* an event was faster */
        job->result = json_pack("{s:s?}", "payment_intent", payment.intent);
        return 0;
    }
    if (r == 0 && payment.since)
        r = payment_find(&billing, &payment, &found);
    if (r == 0 && found && is_under_way(found))
        return job_release(job, ASK_AGAIN, "unknown: Stripe has not come to an end with it");
    if (r == 0)
        r = found ? payment_end(&billing, NULL, NULL, found) : payment_send(&billing, &payment);
    return billing_end(r);
}
