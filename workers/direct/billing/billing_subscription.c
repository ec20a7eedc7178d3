/* SPDX-License-Identifier: GPL-3.0-or-later
 * billing.subscribe: buy a plan with a payment method, or change to another; billing.cancel and billing.reactivate. The
 * rows say what is wished before these run; what Stripe answers, and its events later, says what is. */
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/billing/billing.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"

/* A subscription of ours. */
struct bought {
    const char *id;        /* ours */
    const char *stripe_id; /* NULL: Stripe has not been asked yet */
    const char *plan, *price;
    const char *forgotten; /* Stripe's ids of those that were never paid for, with blanks between; NULL: none */
    bool ended;            /* cancelled before it was bought, or given up */
    bool ending, planning; /* this job's wish about its end, about its plan, is the latest */
    bool other;            /* the account has one that is paid for */
};

static int bought_get(struct billing *billing, struct bought *ret)
{
    autoresult struct result result = { 0 };
    struct job *job = billing->job;
    const char *id = FORMAT(job, "%lld", job_number(job, "subscription_id", 0));
    int r = billing_run(
        job, &sql_worker_billing_subscription_get,
        PARAMS({ "id", id }, { "account", billing->account }, { "plan", job_text(job, "plan") }, { "job", job->id }),
        &result);

    if (r < 0)
        return r;
    if (!result_rows(&result))
        return job_bury(job, "there is no subscription %s of this account", id);
    *ret = (struct bought){ .id = id,
                            .ended = *result_text(&result, 0, "ended") == 't',
                            .ending = *result_text(&result, 0, "ending") == 't',
                            .planning = *result_text(&result, 0, "planning") == 't',
                            .other = *result_text(&result, 0, "other") == 't' };
    const struct {
        const char **to, *column;
    } texts[] = { { &ret->stripe_id, "stripe_id" },
                  { &ret->plan, "plan" },
                  { &ret->price, "price" },
                  { &ret->forgotten, "forgotten" } };
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        if (result_text(&result, 0, texts[i].column))
            *texts[i].to = COPY(job, result_text(&result, 0, texts[i].column));
    return 0;
}

static bool is_over(const char *status)
{
    return !strcmp(status, "canceled") || !strcmp(status, "incomplete_expired");
}

static const char *status_of(const json_t *subscription)
{
    const char *status = stripe_text(subscription, "status");

    return status ? status : "";
}

/* How a subscription stands at Stripe. */
struct standing {
    const char *status;
    const char *invoice; /* its latest; NULL: it has none */
};

/* Its name, wherever it is told in whole. */
static const char *invoice_of(const json_t *subscription)
{
    const char *id = stripe_text(subscription, "latest_invoice.id");

    return id ? id : stripe_text(subscription, "latest_invoice");
}

/* Ask Stripe for a subscription as it is now, and write that down. */
static int look(struct billing *billing, const char *stripe_id, struct standing *ret)
{
    autotalloc struct provider_call *call = NULL;
    json_auto_t *subscription = NULL;
    int r = billing_call(billing, STRIPE_SUBSCRIPTION_GET, stripe_id, NULL, NULL, &call);

    if (r < 0)
        return r;
    if (call->status == 404)
        return billing_stranger(billing->job, "subscription", stripe_id);
    r = billing_answer(billing, call, &subscription);
    if (r == 0)
        *ret = (struct standing){ .status = COPY(billing->job, status_of(subscription)),
                                  .invoice =
                                      invoice_of(subscription) ? COPY(billing->job, invoice_of(subscription)) : NULL };
    return r == 0 ? billing_know(billing, subscription) : r;
}

/* Tell Stripe to change or to end a subscription, and write down how it is then: the answer to a call that was repeated
 * is what it was at first. One that is over is not found by either (404, though it can be looked at), as when the
 * answer to the first try was lost: *ret_over. */
