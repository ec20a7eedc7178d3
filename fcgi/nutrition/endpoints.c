/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nutrition's endpoints, one row each. */
#include "fcgi/fields.h"
#include "fcgi/nutrition/nutrition.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
#include "sql.h"

/* clang-format off */
#define SIGNED_IN_OUT \
    FIELDS(OUT(TEXT, "access"), OUT(TEXT, "refresh"), OUT(INTEGER, "expires_in"), \
           OUT_OBJECT("user", OUT(INTEGER, "id"), OUT(TEXT, "email")))

static const char *const periods[] = { "day", "week", "month", NULL };

#define AMOUNT(id, text) { .name = id, .type = DECIMAL, .max = 100000, .scale = 2, .doc = text }
static const struct field item[] = {
    { .name = "name", .type = TEXT, .flags = REQUIRED | NOT_BLANK, .min = 1, .max = 200, .doc = "What was eaten." },
    AMOUNT("quantity", "How much of it, 1 when left out."),
    { .name = "unit", .type = TEXT, .flags = NOT_BLANK, .min = 1, .max = 32, .doc = "Of the quantity, serving when left out." },
    AMOUNT("calories", "kcal."), AMOUNT("protein", "Grams."), AMOUNT("carbs", "Grams."), AMOUNT("fat", "Grams."), { .name = NULL },
};

#define MEAL_ID { .name = "meal_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "Id of the meal." }
#define MEAL_NAME(flag) { .name = "name", .type = TEXT, .flags = flag | NOT_BLANK, .min = 1, .max = 200, .doc = "Breakfast." }
#define MEAL_REST \
    { .name = "consumed_at", .type = TIME, .doc = "When it was eaten, now when left out." }, \
    { .name = "meal_items", .type = LIST, .max = 100, .doc = "What it was made of; the meal's numbers are their sums.", \
      .fields = FIELDS({ .name = "item", .type = OBJECT, .fields = item }) }, \
    { .name = "favorite", .type = BOOLEAN, .doc = "One to enter again." }

#define NUTRIENTS_OUT OUT(NUMBER, "calories"), OUT(NUMBER, "protein"), OUT(NUMBER, "carbs"), OUT(NUMBER, "fat")
static const struct field meal_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "name"), OUT(TEXT, "consumed_at"),
    OUT_OBJECTS("meal_items", OUT(TEXT, "name"), OUT(NUMBER, "quantity"), OUT(TEXT, "unit"), NUTRIENTS_OUT),
    NUTRIENTS_OUT, OUT(BOOLEAN, "favorite"), OUT_NULLABLE(TEXT, "local_id"), OUT_NULLABLE(TEXT, "device_id"),
    OUT(TEXT, "created_at"), OUT(TEXT, "updated_at"), { .name = NULL },
};

static const char *const picture_types[] = { "image/jpeg", "image/png", "image/webp", NULL };
static const struct field final_result[] = {
    OUT_OBJECTS("items", OUT(TEXT, "name"), OUT(NUMBER, "quantity"), OUT(TEXT, "unit"), OUT(NUMBER, "confidence"), NUTRIENTS_OUT,
                OUT(TEXT, "source"), OUT_NULLABLE(TEXT, "food"), OUT(BOOLEAN, "approximate")),
    OUT_OBJECT("total_nutrition", NUTRIENTS_OUT), { .name = NULL },
};

static const struct field me_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "email"), OUT(TEXT, "created_at"),
    OUT_OBJECT("preferences", OUT(INTEGER, "daily_calorie_goal"), OUT(INTEGER, "protein_goal"), OUT(TEXT, "timezone"),
               OUT_LIST("meal_reminders", { .name = "clock", .type = TEXT }), OUT_NULLABLE(TEXT, "country"),
               OUT_NULLABLE(TEXT, "phone"), OUT(BOOLEAN, "sms_reminders")),
    { .name = NULL },
};

#define CARD_OUT \
    { .name = "card", .type = OBJECT, .flags = REQUIRED | NULLABLE, \
      .fields = FIELDS(OUT_NULLABLE(TEXT, "brand"), OUT(TEXT, "last4"), OUT_NULLABLE(INTEGER, "exp_month"), OUT_NULLABLE(INTEGER, "exp_year")) }
