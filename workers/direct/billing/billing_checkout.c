/* SPDX-License-Identifier: GPL-3.0-or-later
 * billing.checkout and billing.portal: pages of Stripe's, where the customer pays or sees to what he pays. */
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/billing/billing.h"
#include "workers/kinds.h"

/* What is sold: by the price that the operator has made at Stripe or, where there is none, by name and amount. */
static int sell(struct billing *billing, json_t **ret)
{
    autoresult struct result plan = { 0 };
    struct job *job = billing->job;
    const char *name = job_text(job, "plan"), *price;
    int r = billing_run(job, &sql_worker_billing_plan_get, PARAMS({ "product", billing->product }, { "plan", name }),
                        &plan);

    if (r < 0)
        return r;
    if (!result_rows(&plan))
        return job_bury(job, "there is no plan %s", name);
    price = result_text(&plan, 0, "price");
#define UNPRICED(column) (price ? NULL : result_text(&plan, 0, column))
    return billing_ask(billing, STRIPE_CHECKOUT_CREATE, NULL, "checkout",
                       STRIPE_FIELDS({ "mode", "subscription" }, { "customer", billing->customer },
                                     { "client_reference_id", billing->account }, { "line_items[0][quantity]", "1" },
                                     { "line_items[0][price]", price },
                                     { "line_items[0][price_data][currency]", UNPRICED("currency") },
                                     { "line_items[0][price_data][unit_amount]", UNPRICED("amount") },
                                     { "line_items[0][price_data][recurring][interval]", UNPRICED("period") },
                                     { "line_items[0][price_data][product_data][name]", UNPRICED("name") },
                                     { "success_url", job_text(job, "success_url") },
                                     { "cancel_url", job_text(job, "cancel_url") }, { "metadata[job_id]", job->id },
                                     { "metadata[plan]", name }, { "subscription_data[metadata][plan]", name },
                                     { "subscription_data[metadata][account_id]", billing->account }),
                       ret);
#undef UNPRICED
}

/* Close the account's pages of earlier: who pays on two has two subscriptions. This job's own, of a try whose answer
 * was lost, stays. */
static int close_pages(struct billing *billing)
{
    struct job *job = billing->job;
    json_auto_t *pages = NULL;
    const json_t *page;
    size_t i;
    int r =
        billing_ask(billing, STRIPE_CHECKOUT_LIST, NULL, NULL,
                    STRIPE_FIELDS({ "customer", billing->customer }, { "status", "open" }, { "limit", "100" }), &pages);

    for (i = 0; r == 0 && (page = json_array_get(stripe_member(pages, "data"), i)); i++) {
        const char *id = stripe_text(page, "id"), *made_by = stripe_text(page, "metadata.job_id");
        json_auto_t *closed = NULL;

        if (id && !(made_by && !strcmp(made_by, job->id)))
            r = billing_ask(billing, STRIPE_CHECKOUT_EXPIRE, id, FORMAT(job, "close-%s", id), NULL, &closed);
    }
    return r;
}

/* Whether the account pays for a subscription that nobody has told of yet: on a page of before, just now. */
static int look_subscribed(struct billing *billing)
{
    autoresult struct result result = { 0 };
    json_auto_t *list = NULL;
    const json_t *one;
    size_t i;
    int r = billing_ask(billing, STRIPE_SUBSCRIPTION_LIST, NULL, NULL,
                        STRIPE_FIELDS({ "customer", billing->customer }, { "limit", "100" }), &list);

    for (i = 0; r == 0 && (one = json_array_get(stripe_member(list, "data"), i)); i++)
        r = billing_know(billing, one);
    if (r == 0)
        r = billing_run(billing->job, &sql_worker_billing_account, PARAMS({ "account", billing->account }), &result);
    if (r == 0 && *result_text(&result, 0, "subscribed") == 't')
        r = billing_refuse(billing->job, "invalid", "You have a subscription", "subscribed");
    return r;
}

int billing_checkout(struct job *job)
{
    json_auto_t *session = NULL;
    struct billing billing;
    int r = billing_begin(job, &billing);

    if (r == 0 && billing.subscribed)
        r = billing_refuse(job, "invalid", "You have a subscription", "subscribed");
    if (r == 0)
        r = billing_customer(&billing);
    if (r == 0)
        r = close_pages(&billing);
    if (r == 0)
        r = look_subscribed(&billing);
    if (r == 0)
        r = sell(&billing, &session);
    if (r == 0 && (!stripe_text(session, "id") || !stripe_text(session, "url")))
        return job_bury(job, "Stripe gave no page to pay on");
    if (r == 0)
        job->result =
            json_pack("{s:s, s:s}", "session_id", stripe_text(session, "id"), "url", stripe_text(session, "url"));
    return billing_end(r);
}

int billing_portal(struct job *job)
{
    json_auto_t *session = NULL;
    struct billing billing;
    int r = billing_begin(job, &billing);

    if (r == 0)
        r = billing_customer(&billing);
    if (r == 0)
        r = billing_ask(&billing, STRIPE_PORTAL_CREATE, NULL, "portal",
                        STRIPE_FIELDS({ "customer", billing.customer }, { "return_url", job_text(job, "return_url") }),
                        &session);
    if (r == 0 && !stripe_text(session, "url"))
        return job_bury(job, "Stripe gave no page");
    if (r == 0)
        job->result = json_pack("{s:s}", "url", stripe_text(session, "url"));
    return billing_end(r);
}