static int tell(struct billing *billing, enum stripe_operation operation, const char *stripe_id, const char *step,
                const struct stripe_field *fields, bool *ret_over)
{
    autotalloc struct provider_call *call = NULL;
    json_auto_t *answer = NULL;
    struct standing now = { 0 };
    int r = billing_call(billing, operation, stripe_id, step, fields, &call);

    if (r < 0)
        return r;
    *ret_over = false;
    if (call->status == 404) {
        r = look(billing, stripe_id, &now);
        *ret_over = r == 0 && is_over(now.status);
        return r == 0 && !*ret_over ? job_after_call(billing->job, call) : r;
    }
    r = billing_answer(billing, call, &answer);
    if (r == 0)
        r = look(billing, stripe_id, &now);
    if (r == 0)
        *ret_over = is_over(now.status);
    return r;
}

static int end(struct billing *billing, const char *stripe_id, const char *step, bool *ret_over)
{
    return tell(billing, STRIPE_SUBSCRIPTION_CANCEL, stripe_id, step, NULL, ret_over);
}

/* See to it that nobody pays an invoice any more: it stays open when its subscription ends. *ret_paid: somebody has, or
 * is about to. */
static int close_invoice(struct billing *billing, const char *invoice, bool *ret_paid)
{
    autotalloc struct provider_call *call = NULL;
    json_auto_t *answer = NULL;
    int r = billing_call(billing, STRIPE_INVOICE_VOID, invoice, FORMAT(billing->job, "void-%s", invoice), NULL, &call);

    if (r < 0)
        return r;
    *ret_paid = false;
    if (call->verdict != PROVIDER_NEVER)
        return billing_answer(billing, call, &answer);
    r = billing_ask(billing, STRIPE_INVOICE_GET, invoice, NULL, NULL, &answer);
    *ret_paid = r == 0 && !(stripe_text(answer, "status") && !strcmp(stripe_text(answer, "status"), "void"));
    return r;
}

/* The same of the first invoice of a subscription that was not paid for yet; *ret: how it stands then, which is not
 * `incomplete` when it was paid. */
static int close_unpaid(struct billing *billing, const char *stripe_id, struct standing *ret)
{
    bool paid = false;
    int r = look(billing, stripe_id, ret);

    if (r == 0 && !strcmp(ret->status, "incomplete") && ret->invoice)
        r = close_invoice(billing, ret->invoice, &paid);
    if (r == 0 && paid)
        r = look(billing, stripe_id, ret);
    if (r == 0 && paid && !strcmp(ret->status, "incomplete"))
        return job_release(billing->job, -1, "subscription %s is being paid for", stripe_id);
    return r;
}

/* End a subscription that was never paid for, and see to it that it cannot be any more. *ret_over: it was paid for
 * after all when that is false. */
static int abandon(struct billing *billing, const char *stripe_id, const char *step, bool *ret_over)
{
    struct standing now;
    int r = close_unpaid(billing, stripe_id, &now);

    if (r == 0 && !strcmp(now.status, "incomplete"))
        return end(billing, stripe_id, step, ret_over);
    *ret_over = r == 0 && is_over(now.status);
    return r;
}

/* What was begun and never paid for would stand in the way of what is bought now. What somebody has paid meanwhile
 * stays.
 */
static int forget(struct billing *billing, const struct bought *bought)
{
    char *save = NULL;
    bool over;
    int r = 0;

    if (!bought->forgotten)
        return 0;
    for (char *id = strtok_r(COPY(billing->job, bought->forgotten), " ", &save); id && r == 0;
         id = strtok_r(NULL, " ", &save))
        r = abandon(billing, id, FORMAT(billing->job, "forget-%s", id), &over);
    return r;
}

/* ---- buying ---- */

/* Charge what is to be paid first. Refused: the subscription ends again. */
static int pay_first(struct billing *billing, const json_t *subscription, const char *method, const char **ret_status)
{
    const char *intent = stripe_text(subscription, "latest_invoice.payment_intent.id");
    json_auto_t *paid = NULL;
    bool over;
    int r;

    *ret_status = "succeeded"; /* nothing is to be paid */
    if (!intent)
        return 0;
    r = billing_ask(billing, STRIPE_PAYMENT_CONFIRM, intent, "confirm", STRIPE_FIELDS({ "payment_method", method }),
                    &paid);
    if (r == 0)
        *ret_status = COPY(billing->job, stripe_text(paid, "status") ? stripe_text(paid, "status") : "");
    if (r != BILLING_REFUSED)
        return r;
    r = abandon(billing, stripe_text(subscription, "id"), "refused", &over);
    if (r == 0 && !over)
        *ret_status = "succeeded"; /* with another card, elsewhere */
    return r == 0 && over ? BILLING_REFUSED : r;
}

