/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/stripe.h"
#include "common/memory.h"
#include <stdlib.h>
#include <string.h>

/* How each is called; %s: the id. effect: it moves money, so that nobody may take for granted that a call without an
 * answer did nothing. */
static const struct {
    enum provider_method method;
    const char *path;
    bool effect;
} operations[] = {
    [STRIPE_CUSTOMER_CREATE] = { .method = PROVIDER_POST, .path = "/customers" },
    [STRIPE_CUSTOMER_UPDATE] = { .method = PROVIDER_POST, .path = "/customers/%s" },
    [STRIPE_CUSTOMER_GET] = { .method = PROVIDER_GET, .path = "/customers/%s" },
    [STRIPE_CUSTOMER_DELETE] = { .method = PROVIDER_DELETE, .path = "/customers/%s" },
    [STRIPE_METHOD_CREATE] = { .method = PROVIDER_POST, .path = "/payment_methods" },
    [STRIPE_METHOD_ATTACH] = { .method = PROVIDER_POST, .path = "/payment_methods/%s/attach" },
    [STRIPE_METHOD_DETACH] = { .method = PROVIDER_POST, .path = "/payment_methods/%s/detach" },
    [STRIPE_METHOD_GET] = { .method = PROVIDER_GET, .path = "/payment_methods/%s" },
    [STRIPE_SUBSCRIPTION_CREATE] = { .method = PROVIDER_POST, .path = "/subscriptions" },
    [STRIPE_SUBSCRIPTION_UPDATE] = { .method = PROVIDER_POST, .path = "/subscriptions/%s" },
    [STRIPE_SUBSCRIPTION_CANCEL] = { .method = PROVIDER_DELETE, .path = "/subscriptions/%s" },
    [STRIPE_SUBSCRIPTION_GET] = { .method = PROVIDER_GET, .path = "/subscriptions/%s" },
    [STRIPE_SUBSCRIPTION_LIST] = { .method = PROVIDER_GET, .path = "/subscriptions" },
    [STRIPE_PAYMENT_CREATE] = { .method = PROVIDER_POST, .path = "/payment_intents", .effect = true },
    [STRIPE_PAYMENT_CONFIRM] = { .method = PROVIDER_POST, .path = "/payment_intents/%s/confirm" },
    [STRIPE_PAYMENT_GET] = { .method = PROVIDER_GET, .path = "/payment_intents/%s" },
    [STRIPE_PAYMENT_LIST] = { .method = PROVIDER_GET, .path = "/payment_intents" },
    [STRIPE_CHECKOUT_CREATE] = { .method = PROVIDER_POST, .path = "/checkout/sessions" },
    [STRIPE_CHECKOUT_LIST] = { .method = PROVIDER_GET, .path = "/checkout/sessions" },
    [STRIPE_CHECKOUT_EXPIRE] = { .method = PROVIDER_POST, .path = "/checkout/sessions/%s/expire" },
    [STRIPE_PORTAL_CREATE] = { .method = PROVIDER_POST, .path = "/billing_portal/sessions" },
    [STRIPE_INVOICE_GET] = { .method = PROVIDER_GET, .path = "/invoices/%s" },
    [STRIPE_INVOICE_VOID] = { .method = PROVIDER_POST, .path = "/invoices/%s/void" },
};

char *stripe_form(void *ctx, const struct stripe_field *fields)
{
    autotalloc void *scratch = talloc_new(NULL);
    char *form = COPY(ctx, "");

    for (; fields && fields->name; fields++)
        if (fields->value)
            form = memory_check(talloc_asprintf_append_buffer(form, "%s%s=%s", *form ? "&" : "",
                                                              provider_escape(scratch, fields->name),
                                                              provider_escape(scratch, fields->value)));
    return form;
}

/* The path of a call, with the id in its place. */
static char *path_of(void *ctx, enum stripe_operation operation, const char *id)
{
    const char *path = operations[operation].path, *place = strstr(path, "%s");

    if (!place)
        return COPY(ctx, path);
    return FORMAT(ctx, "%.*s%s%s", (int)(place - path), path, provider_escape(ctx, id ? id : ""), place + 2);
}

/* What a call without a body says stands in its path. */
int stripe_prepare(void *ctx, const struct config *config, enum stripe_operation operation, const char *id,
                   const char *key, const struct stripe_field *fields, struct provider_call **ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    enum provider_method method = operations[operation].method;
    char *path = path_of(scratch, operation, id), *form = stripe_form(scratch, fields);
    struct provider_request request = {
        .method = method, .path = path, .idempotency = key, .effect = operations[operation].effect
    };

    if (method == PROVIDER_POST) {
        request.type = "application/x-www-form-urlencoded";
        request.body = form;
        request.length = strlen(form);
    } else if (*form) {
        request.path = FORMAT(scratch, "%s?%s", path, form);
    }
    return provider_prepare(ctx, config, provider_find("stripe"), &request, ret);
}

struct provider_request stripe_balance(void)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = "/balance" };
}

/* ---- answers ---- */

const json_t *stripe_member(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t n = strcspn(path, ".");

        if (json_is_array(object))
            object = json_array_get(object, (size_t)strtoul(path, NULL, 10));
        else
            object = json_object_getn(object, path, n);
        path += n;
        path += *path == '.';
    }
    return object;
}

const char *stripe_text(const json_t *object, const char *path)
{
    return json_string_value(stripe_member(object, path));
}

/* What the customer can mend: his card's issuer refused, or what he has named is not as it should be (Stripe API,
 * Errors: type and param). */
static const struct {
    const char *type, *param, *error;
} refusals[] = {
    { "card_error", NULL, "payment" },
    { "invalid_request_error", "payment_method", "invalid" },
    { "invalid_request_error", "card[token]", "invalid" },
    { "invalid_request_error", "amount", "invalid" },
    { "invalid_request_error", "currency", "invalid" },
    { "invalid_request_error", "success_url", "invalid" },
    { "invalid_request_error", "cancel_url", "invalid" },
};

bool stripe_refused(const struct provider_call *call, struct stripe_refusal *ret)
{
    const char *type = stripe_text(call->json, "error.type"), *param = stripe_text(call->json, "error.param");
    const char *message = stripe_text(call->json, "error.message"), *code = stripe_text(call->json, "error.code");

    if (call->verdict != PROVIDER_NEVER || !type)
        return false;
    for (size_t i = 0; i < ELEMENTS(refusals); i++)
        if (!strcmp(type, refusals[i].type) && (!refusals[i].param || (param && !strcmp(param, refusals[i].param)))) {
            *ret = (struct stripe_refusal){ .error = refusals[i].error,
                                            .message = message ? message : "It was refused",
                                            .code = code ? code : "",
                                            .payment = stripe_member(call->json, "error.payment_intent") };
            return true;
        }
    return false;
}
