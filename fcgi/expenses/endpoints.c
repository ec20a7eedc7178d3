/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints, one row each. */
#include "fcgi/expenses/expenses.h"
#include "fcgi/fields.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
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
static const char *const hook_events[] = {
    "expense.created", "expense.updated", "expense.deleted", "payment.completed", "payment.failed",
    "settlement.created", "settlement.completed", "group.member_joined", "group.member_left", NULL,
};
#define HOOK_OUT \
    OUT(TEXT, "id"), OUT(TEXT, "url"), OUT_LIST("events", { .name = "event", .type = TEXT }), OUT(BOOLEAN, "is_active"), \
    OUT(TEXT, "created_at")
static const char *const method_types[] = { "stripe", NULL };
#define METHOD_DETAILS OUT_OBJECT("details", OUT_NULLABLE(TEXT, "brand"), OUT_NULLABLE(TEXT, "last4"), \
                                  OUT_NULLABLE(INTEGER, "exp_month"), OUT_NULLABLE(INTEGER, "exp_year"))

static const char *const group_types[] = { "personal", "trip", "home", "couple", "work", "event", "project", "other", NULL };
static const struct field group_settings[] = {
    SWITCH("simplify_debts", "Whether balances are told as few payments, or as what each owes each."),
    SWITCH("require_approval", "Kept; nothing asks for it."), SWITCH("auto_reminder", "Whether payers are reminded of what is due."),
    { .name = NULL },
};
#define GROUP_ID { .name = "group_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "grp_", .doc = "The group's id." }
#define GROUP_NAME(flag) { .name = "name", .type = TEXT, .flags = flag, .min = 1, .max = 100, .doc = "Its name." }
#define GROUP_DESCRIPTION { .name = "description", .type = TEXT, .flags = NULLABLE, .max = 1000, .doc = "What it is for; null clears it." }
#define GROUP_CURRENCY(text) { .name = "currency", .type = CURRENCY, .doc = text }
#define CURRENCY_OUT OUT_OBJECT("currency", OUT(TEXT, "code"), OUT(TEXT, "symbol"))
#define PERSON_OUT OUT(TEXT, "id"), OUT(TEXT, "name")
static const struct field group_out[] = {
    OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "description"), OUT(TEXT, "group_type"), OUT_NULLABLE(TEXT, "image"), CURRENCY_OUT,
    OUT(INTEGER, "member_count"), OUT(TEXT, "total_expenses"), OUT(TEXT, "unsettled_amount"), OUT(TEXT, "my_balance"),
    OUT_NULLABLE(TEXT, "invite_code"), OUT(BOOLEAN, "is_admin"), OUT(TEXT, "created_at"), OUT(BOOLEAN, "is_private"),
    OUT(BOOLEAN, "is_active"),
    OUT_OBJECT("settings", OUT(BOOLEAN, "simplify_debts"), OUT(BOOLEAN, "require_approval"), OUT(BOOLEAN, "auto_reminder")),
    OUT_OBJECT("statistics", OUT(TEXT, "total_expenses"), OUT(TEXT, "settled_amount"), OUT(TEXT, "unsettled_amount"),
               OUT(INTEGER, "expense_count"), OUT(INTEGER, "active_members"), OUT(TEXT, "created_at")),
    { .name = NULL },
};