/* Have Stripe make it, or look at what an earlier try has made: it may be paid for. */
static int make(struct billing *billing, const struct bought *bought, const char *method, json_t **ret)
{
    if (bought->stripe_id)
        return billing_ask(billing, STRIPE_SUBSCRIPTION_GET, bought->stripe_id, NULL,
                           STRIPE_FIELDS({ "expand[0]", "latest_invoice.payment_intent" }), ret);
    return billing_ask(billing, STRIPE_SUBSCRIPTION_CREATE, NULL, "subscribe",
                       STRIPE_FIELDS({ "customer", billing->customer }, { "items[0][price]", bought->price },
                                     { "default_payment_method", method }, { "payment_behavior", "default_incomplete" },
                                     { "payment_settings[save_default_payment_method]", "on_subscription" },
                                     { "expand[0]", "latest_invoice.payment_intent" },
                                     { "metadata[job_id]", billing->job->id }, { "metadata[plan]", bought->plan },
                                     { "metadata[subscription_id]", bought->id },
                                     { "metadata[account_id]", billing->account }),
                       ret);
}

static int granted(struct job *job, const char *client_secret, bool requires_action)
{
    json_decref(job->result); /* a refusal that came to nothing */
    job->result = json_pack("{s:s?, s:b}", "client_secret", client_secret, "requires_action", requires_action);
    return 0;
}

/* It is not bought: it is over, or the account has another; unless somebody pays for it in this moment, elsewhere.
 * made: what there is of it; NULL: nothing. */
static int give_up(struct billing *billing, const struct bought *bought, const json_t *made)
{
    const char *why = stripe_text(made, "latest_invoice.payment_intent.last_payment_error.message");
    const char *code = stripe_text(made, "latest_invoice.payment_intent.last_payment_error.code");
    bool over = true;
    int r = made ? abandon(billing, stripe_text(made, "id"), "refused", &over) : 0;

    if (r != 0)
        return r;
    if (!over)
        return granted(billing->job, NULL, false);
    if (bought->other)
        return billing_refuse(billing->job, "invalid", "You have a subscription", "subscribed");
    return billing_refuse(billing->job, "payment", why ? why : "The subscription has ended", code);
}

static int buy(struct billing *billing, struct bought *bought, const char *method)
{
    json_auto_t *made = NULL;
    const char *status = "succeeded";
    struct standing now;
    int r = forget(billing, bought);

    if (r == 0)
        r = bought_get(billing, bought); /* as it is when the turn is ours and the others are looked at */
    if (r == 0 && (bought->stripe_id || !(bought->ended || bought->other)))
        r = make(billing, bought, method, &made);
    if (r == 0 && (!made || is_over(status_of(made)) ||
                   ((bought->ended || bought->other) && !strcmp(status_of(made), "incomplete"))))
        return give_up(billing, bought, made);
    if (r == 0)
        r = billing_know(billing, made);
    if (r == 0 && !strcmp(status_of(made), "incomplete"))
        r = pay_first(billing, made, method, &status);
    if (r == 0)
        r = look(billing, stripe_text(made, "id"), &now);
    if (r != 0)
        return r;
    return granted(billing->job, stripe_text(made, "latest_invoice.payment_intent.client_secret"),
                   !strcmp(status, "requires_action"));
}

/* What this job was to do is not wished any more: another has come after it, and this one was late, or is tried again.
 */
static int superseded(struct job *job)
{
    job->result = json_pack("{s:b}", "superseded", true);
    return 0;
}

/* Another plan for what is paid already: the difference is on the next invoice. It goes on, unless it was cancelled
 * since: a call of its own then, because one that is repeated must be the same. */
