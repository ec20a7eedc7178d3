/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints, one row each. */
#include "fcgi/account.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/fields.h"
#include "sql.h"

/* clang-format off */
#define NAME_FIELD(id, flag) { .name = id, .type = TEXT, .flags = flag, .min = 1, .max = 80, .doc = "Name." }
#define PROFILE_TEXT(id, most) { .name = id, .type = TEXT, .flags = NULLABLE, .max = most, .doc = "Null clears it." }
#define CURRENCY_FIELD { .name = "preferred_currency", .type = CURRENCY, .doc = "Of ISO 4217." }
#define ZONE_FIELD { .name = "timezone", .type = ZONE_NAME, .doc = "Of the tz database." }

#define USER_OUT OUT(TEXT, "id"), OUT(TEXT, "email"), OUT(TEXT, "username"), OUT(TEXT, "first_name"), OUT(TEXT, "last_name")
#define TOKENS_OUT OUT_OBJECT("tokens", OUT(TEXT, "access"), OUT(TEXT, "refresh"), OUT(INTEGER, "expires_in"))

static const char *const picture_types[] = { "image/jpeg", "image/png", "image/webp", NULL };

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

#define SWITCH(id, text) { .name = id, .type = BOOLEAN, .doc = text }
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

const struct endpoint expenses_endpoints[] = {
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
        .doc = "Send a picture of the caller.",
        .in = FIELDS({ .name = "avatar", .type = FILE_PART, .flags = REQUIRED, .max = 10485760, .values = picture_types,
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
    { .name = NULL },
};
/* clang-format on */
