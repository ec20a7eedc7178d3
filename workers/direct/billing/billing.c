/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/billing/billing.h"
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"
#include <errno.h>

int billing_run(struct job *job, const struct sql *sql, const struct param *params, struct result *ret)
{
    if (database_run(job->tools->database, sql, params, ret) < 0)
        return job_release(job, -1, "%s: %s", sql->name, *ret->message ? ret->message : "the database is away");
    return 0;
}

static const char *kept(struct job *job, const struct result *result, const char *column)
{
    const char *text = result_text(result, 0, column);

    return text ? COPY(job, text) : NULL;
}

int billing_begin(struct job *job, struct billing *ret)
{
    autoresult struct result result = { 0 };
    const char *account = FORMAT(job, "%lld", job->account_id);
    int r = billing_run(job, &sql_worker_billing_account, PARAMS({ "account", account }), &result);

    if (r < 0)
        return r;
    if (!result_rows(&result))
        return job_bury(job, "there is no account %s", account);
    *ret = (struct billing){ .job = job,
                             .account = account,
                             .product = kept(job, &result, "product"),
                             .email = kept(job, &result, "email"),
                             .customer = kept(job, &result, "customer"),
                             .closed = *result_text(&result, 0, "closed") == 't',
                             .subscribed = *result_text(&result, 0, "subscribed") == 't',
                             .has_default = *result_text(&result, 0, "has_default") == 't' };
    if (ret->closed && job->kind->run != billing_close)
        return job_bury(job, "the account is closed");
    return 0;
}

int billing_end(int r)
{
    return r == BILLING_REFUSED ? 0 : r;
}

int billing_refuse(struct job *job, const char *error, const char *message, const char *code)
{
    json_decref(job->result);
    job->result =
        json_pack("{s:{s:s, s:s, s:s}}", "refused", "error", error, "message", message, "code", code ? code : "");
    return job->result ? BILLING_REFUSED : job_bury(job, "the refusal cannot be told");
}

int billing_call(struct billing *billing, enum stripe_operation operation, const char *id, const char *step,
                 const struct stripe_field *fields, struct provider_call **ret)
{
    struct job *job = billing->job;
    int r = stripe_prepare(job, job->tools->config, operation, id, step ? FORMAT(job, "%s-%s", job->id, step) : NULL,
                           fields, ret);

    if (r < 0)
        return job_bury(job, "Stripe cannot be called: %s", r == -ENOTSUP ? "it is not configured" : strerror(-r));
    r = job_call_turn(job, *ret);
    if (r < 0)
        return r;
    if (!job_still_mine(job))
        return job_release(job, -1, "the lease is lost");
    provider_perform(*ret);
    return 0;
}

int billing_ask(struct billing *billing, enum stripe_operation operation, const char *id, const char *step,
                const struct stripe_field *fields, json_t **ret)
{
    autotalloc struct provider_call *call = NULL;
    int r = billing_call(billing, operation, id, step, fields, &call);

    return r == 0 ? billing_answer(billing, call, ret) : r;
}

/* Whether Stripe says of a call that it does not know the customer whom it was about. */
static bool is_about_nobody(const struct billing *billing, const struct provider_call *call)
{
    const char *code = stripe_text(call->json, "error.code"), *param = stripe_text(call->json, "error.param");

    return billing->customer && call->verdict == PROVIDER_NEVER && code && !strcmp(code, "resource_missing") && param &&
           !strcmp(param, "customer");
}

int billing_stranger(struct job *job, const char *what, const char *id)
{
    return job_bury(job, "Stripe does not know %s %s: stripe.key is of another account or mode", what, id);
}

int billing_customer_look(struct billing *billing, bool *ret_deleted)
{
    autotalloc struct provider_call *call = NULL;
    int r = billing_call(billing, STRIPE_CUSTOMER_GET, billing->customer, NULL, NULL, &call);

    if (r < 0)
        return r;
    if (call->status == 404)
        return billing_stranger(billing->job, "customer", billing->customer);
    if (call->verdict != PROVIDER_DONE)
        return job_after_call(billing->job, call);
    *ret_deleted = json_is_true(json_object_get(call->json, "deleted"));
    return 0;
}

