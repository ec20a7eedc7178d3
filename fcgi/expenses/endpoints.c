/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints, one row each. */
#include "fcgi/expenses/expenses.h"
#include "fcgi/expenses/parts.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
#include "sql.h"

/* clang-format off */
#define NAME_FIELD(id, flag) { .name = id, .type = TEXT, .flags = flag | NOT_BLANK, .min = 1, .max = 80, .doc = "Name." }
#define PROFILE_TEXT(id, most) { .name = id, .type = TEXT, .flags = NULLABLE, .max = most, .doc = "Null clears it." }
#define CURRENCY_FIELD { .name = "preferred_currency", .type = CURRENCY, .doc = "Of ISO 4217." }
#define ZONE_FIELD { .name = "timezone", .type = ZONE_NAME, .doc = "Of the tz database." }

#define USER_OUT OUT(TEXT, "id"), OUT(TEXT, "email"), OUT(TEXT, "username"), OUT(TEXT, "first_name"), OUT(TEXT, "last_name")
#define TOKENS_OUT OUT_OBJECT("tokens", OUT(TEXT, "access"), OUT(TEXT, "refresh"), OUT(INTEGER, "expires_in"))

static const struct field me_out[] = {
    USER_OUT, OUT_NULLABLE(TEXT, "avatar"), OUT_NULLABLE(TEXT, "bio"), OUT(TEXT, "preferred_currency"),
    OUT(TEXT, "timezone"),
    OUT_OBJECT("profile", OUT_NULLABLE(TEXT, "occupation"), OUT_NULLABLE(TEXT, "company"), OUT_NULLABLE(TEXT, "country"),
               OUT_NULLABLE(TEXT, "city"), OUT(TEXT, "total_expenses"), OUT(INTEGER, "expense_count"),
               OUT(INTEGER, "group_count")),
    OUT_OBJECT("settings", OUT(BOOLEAN, "notifications_enabled"), OUT(BOOLEAN, "email_notifications"),
               OUT(BOOLEAN, "push_notifications")),
    { .name = NULL },
};

static const char *const notice_types[] = {
    "expense_added", "expense_updated", "comment_added", "settlement_requested", "settlement_completed", "payment_due",
    "group_invite", "member_joined", "member_left", "report_ready", NULL,
};
static const char *const priorities[] = { "low", "normal", "high", NULL };
static const char *const channels[] = { "email", "push", "sms", "in_app", NULL };
static const char *const frequencies[] = { "immediate", "daily", "weekly", NULL };

static const struct field notice_choice[] = {
    { .name = "type", .type = ENUM, .flags = REQUIRED, .values = notice_types, .doc = "Which." },
    SWITCH("enabled", "Whether it is told at all."),
    { .name = "channels", .type = LIST, .max = 4, .doc = "How.", .fields = FIELDS({ .name = "channel", .type = ENUM, .values = channels }) },
    { .name = "frequency", .type = ENUM, .values = frequencies, .doc = "How often." }, { .name = NULL },
};
static const struct field quiet_hours[] = {
    SWITCH("enabled", "Whether mails wait."), { .name = "start", .type = CLOCK, .doc = "From." },
    { .name = "end", .type = CLOCK, .doc = "To." }, ZONE_FIELD, { .name = NULL },
};

static const char *const report_types[] = { "expense_summary", "category_breakdown", "group_summary", "settlement_history", NULL };
static const char *const report_formats[] = { "pdf", "csv", "json", NULL };
static const char *const report_groupings[] = { "category", "group", "payer", "month", NULL };

#define REPORT_IDS(id, start, text) \
    { .name = id, .type = LIST, .max = 100, .doc = text, \
      .fields = FIELDS({ .name = "id", .type = ID, .flags = REQUIRED, .prefix = start }) }
