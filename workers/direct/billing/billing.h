/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the kinds of the queue billing have in common: one account's dealings with Stripe. They run in forked children
 * and may block. Those of one account have one key, so that they run one after the other, though one that is tried
 * again may come behind a later one; and should a lease be lost two may overlap. So what one writes down holds whatever
 * another does: rows say what is wished and by which job, and each call carries its job's id. */
#ifndef MILLRACE_BILLING_H
#define MILLRACE_BILLING_H
#include "common/database.h"
#include "common/provider/stripe.h"
#include "queue/job.h"

/* The customer is to be told why: job->result says it, and the job is done. */
enum { BILLING_REFUSED = 1 };

struct billing {
    struct job *job;
    const char *account; /* its id */
    const char *product, *email;
    const char *customer; /* Stripe's id of it; NULL: Stripe does not know it yet */
    bool closed;          /* the account is no more */
    bool subscribed;      /* it has a subscription that is paid for */
    bool has_default;     /* it has a payment method that is charged when nothing is said */
};

/* All of these give 0, BILLING_REFUSED, or the negative number that the job's function is to return; what a function
 * returns in the end is billing_end() of it. */

/* Read what is known of the account. Buried when the account is closed, unless the kind does the
 * closing. */
int billing_begin(struct job *job, struct billing *ret);
int billing_end(int r);
/* See to it that Stripe knows the account: billing->customer. */
int billing_customer(struct billing *billing);
/* Call Stripe. step: names the call within its job, which together make what a repeat is known by; NULL: the call
 * changes nothing. *ret is the caller's (json_decref). */
int billing_ask(struct billing *billing, enum stripe_operation operation, const char *id, const char *step,
                const struct stripe_field *fields, json_t **ret);
/* The same, for who looks into the call himself: it was made when this is 0, whatever came of it. *ret is on the job.
 */
int billing_call(struct billing *billing, enum stripe_operation operation, const char *id, const char *step,
                 const struct stripe_field *fields, struct provider_call **ret);
/* What came of such a call: its answer (json_decref), or why there is none. Where Stripe has deleted the customer he is
 * forgotten, and the job buried. */
int billing_answer(struct billing *billing, const struct provider_call *call, json_t **ret);
/* Bury the job: Stripe has nothing of that name. It keeps what is over (deleted customers, ended subscriptions,
 * detached methods can be looked at for good), so it is our key that is wrong, and nothing that is known here is to go.
 * what: as in "customer". */
int billing_stranger(struct job *job, const char *what, const char *id);
/* Whether Stripe has deleted the customer. One that it does not know is a stranger. */
int billing_customer_look(struct billing *billing, bool *ret_deleted);
/* Attach a payment method, make it the one that is charged when that is wanted or there is none, and keep it. name: its
 * owner's, or NULL. *ret_id is Stripe's name of it from now on, on the job. */
int billing_attach(struct billing *billing, const char *method, bool as_default, const char *name, const char **ret_id);
/* Write down a subscription as Stripe has it now: not of an answer that may have been repeated. */
int billing_know(struct billing *billing, const json_t *subscription);
/* Run a statement of ours. */
int billing_run(struct job *job, const struct sql *sql, const struct param *params, struct result *ret);
/* Tell the customer no. error: a name of common/error.h; code: Stripe's word for why, or NULL. */
int billing_refuse(struct job *job, const char *error, const char *message, const char *code);
#endif