const struct endpoint expenses_endpoints[] = {
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
                     { .name = "name", .type = TEXT, .min = 1, .max = 80, .doc = "What its owner calls it." },
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
        .job = "image.variant", .wait = 2, .after = &sql_expenses_me_avatar_made,
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

    /* Groups, and who is in them. */
    ENDPOINT(expenses, group_list,
        .method = GET, .path = "/api/groups/", .list = 20,
        .doc = "The groups that the caller is in, the latest first.",
        .in = FIELDS({ .name = "is_active", .in = QUERY, .type = BOOLEAN, .doc = "Only active ones, or only others." },
                     { .name = "group_type", .in = QUERY, .type = ENUM, .values = group_types, .doc = "Only of this type." },
                     { .name = "search", .in = QUERY, .type = TEXT, .min = 1, .max = 100, .doc = "Only with this in the name or the description." }),
        .out = group_out),
    ENDPOINT(expenses, group_create,
        .method = POST, .path = "/api/groups/", .status = 201,
        .doc = "Found a group. Who is named is invited by mail, and counts as a member from then on.",
        .in = FIELDS(GROUP_NAME(REQUIRED), GROUP_DESCRIPTION,
                     { .name = "group_type", .type = ENUM, .values = group_types, .standard = "other", .doc = "Of what kind." },
                     GROUP_CURRENCY("Of its books; left out, the one that the caller prefers."),
                     { .name = "is_private", .type = BOOLEAN, .standard = "false", .doc = "Joined by invitation only, and only admins invite." },
                     { .name = "initial_members", .type = LIST, .max = 50, .doc = "Addresses.",
                       .fields = FIELDS({ .name = "email", .type = EMAIL }) }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "description"), OUT(TEXT, "group_type"), CURRENCY_OUT,
                      OUT_NULLABLE(TEXT, "invite_code"), OUT(INTEGER, "member_count"), OUT(TEXT, "created_at"))),
    ENDPOINT(expenses, group_get,
        .method = GET, .path = "/api/groups/{group_id}/",
        .doc = "One of the caller's groups.", .in = FIELDS(GROUP_ID), .out = group_out),
    ENDPOINT(expenses, group_update,
        .method = PATCH, .path = "/api/groups/{group_id}/",
        .doc = "Change a group, as one of its admins: what is left out stays. A private group has no code; opened again it gets another.",
        .in = FIELDS(GROUP_ID, GROUP_NAME(0), GROUP_DESCRIPTION,
                     { .name = "group_type", .type = ENUM, .values = group_types, .doc = "Of what kind." },
                     GROUP_CURRENCY("Of its books; it stays once there is anything in them."),
                     SWITCH("is_private", "Joined by invitation only, and only admins invite."),
                     SWITCH("is_active", "Nobody joins one that is not, and nothing is entered into it."),
                     { .name = "settings", .type = OBJECT, .fields = group_settings, .doc = "Merged into what is there." }),
        .out = group_out),
    ENDPOINT(expenses, group_image,
        .method = POST, .path = "/api/groups/{group_id}/image/", .parts = true,
        .doc = "Send a group's image, as one of its admins. The one before is shown until it has been made of what was sent, and stays when none can be.",
        .job = "image.variant", .wait = 2, .after = &sql_expenses_group_image_made,
        .in = FIELDS(GROUP_ID, { .name = "image", .type = FILE_PART, .flags = REQUIRED, .max = 10485760, .values = picture_types,
                                 .doc = "JPEG, PNG or WebP, at most 10 MiB." }),
        .out = FIELDS(OUT(TEXT, "image"))),
    ENDPOINT(expenses, group_members,
        .method = GET, .path = "/api/groups/{group_id}/members/", .list = 20,
        .doc = "Who is in a group of the caller's or invited to it. A balance below zero is owed.",
        .in = FIELDS(GROUP_ID),
        .out = FIELDS(OUT(TEXT, "id"),
                      OUT_OBJECT("user", OUT_NULLABLE(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "email"), OUT_NULLABLE(TEXT, "avatar")),
                      OUT(TEXT, "role"), OUT(TEXT, "status"), OUT_NULLABLE(TEXT, "joined_at"), OUT_NULLABLE(OBJECT, "invited_by"),
                      OUT(TEXT, "balance"), OUT(TEXT, "total_paid"), OUT(TEXT, "total_owed"))),
    ENDPOINT(expenses, group_invite,
        .method = POST, .path = "/api/groups/{group_id}/invite/", .status = 201,
        .doc = "Invite somebody by a mail with a token, good for seven days and once. Any member may, of a private group its admins only. "
               "The same address again gets another token; the one before is good no more.",
        .in = FIELDS(GROUP_ID, EMAIL_FIELD,
                     { .name = "message", .type = TEXT, .flags = NULLABLE, .max = 500, .doc = "What the mail says besides." }),
        .out = FIELDS(OUT(TEXT, "invitation_id"), OUT(TEXT, "email"), OUT(TEXT, "expires_at"))),
    ENDPOINT(expenses, group_join,
        .method = POST, .path = "/api/groups/join/",
        .doc = "Join a group by its code; a private group has none.",
        .in = FIELDS({ .name = "invite_code", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 32, .doc = "Eight letters and digits." }),
        .out = group_out),
    ENDPOINT(expenses, invitation_accept,
        .method = POST, .path = "/api/groups/invitations/{token}/accept/",
        .doc = "Join a group by an invitation. Its token is the proof: the caller's address need not be the one that was invited.",
        .in = FIELDS({ .name = "token", .in = PATH, .type = TEXT, .flags = REQUIRED | SECRET, .min = 1, .max = 128, .doc = "From the mail." }),
        .out = group_out, .handler = account_token, .sets = NAMES(TOKEN_SETS)),
    ENDPOINT(expenses, group_leave,
        .method = POST, .path = "/api/groups/{group_id}/leave/",
        .doc = "Leave a group in which the caller's balance is settled. What is still to be paid between him and others is cancelled.",
        .in = FIELDS(GROUP_ID)),
    ENDPOINT(expenses, group_balances,
        .method = GET, .path = "/api/groups/{group_id}/balances/",
        .doc = "How the members of a group stand, and who is to pay whom: few payments, or with simplify_debts off what each owes each, "
               "unless there are more than 5,000 debts (is_simplified tells).",
        .first = &sql_expenses_group_standing, .handler = expenses_group_balances,
        .sets = NAMES("nets", "currency", "transfers", "is_simplified"),
        .in = FIELDS(GROUP_ID),
        .out = FIELDS(OUT_OBJECTS("balances", OUT_OBJECT("user", PERSON_OUT), OUT(TEXT, "balance"),
                                  OUT_OBJECTS("owes", OUT_OBJECT("to_user", PERSON_OUT), OUT(TEXT, "amount"))),
                      OUT_OBJECTS("simplified_debts", OUT_OBJECT("from", PERSON_OUT), OUT_OBJECT("to", PERSON_OUT), OUT(TEXT, "amount")),
                      OUT(BOOLEAN, "is_simplified"))),
    ENDPOINT(expenses, group_activity,
        .method = GET, .path = "/api/groups/{group_id}/activity/", .list = 20,
        .doc = "What was done in a group of the caller's, the latest first.",
        .in = FIELDS(GROUP_ID),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "type"), OUT_NULLABLE(OBJECT, "user"), OUT(TEXT, "description"), OUT(OBJECT, "metadata"),
                      OUT(TEXT, "created_at"))),
    { .name = NULL },
};
/* clang-format on */