static int change(struct billing *billing, struct bought *bought, const char *method)
{
    json_auto_t *subscription = NULL;
    bool over = false;
    int r = billing_ask(billing, STRIPE_SUBSCRIPTION_GET, bought->stripe_id, NULL, NULL, &subscription);

    if (r == 0)
        r = bought_get(billing, bought);
    if (r == 0 && !bought->planning)
        return superseded(billing->job);
    if (r == 0)
        r = tell(billing, STRIPE_SUBSCRIPTION_UPDATE, bought->stripe_id, bought->ending ? "change" : "change-plan",
                 STRIPE_FIELDS({ "items[0][id]", stripe_text(subscription, "items.data.0.id") },
                               { "items[0][price]", bought->price }, { "default_payment_method", method },
                               { "proration_behavior", "create_prorations" },
                               { "cancel_at_period_end", bought->ending ? "false" : NULL },
                               { "metadata[plan]", bought->plan }),
                 &over);
    if (r == 0 && over)
        return billing_refuse(billing->job, "invalid", "The subscription has ended", "ended");
    return r == 0 ? granted(billing->job, NULL, false) : r;
}

int billing_subscribe(struct job *job)
{
    const char *method = job_text(job, "payment_method_id");
    bool changes = job_number(job, "change", 0);
    struct billing billing;
    struct bought bought;
    int r = billing_begin(job, &billing);

    if (r == 0)
        r = bought_get(&billing, &bought);
    if (r == 0 && changes && !bought.planning)
        return superseded(job);
    if (r == 0 && !bought.price)
        return job_bury(job, "the plan has no price at Stripe");
    if (r == 0)
        r = billing_customer(&billing);
    if (r == 0 && method)
        r = billing_attach(&billing, method, true, NULL, &method);
    if (r == 0)
        r = changes ? change(&billing, &bought, method) : buy(&billing, &bought, method);
    return billing_end(r);
}

/* ---- what comes after ---- */

/* Before what is not paid for is cancelled: see to it that nobody pays for it any more. Refused: somebody has, just
 * now, which ends the wish, and not what he has paid for. */
static int close_before_cancel(struct billing *billing, const struct bought *bought)
{
    struct standing now;
    int r = close_unpaid(billing, bought->stripe_id, &now);

    if (r == 0 && strcmp(now.status, "incomplete") != 0 && !is_over(now.status))
        return billing_refuse(billing->job, "invalid", "The subscription has been paid for", "paid");
    return r;
}

static int update(struct job *job, enum stripe_operation operation, const char *step, const struct stripe_field *fields,
                  bool ends)
{
    struct billing billing;
    struct bought bought;
    bool over = false;
    int r = billing_begin(job, &billing);

    if (r == 0)
        r = bought_get(&billing, &bought);
    if (r == 0 && !bought.stripe_id)
        return job_bury(job, "Stripe does not know subscription %s", bought.id);
    if (r == 0 && !bought.ending)
        return superseded(job);
    if (r == 0 && operation == STRIPE_SUBSCRIPTION_CANCEL && !strcmp(job_text(job, "was_status"), "incomplete"))
        r = close_before_cancel(&billing, &bought);
    if (r == 0)
        r = tell(&billing, operation, bought.stripe_id, step, fields, &over);
    if (r == 0 && over && !ends)
        r = billing_refuse(job, "invalid", "The subscription has ended", NULL);
    return billing_end(r);
}

int billing_cancel(struct job *job)
{
    const struct stripe_field reason = { "cancellation_details[comment]", job_text(job, "reason") };

    if (job_number(job, "at_period_end", 1))
        return update(job, STRIPE_SUBSCRIPTION_UPDATE, "cancel",
                      STRIPE_FIELDS({ "cancel_at_period_end", "true" }, reason), true);
    return update(job, STRIPE_SUBSCRIPTION_CANCEL, "cancel", STRIPE_FIELDS(reason), true);
}

int billing_reactivate(struct job *job)
{
    return update(job, STRIPE_SUBSCRIPTION_UPDATE, "reactivate", STRIPE_FIELDS({ "cancel_at_period_end", "false" }),
                  false);
}
