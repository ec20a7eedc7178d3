/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stripe's API as far as it is used here: a table of calls, the form that a call's parameters travel in, and what its
 * answers mean. The version of the API is pinned in the provider's row: what is read here is of that version. */
#ifndef MILLRACE_STRIPE_H
#define MILLRACE_STRIPE_H
#include "common/provider/provider.h"

enum stripe_operation {
    STRIPE_CUSTOMER_CREATE,
    STRIPE_CUSTOMER_UPDATE,
    STRIPE_CUSTOMER_GET,    /* one who was deleted is there, with nothing but `deleted` */
    STRIPE_CUSTOMER_DELETE, /* its subscriptions end with it */
    STRIPE_METHOD_CREATE,
    STRIPE_METHOD_ATTACH,
    STRIPE_METHOD_DETACH,
    STRIPE_METHOD_GET,
    STRIPE_SUBSCRIPTION_CREATE,
    STRIPE_SUBSCRIPTION_UPDATE,
    STRIPE_SUBSCRIPTION_CANCEL, /* at once */
    STRIPE_SUBSCRIPTION_GET,
    STRIPE_SUBSCRIPTION_LIST, /* those that are not over */
    STRIPE_PAYMENT_CREATE,
    STRIPE_PAYMENT_CONFIRM,
    STRIPE_PAYMENT_GET,
    STRIPE_PAYMENT_LIST,
    STRIPE_CHECKOUT_CREATE,
    STRIPE_CHECKOUT_LIST,
    STRIPE_CHECKOUT_EXPIRE, /* nobody can pay there any more */
    STRIPE_PORTAL_CREATE,
    STRIPE_INVOICE_GET,
    STRIPE_INVOICE_VOID, /* nobody can pay it any more; one that is paid stays so */
};

/* A parameter: "items[0][price]". value NULL: it is left out. */
struct stripe_field {
    const char *name, *value;
};
#define STRIPE_FIELDS(...) ((const struct stripe_field[]){ __VA_ARGS__, { NULL, NULL } })

/* Parameters as a body of application/x-www-form-urlencoded, or as a query; on ctx. fields may be NULL. */
char *stripe_form(void *ctx, const struct stripe_field *fields);

/* Prepare a call as provider_prepare() does. id: of the thing it is about, NULL for calls about none. key: what a
 * repeat is known by, of calls that change something; a repeat with it does nothing more at Stripe for a day at least.
 */
int stripe_prepare(void *ctx, const struct config *config, enum stripe_operation operation, const char *id,
                   const char *key, const struct stripe_field *fields, struct provider_call **ret);

/* The account's balance: nothing that anybody needs, for who wants to know whether Stripe answers. */
struct provider_request stripe_balance(void);

/* Why Stripe refused what the customer wants: the card's issuer did, or what he named is not there. */
struct stripe_refusal {
    const char *error;     /* payment or invalid: of common/error.h's names */
    const char *message;   /* for the customer */
    const char *code;      /* Stripe's: card_declined, authentication_required, ...; "": none */
    const json_t *payment; /* the payment intent that was refused; NULL: there is none */
};
/* Whether a call that came back PROVIDER_NEVER was refused for what the customer can mend; *ret points into it. False:
 * it is our own mistake, or our configuration's. */
bool stripe_refused(const struct provider_call *call, struct stripe_refusal *ret);
/* Text at a path of members, "latest_invoice.payment_intent.id"; an index counts in lists: "items.data.0.id". NULL: it
 * is not there, or no text. */
const char *stripe_text(const json_t *object, const char *path);
const json_t *stripe_member(const json_t *object, const char *path);
#endif
