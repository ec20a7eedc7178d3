/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stripe: https://docs.stripe.com/api, version 2023-10-16, as its test mode behaves. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"
#include <string.h>

static const struct kind_of_error {
    const char *type, *code;
} kinds[E_COUNT] = {
    [E_RATE_LIMITED] = { "invalid_request_error", "rate_limit" },
    [E_CONFLICT] = { "idempotency_error", NULL },
    [E_INTERNAL] = { "api_error", NULL },
    [E_UNAVAILABLE] = { "api_error", NULL },
};

static char *stripe_error(struct request *rq, enum error error, const char *message)
{
    const struct kind_of_error *kind = &kinds[error];

    if (error == E_UNAUTHENTICATED)
        message = "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                  "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
    if (error == E_BAD_TOKEN)
        message = "Invalid API Key provided";
    if (message && !strncmp(message, "Keys for idempotent", 19))
        kind = &kinds[E_CONFLICT];
    return FORMAT(rq, "{\"error\":{\"message\":%s,\"type\":\"%s\"%s%s%s}}", json_quote(rq, message),
                  kind->type ? kind->type : "invalid_request_error", kind->code ? ",\"code\":\"" : "",
                  kind->code ? kind->code : "", kind->code ? "\"" : "");
}

const struct service stripe_service = {
    .dialect = SANDBOX_DIALECT,
    .proof = PROOF_BEARER,
    .schema = &sql_sandbox_stripe_schema,
    .schema_more = &sql_sandbox_stripe_payments_schema,
    .replays = true,
    .error = stripe_error,
};

