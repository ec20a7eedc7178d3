/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints of groups, and of who is in them, one row each. */
#include "fcgi/expenses/expenses.h"
#include "fcgi/expenses/parts.h"
#include "fcgi/steps/account.h"
#include "sql.h"

/* clang-format off */
static const char *const group_types[] = { "personal", "trip", "home", "couple", "work", "event", "project", "other", NULL };
static const struct field group_settings[] = {
    SWITCH("simplify_debts", "Whether balances are told as few payments, or as what each owes each."),
    SWITCH("require_approval", "Kept; nothing asks for it."), SWITCH("auto_reminder", "Whether payers are reminded of what is due."),
    { .name = NULL },
};
#define GROUP_ID { .name = "group_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "grp_", .doc = "The group's id." }
#define GROUP_NAME(flag) { .name = "name", .type = TEXT, .flags = flag | NOT_BLANK, .min = 1, .max = 100, .doc = "Its name." }
#define GROUP_DESCRIPTION { .name = "description", .type = TEXT, .flags = NULLABLE, .max = 1000, .doc = "What it is for; null clears it." }
#define GROUP_CURRENCY(text) { .name = "currency", .type = CURRENCY, .doc = text }
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

const struct endpoint expenses_group_rows[] = {
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
        .job = "image.variant", .wait = 2, .after = &sql_expenses_picture_made,
        .in = FIELDS(GROUP_ID, { .name = "image", .type = FILE_PART, .flags = REQUIRED, .max = 10485760, .values = expenses_picture_types,
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
