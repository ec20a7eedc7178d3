/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nutrition's endpoints, one row each. */
#include "fcgi/account.h"
#include "fcgi/fields.h"
#include "fcgi/nutrition/nutrition.h"
#include "fcgi/webhook.h"
#include "sql.h"

/* clang-format off */
#define SIGNED_IN_OUT \
    FIELDS(OUT(TEXT, "access"), OUT(TEXT, "refresh"), OUT(INTEGER, "expires_in"), \
           OUT_OBJECT("user", OUT(INTEGER, "id"), OUT(TEXT, "email")))

const struct endpoint nutrition_endpoints[] = {
    ENDPOINT(nutrition, register,
        .method = POST, .path = "/api/v1/auth/register/", .who = ANYONE, .status = 201,
        .doc = "Open an account; the answer signs in.",
        .in = FIELDS(EMAIL_FIELD, PASSWORD_FIELD("password")), .out = SIGNED_IN_OUT,
        .handler = account_sign_up, .sets = NAMES(SIGN_UP_SETS)),
    ENDPOINT(nutrition, login,
        .method = POST, .path = "/api/v1/auth/login/", .who = ANYONE,
        .doc = "Sign in with address and password.",
        .in = FIELDS(EMAIL_FIELD, PASSWORD_TYPED), .out = SIGNED_IN_OUT,
        .first = &sql_core_password_by_email, .handler = account_sign_in, .sets = NAMES(SIGN_IN_SETS)),
    ENDPOINT(nutrition, token_refresh,
        .method = POST, .path = "/api/v1/auth/refresh/", .who = ANYONE,
        .doc = "Another access token for the refresh token.",
        .in = FIELDS(REFRESH_FIELD), .out = FIELDS(OUT(TEXT, "access"), OUT(INTEGER, "expires_in")),
        .handler = account_refresh, .sets = NAMES(REFRESH_SETS)),
    ENDPOINT(nutrition, plan_list,
        .method = GET, .path = "/api/v1/payments/plans/", .who = ANYONE,
        .doc = "The plans and their prices.",
        .out = FIELDS(OUT_OBJECTS("plans", OUT(INTEGER, "id"), OUT(TEXT, "name"), OUT(TEXT, "description"),
                                  OUT(NUMBER, "price"), OUT(TEXT, "currency"), OUT(TEXT, "interval"),
                                  OUT_LIST("features", { .name = "feature", .type = TEXT }), OUT(BOOLEAN, "is_active"),
                                  OUT_NULLABLE(TEXT, "stripe_price_id")))),
    ENDPOINT(nutrition, twilio_status,
        .method = POST, .path = "/api/v1/webhooks/twilio/status/", .who = ANYONE, .uncounted = true, .form = true,
        .doc = "Twilio tells what became of a text message.",
        .in = FIELDS({ .name = "message_sid", .sent_as = "MessageSid", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Of the message." },
                     { .name = "message_status", .sent_as = "MessageStatus", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 32, .doc = "What became of it." },
                     { .name = "error_code", .sent_as = "ErrorCode", .type = TEXT, .max = 16, .doc = "Why it failed." },
                     { .name = "error_message", .sent_as = "ErrorMessage", .type = TEXT, .max = 500, .doc = "In words." }),
        .handler = webhook_twilio),
    { .name = NULL },
};
/* clang-format on */