/* He is looked at: one who was deleted there is forgotten here, so that the account may begin anew. Not by this job,
 * whose calls are known at Stripe as those of its first customer. */
static int forget_customer(struct billing *billing, const struct provider_call *missed)
{
    autoresult struct result result = { 0 };
    struct job *job = billing->job;
    bool deleted = false;
    int r = billing_customer_look(billing, &deleted);

    if (r < 0)
        return r;
    if (!deleted)
        return job_after_call(job, missed);
    r = billing_run(job, &sql_worker_billing_customer_gone,
                    PARAMS({ "account", billing->account }, { "customer", billing->customer }), &result);
    return r < 0 ? r : job_bury(job, "customer %s was deleted at Stripe", billing->customer);
}

int billing_answer(struct billing *billing, const struct provider_call *call, json_t **ret)
{
    struct stripe_refusal refusal;

    if (call->verdict == PROVIDER_DONE) {
        *ret = json_incref(call->json);
        return 0;
    }
    if (stripe_refused(call, &refusal))
        return billing_refuse(billing->job, refusal.error, refusal.message, refusal.code);
    if (is_about_nobody(billing, call))
        return forget_customer(billing, call);
    return job_after_call(billing->job, call);
}

/* ---- what several kinds do ---- */

int billing_customer(struct billing *billing)
{
    autoresult struct result result = { 0 };
    json_auto_t *customer = NULL;
    int r;

    if (billing->customer)
        return 0;
    r = billing_ask(billing, STRIPE_CUSTOMER_CREATE, NULL, "customer",
                    STRIPE_FIELDS({ "email", billing->email }, { "metadata[account_id]", billing->account },
                                  { "metadata[product]", billing->product }, { "metadata[job_id]", billing->job->id }),
                    &customer);
    if (r != 0)
        return r;
    if (!stripe_text(customer, "id"))
        return job_bury(billing->job, "Stripe gave the customer no id");
    r = billing_run(billing->job, &sql_worker_billing_customer_keep,
                    PARAMS({ "account", billing->account }, { "customer", stripe_text(customer, "id") }), &result);
    if (r == 0)
        billing->customer = kept(billing->job, &result, "customer");
    return r;
}

int billing_know(struct billing *billing, const json_t *subscription)
{
    autoresult struct result result = { 0 };
    struct job *job = billing->job;

    return billing_run(job, &sql_worker_billing_subscription_know,
                       PARAMS({ "account", billing->account }, { "subscription", json_text(job, subscription) }),
                       &result);
}

static int make_default(struct billing *billing, const char *method)
{
    json_auto_t *customer = NULL;

    return billing_ask(billing, STRIPE_CUSTOMER_UPDATE, billing->customer, "default",
                       STRIPE_FIELDS({ "invoice_settings[default_payment_method]", method }), &customer);
}

int billing_attach(struct billing *billing, const char *method, bool as_default, const char *name, const char **ret_id)
{
    autoresult struct result result = { 0 };
    json_auto_t *attached = NULL;
    int r = billing_ask(billing, STRIPE_METHOD_ATTACH, method, "attach",
                        STRIPE_FIELDS({ "customer", billing->customer }), &attached);

    if (r == 0 && !stripe_text(attached, "id"))
        return job_bury(billing->job, "Stripe gave the payment method no id");
    as_default = as_default || !billing->has_default;
    if (r == 0 && as_default)
        r = make_default(billing, stripe_text(attached, "id"));
    if (r == 0)
        r = billing_run(billing->job, &sql_worker_billing_method_keep,
                        PARAMS({ "account", billing->account }, { "method", json_text(billing->job, attached) },
                               { "as_default", as_default ? "true" : "false" }, { "name", name }),
                        &result);
    if (r == 0)
        *ret_id = COPY(billing->job, stripe_text(attached, "id"));
    return r;
}
