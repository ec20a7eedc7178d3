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
    { .name = NULL },
};
/* clang-format on */