#define PAYMENT_METHOD_FIELD(flag) \
    { .name = "payment_method_id", .type = TOKEN, .flags = flag, .min = 1, .max = 255, .doc = "As Stripe names it: pm_..." }

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
    ENDPOINT(nutrition, subscription_get,
        .method = GET, .path = "/api/v1/payments/subscription/",
        .doc = "The caller's subscription; the plan that costs nothing when there is none.",
        .out = FIELDS(OUT_NULLABLE(INTEGER, "id"),
                      OUT_OBJECT("plan", OUT(TEXT, "name"), OUT(NUMBER, "price"), OUT(TEXT, "currency"), OUT(TEXT, "interval")),
                      OUT(TEXT, "status"), OUT(TEXT, "current_period_start"), OUT(TEXT, "current_period_end"),
                      OUT(BOOLEAN, "cancel_at_period_end"), OUT_NULLABLE(TEXT, "stripe_subscription_id"),
                      OUT(TEXT, "created_at"))),
    ENDPOINT(nutrition, subscription_create,
        .method = POST, .path = "/api/v1/payments/subscription/", .status = 201,
        .doc = "Buy a plan, or change to another. requires_action: the card's owner is to be asked, with the client_secret.",
        .job = "billing.subscribe", .wait = 8, .after = &sql_nutrition_subscription_made, .handler = billing_request,
        .in = FIELDS({ .name = "plan_id", .type = INTEGER, .flags = REQUIRED, .min = 1, .max = 1000000, .doc = "Of the plans." },
                     PAYMENT_METHOD_FIELD(NULLABLE)),
        .out = FIELDS(OUT_OBJECT("subscription", OUT_NULLABLE(INTEGER, "id"), OUT(TEXT, "status"),
                                 OUT_OBJECT("plan", OUT(TEXT, "name"), OUT(NUMBER, "price"))),
                      OUT_NULLABLE(TEXT, "client_secret"), OUT(BOOLEAN, "requires_action"))),
    ENDPOINT(nutrition, subscription_cancel,
        .method = DELETE, .path = "/api/v1/payments/subscription/",
        .doc = "Cancel the caller's subscription.",
        .job = "billing.cancel", .wait = 8, .after = &sql_nutrition_subscription_cancelled, .handler = billing_request,
        .in = FIELDS({ .name = "cancel_at_period_end", .type = BOOLEAN, .standard = "true", .doc = "Not at once, but when what was paid for is over." },
                     { .name = "cancellation_reason", .type = TEXT, .flags = NULLABLE, .max = 500, .doc = "Why." }),
        .out = FIELDS(OUT(TEXT, "message"), OUT(BOOLEAN, "cancel_at_period_end"), OUT(TEXT, "current_period_end"))),
    ENDPOINT(nutrition, payment_method_create,
        .method = POST, .path = "/api/v1/payments/methods/", .status = 201,
        .doc = "Add a payment method that Stripe.js has made.",
        .job = "billing.attach", .wait = 8, .wait_only = true, .after = &sql_nutrition_payment_method_made, .handler = billing_request,
        .in = FIELDS(PAYMENT_METHOD_FIELD(REQUIRED),
                     { .name = "set_as_default", .type = BOOLEAN, .standard = "false", .doc = "Charge it from now on; the first one is in any case." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "type"), CARD_OUT, OUT(BOOLEAN, "is_default"))),
    ENDPOINT(nutrition, payment_method_delete,
        .method = DELETE, .path = "/api/v1/payments/methods/{method_id}/", .status = 204,
        .doc = "Remove a payment method.",
        .job = "billing.detach", .wait = 8, .after = &sql_nutrition_payment_method_deleted, .handler = billing_request,
        .in = FIELDS({ .name = "method_id", .in = PATH, .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 255, .doc = "As Stripe names it: pm_..." })),
    ENDPOINT(nutrition, stripe_webhook, STRIPE_EVENT("/api/v1/webhooks/stripe/")),
    ENDPOINT(nutrition, payment_method_list,
        .method = GET, .path = "/api/v1/payments/methods/",
        .doc = "The caller's payment methods, the latest first.",
        .out = FIELDS(OUT_OBJECTS("payment_methods", OUT(TEXT, "id"), OUT(TEXT, "type"), OUT_NULLABLE(OBJECT, "card"),
                                  OUT(BOOLEAN, "is_default"), OUT(TEXT, "created_at")))),
    ENDPOINT(nutrition, payment_list,
        .method = GET, .path = "/api/v1/payments/history/", .list = 20,
        .doc = "The caller's payments, the latest first.",
        .out = FIELDS(OUT(INTEGER, "id"), OUT(NUMBER, "amount"), OUT(TEXT, "currency"), OUT(TEXT, "status"),
                      OUT(TEXT, "description"), OUT(TEXT, "payment_date"), OUT(TEXT, "stripe_payment_intent_id"),
                      OUT_NULLABLE(TEXT, "invoice_url"))),
    ENDPOINT(nutrition, me_get,
        .method = GET, .path = "/api/v1/users/me/",
        .doc = "The caller, with goals and preferences.", .out = me_out),
    ENDPOINT(nutrition, me_update,
        .method = PATCH, .path = "/api/v1/users/me/",
        .doc = "Change the caller's goals and preferences: what is left out stays.",
        .in = FIELDS({ .name = "preferences", .type = OBJECT, .doc = "Merged into what is there.",
                       .fields = FIELDS({ .name = "daily_calorie_goal", .type = INTEGER, .min = 1, .max = 100000, .doc = "kcal." },
                                        { .name = "protein_goal", .type = INTEGER, .min = 1, .max = 10000, .doc = "Grams." },
                                        { .name = "timezone", .type = ZONE_NAME, .doc = "Of the tz database." },
                                        { .name = "meal_reminders", .type = LIST, .max = 12, .doc = "When to remind.",
                                          .fields = FIELDS({ .name = "clock", .type = CLOCK }) },
                                        { .name = "country", .type = TEXT, .flags = NULLABLE, .min = 2, .max = 2, .doc = "Of ISO 3166." },
                                        { .name = "phone", .type = PHONE, .flags = NULLABLE, .doc = "E.164." },
                                        { .name = "sms_reminders", .type = BOOLEAN, .doc = "Text the phone at the times of meal_reminders." }) }),
        .out = me_out),
    ENDPOINT(nutrition, meal_list,
        .method = GET, .path = "/api/v1/meals/", .list = 20,
        .doc = "The caller's meals, the latest first.", .out = meal_out),
    ENDPOINT(nutrition, meal_create,
        .method = POST, .path = "/api/v1/meals/", .status = 201,
        .doc = "Enter a meal.",
        .in = FIELDS(MEAL_NAME(REQUIRED), MEAL_REST,
                     { .name = "device_id", .type = TEXT, .min = 1, .max = 64, .doc = "Where it was entered." },
                     { .name = "local_id", .type = TEXT, .min = 1, .max = 64, .doc = "Its id there: once for each device." }),
        .out = meal_out),
    ENDPOINT(nutrition, meal_get,
        .method = GET, .path = "/api/v1/meals/{meal_id}/",
        .doc = "One meal.", .in = FIELDS(MEAL_ID), .out = meal_out),
    ENDPOINT(nutrition, meal_update,
        .method = PATCH, .path = "/api/v1/meals/{meal_id}/",
        .doc = "Change a meal: what is left out stays.",
        .in = FIELDS(MEAL_ID, MEAL_NAME(0), MEAL_REST), .out = meal_out),
    ENDPOINT(nutrition, meal_delete,
        .method = DELETE, .path = "/api/v1/meals/{meal_id}/", .status = 204,
        .doc = "Delete a meal.", .in = FIELDS(MEAL_ID)),
    ENDPOINT(nutrition, notification_list,
        .method = GET, .path = "/api/v1/notifications/", .list = 20,
        .doc = "What the caller was told, the latest first.",
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "title"), OUT(TEXT, "message"), OUT(TEXT, "priority"), OUT(BOOLEAN, "is_read"),
                      OUT(TEXT, "created_at"))),
    ENDPOINT(nutrition, quick_stats,
        .method = GET, .path = "/api/v1/mobile/stats/",
        .doc = "The caller's day and last seven days, in his time zone.",
        .out = FIELDS(OUT_OBJECT("today", OUT(NUMBER, "calories"), OUT(NUMBER, "calories_goal"), OUT(NUMBER, "calories_percentage"),
                                 OUT(NUMBER, "protein"), OUT(NUMBER, "protein_goal"), OUT(INTEGER, "meals_logged"),
                                 OUT(NUMBER, "water_intake"), OUT(INTEGER, "steps")),
                      OUT_OBJECT("week", OUT(NUMBER, "average_calories"), OUT(INTEGER, "days_on_track"), OUT(INTEGER, "total_meals"),
                                 OUT(INTEGER, "streak_days")),
                      OUT_OBJECTS("achievements", OUT(TEXT, "type"), OUT(TEXT, "title"), OUT(TEXT, "unlocked_at")),
                      OUT_NULLABLE(TEXT, "next_meal_reminder"))),
    ENDPOINT(nutrition, api_usage,
        .method = GET, .path = "/api/v1/admin/stats/api-usage/", .who = ADMIN, .lane = LANE_SLOW,
        .doc = "What was asked of this API, of everybody; days are in UTC and begin at midnight.",
        .in = FIELDS({ .name = "period", .in = QUERY, .type = ENUM, .values = periods, .standard = "day",
                       .doc = "Today, the last seven days or the last thirty." },
                     { .name = "endpoint", .in = QUERY, .type = TEXT, .min = 1, .max = 200, .doc = "Only of this path: /api/v1/meals/{meal_id}/" }),
        .out = FIELDS(OUT(TEXT, "period"), OUT(INTEGER, "total_requests"), OUT(INTEGER, "unique_users"), OUT(NUMBER, "success_rate"),
                      OUT(NUMBER, "average_response_time"),
                      OUT_OBJECT("percentiles", OUT_NULLABLE(NUMBER, "p50"), OUT_NULLABLE(NUMBER, "p95"), OUT_NULLABLE(NUMBER, "p99")),
                      OUT(OBJECT, "by_endpoint"), OUT(OBJECT, "by_status_code"),
                      OUT_OBJECTS("peak_hours", OUT(INTEGER, "hour"), OUT(INTEGER, "requests")))),
    ENDPOINT(nutrition, user_stats,
        .method = GET, .path = "/api/v1/admin/stats/users/", .who = ADMIN, .lane = LANE_SLOW,
        .doc = "Who uses this API and what for, of everybody; retention of those who joined in the last ninety days.",
        .out = FIELDS(OUT(INTEGER, "total_users"), OUT(INTEGER, "active_users_30d"), OUT(INTEGER, "new_users_30d"),
                      OUT(INTEGER, "premium_users"), OUT(NUMBER, "premium_conversion_rate"),
                      OUT_OBJECT("retention_rates", OUT(NUMBER, "day_1"), OUT(NUMBER, "day_7"), OUT(NUMBER, "day_30")),
                      OUT_OBJECT("user_engagement", OUT(INTEGER, "daily_active_users"), OUT(NUMBER, "average_session_duration"),
                                 OUT(NUMBER, "meals_per_user"),
                                 OUT_OBJECT("features_usage", OUT(NUMBER, "ai_analysis"), OUT(NUMBER, "manual_entry"),
                                            OUT(NUMBER, "goal_tracking"))),
                      OUT(OBJECT, "geographic_distribution"))),
    ENDPOINT(nutrition, twilio_status,
        .method = POST, .path = "/api/v1/webhooks/twilio/status/", .who = ANYONE, .uncounted = true, .form = true,
        .doc = "Twilio tells what became of a text message.",
        .in = FIELDS(TWILIO_STATUS_FIELDS),
        .handler = webhook_twilio),
    ENDPOINT(nutrition, ai_analyze,
        .method = POST, .path = "/api/v1/ai/analyze/", .status = 202, .parts = true, .rates = NAMES("ai"), .job = "ai.food",
        .doc = "Find out what a meal holds, from a photo or a description.",
        .in = FIELDS({ .name = "image", .type = FILE_PART, .max = 10485760, .values = picture_types,
                       .doc = "JPEG, PNG or WebP, at most 10 MiB." },
                     { .name = "text", .type = TEXT, .flags = NOT_BLANK, .min = 1, .max = 2000,
                       .doc = "What was eaten, in words; with a photo what should be known besides." }),
        .out = FIELDS(OUT(TEXT, "session_id"), OUT(TEXT, "status"))),
    ENDPOINT(nutrition, ai_analysis,
        .method = GET, .path = "/api/v1/ai/analyze/{session_id}/", .job = "ai.food", .polls = "session_id",
        .doc = "How far an analysis is, stage by stage, and what it found.",
        .in = FIELDS({ .name = "session_id", .in = PATH, .type = UUID, .flags = REQUIRED, .doc = "From analyze." }),
        .out = FIELDS(OUT(TEXT, "type"), OUT(TEXT, "session_id"), OUT(INTEGER, "overall_progress"),
                      { .name = "current_stage", .type = TEXT, .doc = "While it runs." }, OUT(TEXT, "status"),
                      OUT(OBJECT, "stages"), { .name = "error", .type = TEXT, .doc = "Why there is no result." },
                      { .name = "final_result", .type = OBJECT, .fields = final_result, .doc = "When it is completed." },
                      OUT(TEXT, "timestamp"))),
    { .name = NULL },
};
/* clang-format on */