static const struct field report_filters[] = {
    { .name = "date_from", .type = DATE, .doc = "The first day; left out, the first of that month." },
    { .name = "date_to", .type = DATE, .doc = "The last day; left out, the last of the month that is now." },
    REPORT_IDS("group_ids", "grp_", "Only of these groups, and then the whole amounts instead of the caller's shares."),
    REPORT_IDS("category_ids", "cat_", "Only of these categories and what is below them."), { .name = NULL },
};
static const struct field report_options[] = {
    SWITCH("include_charts", "Charts in a PDF; on when left out."),
    SWITCH("include_receipts", "Receipts in a PDF, as pictures; off when left out."),
    { .name = "group_by", .type = ENUM, .values = report_groupings, .doc = "What a summary goes by; left out, by category." },
    { .name = NULL },
};
static const char *const periods[] = { "daily", "weekly", "monthly", "yearly", NULL };
#define PERIOD(preset, text) { .name = "period", .in = QUERY, .type = ENUM, .values = periods, .standard = preset, .doc = text }
#define OF_DAYS \
    { .name = "date_from", .in = QUERY, .type = DATE, .doc = "The first day; left out, the first of the period." }, \
    { .name = "date_to", .in = QUERY, .type = DATE, .doc = "The last day; left out, the last of the period. Ten years at most." }, \
    { .name = "group_id", .in = QUERY, .type = ID, .prefix = "grp_", \
      .doc = "One of the caller's groups: its whole expenses instead of the caller's shares." }
#define DATE_RANGE OUT_OBJECT("date_range", OUT(DATE, "from"), OUT(DATE, "to"))
#define UNCONVERTED OUT_OBJECTS("unconverted", OUT(TEXT, "currency"), OUT(TEXT, "amount"))
static const char *const hook_events[] = {
    "expense.created", "expense.updated", "expense.deleted", "payment.completed", "payment.failed",
    "settlement.created", "settlement.completed", "group.member_joined", "group.member_left", NULL,
};
#define HOOK_OUT \
    OUT(TEXT, "id"), OUT(TEXT, "url"), OUT_LIST("events", { .name = "event", .type = TEXT }), OUT(BOOLEAN, "is_active"), \
    OUT(TEXT, "created_at")