/* clang-format off */
const struct endpoint stripe_endpoints[] = {
    ENDPOINT(sandbox, stripe_customer_list, SANDBOX, .method = GET, .path = "/v1/customers",
        .doc = "Customers."),
    ENDPOINT(sandbox, stripe_customer_search, SANDBOX, .method = GET, .path = "/v1/customers/search",
        .doc = "Customers, by what they are like."),
    ENDPOINT(sandbox, stripe_customer_create, SANDBOX, .method = POST, .path = "/v1/customers",
        .doc = "Make a customer."),
    ENDPOINT(sandbox, stripe_customer_get, SANDBOX, .method = GET, .path = "/v1/customers/{id}",
        .doc = "A customer.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_customer_update, SANDBOX, .method = POST, .path = "/v1/customers/{id}",
        .doc = "Change a customer.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_customer_delete, SANDBOX, .method = DELETE, .path = "/v1/customers/{id}",
        .doc = "Delete a customer; his subscriptions end.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_customer_method_list, SANDBOX, .method = GET, .path = "/v1/customers/{id}/payment_methods",
        .doc = "A customer's payment methods.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_method_list, SANDBOX, .method = GET, .path = "/v1/payment_methods",
        .doc = "Payment methods."),
    ENDPOINT(sandbox, stripe_method_create, SANDBOX, .method = POST, .path = "/v1/payment_methods",
        .doc = "Make a payment method of a card's number or token."),
    ENDPOINT(sandbox, stripe_method_get, SANDBOX, .method = GET, .path = "/v1/payment_methods/{id}",
        .doc = "A payment method.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_method_attach, SANDBOX, .method = POST, .path = "/v1/payment_methods/{id}/attach",
        .doc = "Attach a payment method to a customer.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_method_detach, SANDBOX, .method = POST, .path = "/v1/payment_methods/{id}/detach",
        .doc = "Detach a payment method.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_price_list, SANDBOX, .method = GET, .path = "/v1/prices",
        .doc = "Prices."),
    ENDPOINT(sandbox, stripe_price_create, SANDBOX, .method = POST, .path = "/v1/prices",
        .doc = "Make a price."),
    ENDPOINT(sandbox, stripe_price_get, SANDBOX, .method = GET, .path = "/v1/prices/{id}",
        .doc = "A price.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_product_create, SANDBOX, .method = POST, .path = "/v1/products",
        .doc = "Make a product."),
    ENDPOINT(sandbox, stripe_product_get, SANDBOX, .method = GET, .path = "/v1/products/{id}",
        .doc = "A product.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_payment_list, SANDBOX, .method = GET, .path = "/v1/payment_intents",
        .doc = "Payment intents."),
    ENDPOINT(sandbox, stripe_payment_search, SANDBOX, .method = GET, .path = "/v1/payment_intents/search",
        .doc = "Payment intents, by what they are like."),
    ENDPOINT(sandbox, stripe_payment_create, SANDBOX, .method = POST, .path = "/v1/payment_intents",
        .doc = "Make a payment intent, and confirm it when that is said."),
    ENDPOINT(sandbox, stripe_payment_get, SANDBOX, .method = GET, .path = "/v1/payment_intents/{id}",
        .doc = "A payment intent.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_payment_confirm, SANDBOX, .method = POST, .path = "/v1/payment_intents/{id}/confirm",
        .doc = "Confirm a payment intent.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_payment_cancel, SANDBOX, .method = POST, .path = "/v1/payment_intents/{id}/cancel",
        .doc = "Cancel a payment intent.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_charge_get, SANDBOX, .method = GET, .path = "/v1/charges/{id}",
        .doc = "A charge.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_subscription_list, SANDBOX, .method = GET, .path = "/v1/subscriptions",
        .doc = "Subscriptions."),
    ENDPOINT(sandbox, stripe_subscription_create, SANDBOX, .method = POST, .path = "/v1/subscriptions",
        .doc = "Make a subscription."),
    ENDPOINT(sandbox, stripe_subscription_get, SANDBOX, .method = GET, .path = "/v1/subscriptions/{id}",
        .doc = "A subscription.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_subscription_update, SANDBOX, .method = POST, .path = "/v1/subscriptions/{id}",
        .doc = "Change a subscription.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_subscription_cancel, SANDBOX, .method = DELETE, .path = "/v1/subscriptions/{id}",
        .doc = "End a subscription at once.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_invoice_list, SANDBOX, .method = GET, .path = "/v1/invoices",
        .doc = "Invoices."),
    ENDPOINT(sandbox, stripe_invoice_get, SANDBOX, .method = GET, .path = "/v1/invoices/{id}",
        .doc = "An invoice.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_invoice_void, SANDBOX, .method = POST, .path = "/v1/invoices/{id}/void",
        .doc = "Have an invoice not be paid any more.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_checkout_create, SANDBOX, .method = POST, .path = "/v1/checkout/sessions",
        .doc = "Make a page to pay on."),
    ENDPOINT(sandbox, stripe_checkout_list, SANDBOX, .method = GET, .path = "/v1/checkout/sessions",
        .doc = "Pages to pay on."),
    ENDPOINT(sandbox, stripe_checkout_expire, SANDBOX, .method = POST, .path = "/v1/checkout/sessions/{id}/expire",
        .doc = "Close a page to pay on.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_checkout_get, SANDBOX, .method = GET, .path = "/v1/checkout/sessions/{id}",
        .doc = "A page to pay on.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_portal_create, SANDBOX, .method = POST, .path = "/v1/billing_portal/sessions",
        .doc = "Make a page to see to what is paid."),
    ENDPOINT(sandbox, stripe_event_list, SANDBOX, .method = GET, .path = "/v1/events",
        .doc = "Events."),
    ENDPOINT(sandbox, stripe_event_get, SANDBOX, .method = GET, .path = "/v1/events/{id}",
        .doc = "An event.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_balance_get, SANDBOX, .method = GET, .path = "/v1/balance",
        .doc = "The balance."),
    ENDPOINT(sandbox, stripe_authenticate, SANDBOX, .method = POST, .path = "/sandbox/payment_intents/{id}/authenticate",
        .doc = "The sandbox's own: the card's owner says yes.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_renew, SANDBOX, .method = POST, .path = "/sandbox/subscriptions/{id}/renew",
        .doc = "The sandbox's own: the next period begins.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, stripe_checkout_pay, SANDBOX, .method = POST, .path = "/sandbox/checkout/{id}/pay",
        .doc = "The sandbox's own: somebody pays on the page.", .in = FIELDS(SANDBOX_PART("id"))),
    { .name = NULL },
};
/* clang-format on */
