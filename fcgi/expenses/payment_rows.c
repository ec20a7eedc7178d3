/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints of payment methods, payments and settlements, one row each. */
#include "fcgi/expenses/expenses.h"
#include "fcgi/expenses/parts.h"
#include "fcgi/steps/webhook.h"
#include "sql.h"

/* clang-format off */
static const char *const method_types[] = { "stripe", NULL };
#define METHOD_DETAILS OUT_OBJECT("details", OUT_NULLABLE(TEXT, "brand"), OUT_NULLABLE(TEXT, "last4"), \
                                  OUT_NULLABLE(INTEGER, "exp_month"), OUT_NULLABLE(INTEGER, "exp_year"))

static const char *const settlement_statuses[] = { "pending", "processing", "completed", "failed", "cancelled", NULL };
static const char *const settlement_roles[] = { "payer", "payee", NULL };
static const char *const confirmations[] = { "paid", "received", NULL };
static const char *const settlement_methods[] = { "cash", "bank_transfer", "check", "card", "other", NULL };

#define SETTLEMENT_ID { .name = "settlement_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "stl_", .doc = "Its id." }
static const struct field settlement_out[] = {
    OUT(TEXT, "id"), OUT_OBJECT("payer", PERSON_OUT), OUT_OBJECT("payee", PERSON_OUT), OUT(TEXT, "amount"),
    CURRENCY_OUT,
    { .name = "group", .type = OBJECT, .flags = REQUIRED | NULLABLE, .fields = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "name")) },
    OUT(TEXT, "status"), OUT(TEXT, "method"), OUT(TEXT, "description"), OUT_NULLABLE(TEXT, "due_date"), OUT(TEXT, "created_at"),
    OUT_NULLABLE(TEXT, "completed_at"), OUT_NULLABLE(TEXT, "notes"), { .name = NULL },
};

const struct endpoint expenses_payment_rows[] = {
    ENDPOINT(expenses, payment_method_list,
        .method = GET, .path = "/api/payments/methods/", .list = 100,
        .doc = "The caller's payment methods, the latest first.",
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "method_type"), OUT(TEXT, "name"), METHOD_DETAILS, OUT(BOOLEAN, "is_default"),
                      OUT(BOOLEAN, "is_verified"), OUT(TEXT, "created_at"))),
    ENDPOINT(expenses, payment_method_create,
        .method = POST, .path = "/api/payments/methods/", .status = 201,
        .doc = "Add a payment method: a card's token of Stripe.js.",
        .job = "billing.attach", .wait = 8, .wait_only = true, .after = &sql_expenses_payment_method_made, .handler = billing_request,
        .in = FIELDS({ .name = "method_type", .type = ENUM, .flags = REQUIRED, .values = method_types, .doc = "Who keeps it." },
                     { .name = "stripe_token", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 255, .doc = "tok_..." },
                     { .name = "name", .type = TEXT, .flags = NOT_BLANK, .min = 1, .max = 80, .doc = "What its owner calls it." },
                     { .name = "is_default", .type = BOOLEAN, .standard = "false", .doc = "Charge it when nothing is said; the first one is in any case." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "method_type"), OUT(TEXT, "name"), METHOD_DETAILS, OUT(BOOLEAN, "is_default"))),
    ENDPOINT(expenses, payment_process,
        .method = POST, .path = "/api/payments/process/",
        .doc = "Pay a settlement with a stored payment method, once.",
        .job = "billing.pay", .wait = 8, .after = &sql_expenses_payment_processed, .handler = billing_request,
        .in = FIELDS({ .name = "settlement_id", .type = ID, .flags = REQUIRED, .prefix = "stl_", .doc = "One of the caller's, still to be paid." },
                     { .name = "payment_method_id", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 255, .doc = "One of the caller's." },
                     { .name = "amount", .type = DECIMAL, .flags = REQUIRED | POSITIVE, .max = 1000000000, .scale = 3, .doc = "That of the settlement." },
                     { .name = "currency", .type = CURRENCY, .flags = REQUIRED, .doc = "That of the settlement." }),
        .out = FIELDS(OUT(TEXT, "payment_id"), OUT(TEXT, "status"), OUT_NULLABLE(TEXT, "external_transaction_id"),
                      OUT_NULLABLE(TEXT, "processed_at"))),
    ENDPOINT(expenses, settlement_list,
        .method = GET, .path = "/api/payments/settlements/", .list = 20,
        .doc = "What the caller pays others and is paid by them, the latest first.",
        .in = FIELDS({ .name = "status", .in = QUERY, .type = ENUM, .values = settlement_statuses, .doc = "Only of this status." },
                     { .name = "group_id", .in = QUERY, .type = ID, .prefix = "grp_", .doc = "Only in this group." },
                     { .name = "role", .in = QUERY, .type = ENUM, .values = settlement_roles, .doc = "Only where the caller is that." }),
        .out = settlement_out),
    ENDPOINT(expenses, settlement_create,
        .method = POST, .path = "/api/payments/settlements/", .status = 201,
        .doc = "Settle up with a member of a group: the caller is to pay him. Nothing moves until one of the two confirms it, or it is paid.",
        .in = FIELDS({ .name = "payee_id", .type = ID, .flags = REQUIRED, .prefix = "usr_", .doc = "Who is to be paid: a member of the group." },
                     { .name = "amount", .type = DECIMAL, .flags = REQUIRED | POSITIVE, .max = 1000000000, .scale = 3, .doc = "In the group's currency." },
                     { .name = "currency", .type = CURRENCY, .doc = "The group's; may be left out." },
                     { .name = "group_id", .type = ID, .prefix = "grp_", .doc = "In which group; may be left out when the two share one only." },
                     { .name = "description", .type = TEXT, .max = 500, .doc = "What for." },
                     { .name = "due_date", .type = DATE, .flags = NULLABLE, .doc = "By when; from today where the caller lives, up to ten years ahead." }),
        .out = settlement_out),
    ENDPOINT(expenses, settlement_get,
        .method = GET, .path = "/api/payments/settlements/{settlement_id}/",
        .doc = "A settlement of the caller's, as payer or payee.",
        .in = FIELDS(SETTLEMENT_ID), .out = settlement_out),
    ENDPOINT(expenses, settlement_confirm,
        .method = POST, .path = "/api/payments/settlements/{settlement_id}/confirm/",
        .doc = "Say that the money has changed hands, as payer (paid) or payee (received): that completes it.",
        .in = FIELDS(SETTLEMENT_ID,
                     { .name = "confirmation_type", .type = ENUM, .flags = REQUIRED, .values = confirmations, .doc = "Whose word it is." },
                     { .name = "payment_method", .type = ENUM, .values = settlement_methods, .doc = "How it was paid." },
                     { .name = "notes", .type = TEXT, .max = 500, .doc = "For the two." }),
        .out = settlement_out),
    ENDPOINT(expenses, settlement_cancel,
        .method = POST, .path = "/api/payments/settlements/{settlement_id}/cancel/",
        .doc = "Take back what is pending or has failed, as payer or payee.",
        .in = FIELDS(SETTLEMENT_ID), .out = settlement_out),
    ENDPOINTS_GO_ON(expenses_group_rows),
};
/* clang-format on */