const struct endpoint expenses_endpoints[] = {
    ENDPOINT(expenses, stripe_webhook, STRIPE_EVENT("/api/webhooks/stripe/")),
    ENDPOINT(expenses, register,
        .method = POST, .path = "/api/auth/register/", .who = ANYONE, .status = 201,
        .doc = "Open an account; the answer signs in, and a mail asks to verify the address.",
        .in = FIELDS(EMAIL_FIELD, PASSWORD_FIELD("password"), USERNAME_FIELD, NAME_FIELD("first_name", REQUIRED),
                     NAME_FIELD("last_name", REQUIRED), CURRENCY_FIELD, ZONE_FIELD),
        .out = FIELDS(OUT_OBJECT("user", USER_OUT, OUT(BOOLEAN, "is_verified"), OUT(TEXT, "created_at")), TOKENS_OUT),
        .handler = account_sign_up, .sets = NAMES(SIGN_UP_SETS)),
    ENDPOINT(expenses, login,
        .method = POST, .path = "/api/auth/login/", .who = ANYONE,
        .doc = "Sign in with address and password.",
        .in = FIELDS(EMAIL_FIELD, PASSWORD_TYPED), .out = FIELDS(OUT_OBJECT("user", USER_OUT), TOKENS_OUT),
        .first = &sql_core_password_by_email, .handler = account_sign_in, .sets = NAMES(SIGN_IN_SETS)),
    ENDPOINT(expenses, token_refresh,
        .method = POST, .path = "/api/auth/refresh/", .who = ANYONE,
        .doc = "Another access token for the refresh token.",
        .in = FIELDS(REFRESH_FIELD), .out = FIELDS(OUT(TEXT, "access"), OUT(INTEGER, "expires_in")),
        .handler = account_refresh, .sets = NAMES(REFRESH_SETS)),
    ENDPOINT(expenses, logout,
        .method = POST, .path = "/api/auth/logout/", .who = OPTIONAL, .status = 204,
        .doc = "End the refresh token and, when one is sent, the access token.",
        .in = FIELDS({ .name = "refresh", .type = TEXT, .flags = SECRET, .max = 4096, .doc = "The refresh token." }),
        .handler = account_sign_out, .sets = NAMES("expires_at", REFRESH_SETS)),
    ENDPOINT(expenses, password_reset,
        .method = POST, .path = "/api/auth/password-reset/", .who = ANYONE,
        .doc = "Ask for a mail with a token to set another password with.",
        .in = FIELDS(EMAIL_FIELD)),
    ENDPOINT(expenses, password_reset_confirm,
        .method = POST, .path = "/api/auth/password-reset/confirm/", .who = ANYONE,
        .doc = "Set another password; all that is signed in ends.",
        .in = FIELDS(MAILED_TOKEN_FIELD, PASSWORD_FIELD("new_password")),
        .handler = account_token, .sets = NAMES(TOKEN_SETS)),
    ENDPOINT(expenses, verify_email,
        .method = POST, .path = "/api/auth/verify-email/", .who = ANYONE,
        .doc = "Say that the mail to the address has come.",
        .in = FIELDS(MAILED_TOKEN_FIELD),
        .handler = account_token, .sets = NAMES(TOKEN_SETS)),
    ENDPOINT(expenses, me_get,
        .method = GET, .path = "/api/users/me/",
        .doc = "The caller's profile and settings.", .out = me_out),
    ENDPOINT(expenses, me_update,
        .method = PATCH, .path = "/api/users/me/",
        .doc = "Change the caller's profile: what is left out stays.",
        .in = FIELDS(NAME_FIELD("first_name", 0), NAME_FIELD("last_name", 0), PROFILE_TEXT("bio", 500), CURRENCY_FIELD,
                     ZONE_FIELD,
                     { .name = "phone_number", .type = PHONE, .flags = NULLABLE, .doc = "Where text messages go; null clears it. Not shown." },
                     { .name = "profile", .type = OBJECT, .doc = "Merged into what is there.",
                       .fields = FIELDS(PROFILE_TEXT("occupation", 100), PROFILE_TEXT("company", 100),
                                        PROFILE_TEXT("country", 100), PROFILE_TEXT("city", 100)) },
                     { .name = "settings", .type = OBJECT, .doc = "Merged into what is there.",
                       .fields = FIELDS({ .name = "notifications_enabled", .type = BOOLEAN },
                                        { .name = "email_notifications", .type = BOOLEAN },
                                        { .name = "push_notifications", .type = BOOLEAN }) }),
        .out = me_out),
    ENDPOINT(expenses, me_avatar,
        .method = POST, .path = "/api/users/me/avatar/", .parts = true,
        .doc = "Send a picture of the caller. The one before is shown until an avatar has been made of it, and stays when none can be.",
        .job = "image.variant", .wait = 2, .after = &sql_expenses_picture_made,
        .in = FIELDS({ .name = "avatar", .type = FILE_PART, .flags = REQUIRED, .max = 10485760, .values = expenses_picture_types,
                       .doc = "JPEG, PNG or WebP, at most 10 MiB." }),
        .out = FIELDS(OUT(TEXT, "avatar_url"))),
    ENDPOINT(expenses, notification_list,
        .method = GET, .path = "/api/notifications/", .list = 20,
        .doc = "What the caller was told, the latest first.",
        .in = FIELDS({ .name = "is_read", .in = QUERY, .type = BOOLEAN, .doc = "Only what was read, or what was not." },
                     { .name = "type", .in = QUERY, .type = ENUM, .values = notice_types, .doc = "Only of this type." },
                     { .name = "priority", .in = QUERY, .type = ENUM, .values = priorities, .doc = "Only of this weight." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "type"), OUT(TEXT, "title"), OUT(TEXT, "message"), OUT(TEXT, "priority"),
                      OUT(BOOLEAN, "is_read"), OUT_NULLABLE(OBJECT, "sender"), OUT(OBJECT, "metadata"),
                      OUT_NULLABLE(TEXT, "action_url"), OUT(TEXT, "created_at"))),
    ENDPOINT(expenses, notification_read,
        .method = PUT, .path = "/api/notifications/{notification_id}/read/",
        .doc = "Say that a notification was read.",
        .in = FIELDS({ .name = "notification_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "ntf_", .doc = "Its id." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(BOOLEAN, "is_read"), OUT(TEXT, "read_at"))),
    ENDPOINT(expenses, notification_read_all,
        .method = POST, .path = "/api/notifications/mark-all-read/",
        .doc = "Say that all of them were read.",
        .out = FIELDS(OUT(INTEGER, "updated_count"))),
    ENDPOINT(expenses, notice_get,
        .method = GET, .path = "/api/notifications/preferences/",
        .doc = "What the caller wants to be told, and how.",
        .out = FIELDS(OUT(BOOLEAN, "email_enabled"), OUT(BOOLEAN, "push_enabled"), OUT(BOOLEAN, "sms_enabled"),
                      OUT_OBJECTS("preferences", OUT(TEXT, "type"), OUT(BOOLEAN, "enabled"),
                                  OUT_LIST("channels", { .name = "channel", .type = TEXT }), OUT(TEXT, "frequency")),
                      OUT_OBJECT("quiet_hours", OUT(BOOLEAN, "enabled"), OUT(TEXT, "start"), OUT(TEXT, "end"), OUT(TEXT, "timezone")))),
    ENDPOINT(expenses, notice_update,
        .method = PUT, .path = "/api/notifications/preferences/",
        .doc = "Change what the caller wants to be told: what is left out stays.",
        .in = FIELDS(SWITCH("email_enabled", "Mails at all."), SWITCH("push_enabled", "Kept; nothing is pushed."),
                     SWITCH("sms_enabled", "Text messages at all."),
                     { .name = "preferences", .type = LIST, .max = 100, .doc = "By type.",
                       .fields = FIELDS({ .name = "choice", .type = OBJECT, .fields = notice_choice }) },
                     { .name = "quiet_hours", .type = OBJECT, .fields = quiet_hours, .doc = "When mails wait." })),
    ENDPOINT(expenses, report_generate,
        .method = POST, .path = "/api/analytics/reports/generate/", .status = 202, .job = "report.generate",
        .doc = "Ask for a report as a file.",
        .in = FIELDS({ .name = "report_type", .type = ENUM, .flags = REQUIRED, .values = report_types, .doc = "About what." },
                     { .name = "format", .type = ENUM, .flags = REQUIRED, .values = report_formats, .doc = "Of the file." },
                     { .name = "filters", .type = OBJECT, .fields = report_filters, .doc = "What it is to be about." },
                     { .name = "options", .type = OBJECT, .fields = report_options, .doc = "What it is to look like." }),
        .out = FIELDS(OUT(TEXT, "report_id"), OUT(TEXT, "status"), OUT(TEXT, "estimated_completion"))),
    ENDPOINT(expenses, report_get,
        .method = GET, .path = "/api/analytics/reports/{report_id}/",
        .doc = "What became of a report, and where it can be fetched until it expires.",
        .in = FIELDS({ .name = "report_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "rpt_", .doc = "Its id." }),
        .out = FIELDS(OUT(TEXT, "report_id"), OUT(TEXT, "status"), OUT_NULLABLE(TEXT, "download_url"), OUT(TEXT, "expires_at"),
                      OUT_NULLABLE(INTEGER, "file_size"), OUT_NULLABLE(TEXT, "generated_at"),
                      { .name = "error", .type = TEXT })),
    ENDPOINT(expenses, analytics_summary,
        .method = GET, .path = "/api/analytics/summary/", .lane = LANE_SLOW,
        .doc = "What was spent in a period, against the one before it, and on what. Amounts are the caller's shares, in his preferred "
               "currency at the rates of their days; what has no rate is told and not counted.",
        .in = FIELDS(PERIOD("monthly", "The day, week, month or year that is now."), OF_DAYS),
        .out = FIELDS(OUT(TEXT, "period"), DATE_RANGE,
                      OUT_OBJECT("summary", OUT(TEXT, "total_expenses"), OUT(INTEGER, "expense_count"), OUT(TEXT, "average_expense"),
                                 OUT(TEXT, "currency")),
                      OUT_OBJECT("comparison", OUT_OBJECT("previous_period", OUT(TEXT, "total_expenses"),
                                                          OUT_NULLABLE(NUMBER, "change_percentage"), DATE_RANGE, UNCONVERTED)),
                      OUT_OBJECTS("top_categories", OUT(TEXT, "category"), OUT(TEXT, "amount"), OUT(NUMBER, "percentage"),
                                  OUT(INTEGER, "count")),
                      UNCONVERTED)),
    ENDPOINT(expenses, analytics_trends,
        .method = GET, .path = "/api/analytics/trends/", .lane = LANE_SLOW,
        .doc = "What was spent step by step, 400 at most: when no days are said, of this month, of this year (weekly, monthly) or of "
               "this decade (yearly). Statistics are of the days that have come.",
        .in = FIELDS(PERIOD("daily", "How long a step is."), OF_DAYS,
                     { .name = "category_id", .in = QUERY, .type = ID, .prefix = "cat_", .doc = "Only of this category and what is below it." }),
        .out = FIELDS(OUT_OBJECTS("trends", OUT(DATE, "date"), OUT(TEXT, "amount"), OUT(INTEGER, "expense_count")),
                      OUT_OBJECT("statistics", OUT(TEXT, "average_daily"), OUT_NULLABLE(DATE, "peak_day"), OUT(TEXT, "peak_amount"),
                                 OUT(TEXT, "trend_direction"), OUT_NULLABLE(NUMBER, "trend_percentage")),
                      OUT(TEXT, "period"), DATE_RANGE, OUT(TEXT, "currency"), UNCONVERTED)),
    ENDPOINT(expenses, analytics_categories,
        .method = GET, .path = "/api/analytics/categories/", .lane = LANE_SLOW,
        .doc = "What was spent on what, in this month or on days that are said.",
        .in = FIELDS(OF_DAYS),
        .out = FIELDS(OUT_OBJECTS("categories", OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "amount"), OUT(NUMBER, "percentage"),
                                  OUT(INTEGER, "expense_count"), OUT(TEXT, "average_expense"),
                                  OUT_OBJECTS("subcategories", OUT(TEXT, "name"), OUT(TEXT, "amount"), OUT(NUMBER, "percentage"))),
                      OUT_OBJECT("uncategorized", OUT(TEXT, "amount"), OUT(NUMBER, "percentage"), OUT(INTEGER, "expense_count")),
                      DATE_RANGE, OUT(TEXT, "total_expenses"), OUT(TEXT, "currency"), UNCONVERTED)),
    ENDPOINT(expenses, hook_list,
        .method = GET, .path = "/api/webhooks/", .list = 20,
        .doc = "Where the caller's events are sent. One whose deliveries failed fifty times in a row is no longer active.",
        .out = FIELDS(HOOK_OUT)),
    ENDPOINT(expenses, hook_create,
        .method = POST, .path = "/api/webhooks/", .status = 201,
        .doc = "Have events sent to an address. The secret that signs them is shown this once.",
        .in = FIELDS({ .name = "url", .type = URL, .flags = REQUIRED, .doc = "Of the public network, by https." },
                     { .name = "events", .type = LIST, .flags = REQUIRED, .min = 1, .max = 9, .doc = "Which.",
                       .fields = FIELDS({ .name = "event", .type = ENUM, .values = hook_events }) }),
        .out = FIELDS(HOOK_OUT, OUT(TEXT, "secret")),
        .handler = expenses_hook_create, .sets = NAMES("secret", "sealed")),
    ENDPOINT(expenses, hook_delete,
        .method = DELETE, .path = "/api/webhooks/{webhook_id}/", .status = 204,
        .doc = "Send no more events there.",
        .in = FIELDS({ .name = "webhook_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "wh_", .doc = "Its id." })),
    ENDPOINTS_GO_ON(expenses_expense_rows),
};
/* clang-format on */
