/* SPDX-License-Identifier: GPL-3.0-or-later
 * AIlice's endpoints, one row each. */
#include "fcgi/account.h"
#include "fcgi/ailice/ailice.h"
#include "fcgi/fields.h"
#include "sql.h"

/* clang-format off */
#define TOKEN_OUT FIELDS(OUT(TEXT, "access_token"), OUT(TEXT, "token_type"))
#define ITEM_ID { .name = "item_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "Id of the item." }

static const char *const item_states[] = { "draft", "published", "archived", NULL };

static const struct field item_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "title"), OUT(TEXT, "description"), OUT(OBJECT, "content"), OUT(TEXT, "item_type"),
    OUT(TEXT, "status"), OUT(INTEGER, "user_id"), OUT(OBJECT, "metadata"), OUT(TEXT, "created_at"),
    OUT(TEXT, "updated_at"), OUT_NULLABLE(TEXT, "published_at"), { .name = NULL },
};

#define ITEM_TITLE(flag) { .name = "title", .type = TEXT, .flags = flag, .min = 1, .max = 200, .doc = "Title." }
#define ITEM_TYPE(flag) \
    { .name = "item_type", .type = WORD, .flags = flag, .min = 1, .max = 32, .doc = "Free: small letters, digits, _." }
#define ITEM_REST \
    { .name = "description", .type = TEXT, .max = 10000, .doc = "Text." }, \
    { .name = "content", .type = OBJECT, .doc = "Any object." }, \
    { .name = "metadata", .type = OBJECT, .doc = "Any object." }, \
    { .name = "status", .type = ENUM, .values = item_states, .doc = "draft when left out." }

#define DAYS { .name = "days", .in = QUERY, .type = INTEGER, .min = 1, .max = 90, .standard = "7", .doc = "How far back." }

static const char *const notice_types[] = { "info", "success", "warning", "error", NULL };
static const struct field notice_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "title"), OUT(TEXT, "message"), OUT(TEXT, "notification_type"), OUT(BOOLEAN, "read"),
    OUT_NULLABLE(TEXT, "action_url"), OUT(OBJECT, "metadata"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "read_at"),
    { .name = NULL },
};

const struct endpoint ailice_endpoints[] = {
    ENDPOINT(ailice, register,
        .method = POST, .path = "/api/auth/register", .who = ANYONE, .status = 201,
        .doc = "Open an account; the answer signs in.",
        .in = FIELDS(USERNAME_FIELD, EMAIL_FIELD, PASSWORD_FIELD("password")), .out = TOKEN_OUT,
        .handler = account_sign_up, .sets = NAMES(SIGN_UP_SETS)),
    ENDPOINT(ailice, login,
        .method = POST, .path = "/api/auth/login", .who = ANYONE,
        .doc = "Sign in with user name or address, and password.",
        .in = FIELDS({ .name = "username", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 254, .doc = "Or address." },
                     PASSWORD_TYPED),
        .out = TOKEN_OUT,
        .first = &sql_core_password_by_name, .handler = account_sign_in, .sets = NAMES(SIGN_IN_SETS)),
    ENDPOINT(ailice, me,
        .method = GET, .path = "/api/auth/me",
        .doc = "The caller's account.",
        .out = FIELDS(OUT(INTEGER, "id"), OUT(TEXT, "username"), OUT(TEXT, "email"), OUT(TEXT, "role"),
                      OUT(TEXT, "created_at"))),
    ENDPOINT(ailice, logout,
        .method = POST, .path = "/api/auth/logout",
        .doc = "End the token this is called with.",
        .out = FIELDS(OUT(TEXT, "message")),
        .handler = account_sign_out, .sets = NAMES("expires_at", REFRESH_SETS)),
    ENDPOINT(ailice, item_list,
        .method = GET, .path = "/api/items", .list = 100,
        .doc = "The caller's items, newest first.",
        .in = FIELDS({ .name = "item_type", .in = QUERY, .type = WORD, .min = 1, .max = 32, .doc = "Only of this type." },
                     { .name = "status", .in = QUERY, .type = ENUM, .values = item_states, .doc = "Only of this status." }),
        .out = item_out),
    ENDPOINT(ailice, item_create,
        .method = POST, .path = "/api/items", .status = 201,
        .doc = "Make an item.",
        .in = FIELDS(ITEM_TITLE(REQUIRED), ITEM_TYPE(REQUIRED), ITEM_REST), .out = item_out),
    ENDPOINT(ailice, item_get,
        .method = GET, .path = "/api/items/{item_id}",
        .doc = "One item.",
        .in = FIELDS(ITEM_ID), .out = item_out),
    ENDPOINT(ailice, item_update,
        .method = PUT, .path = "/api/items/{item_id}",
        .doc = "Change an item; what is left out stays.",
        .in = FIELDS(ITEM_ID, ITEM_TITLE(0), ITEM_TYPE(0), ITEM_REST), .out = item_out),
    ENDPOINT(ailice, item_delete,
        .method = DELETE, .path = "/api/items/{item_id}", .status = 204,
        .doc = "Delete an item, and its shares.",
        .in = FIELDS(ITEM_ID)),
    ENDPOINT(ailice, notify_send,
        .method = POST, .path = "/api/notify/send", .status = 201,
        .doc = "A notification for the caller; an administrator sends them to others, too.",
        .in = FIELDS({ .name = "user_id", .in = QUERY, .type = INTEGER, .min = 1, .doc = "For whom, when not for the caller." },
                     { .name = "title", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200, .doc = "Title." },
                     { .name = "message", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 5000, .doc = "Text." },
                     { .name = "notification_type", .type = ENUM, .values = notice_types, .doc = "info when left out." },
                     { .name = "action_url", .type = URL, .flags = NULLABLE, .doc = "Where it leads." },
                     { .name = "metadata", .type = OBJECT, .doc = "Any object." }),
        .out = notice_out),
    ENDPOINT(ailice, notify_list,
        .method = GET, .path = "/api/notify/history", .list = 50,
        .doc = "What the caller was told, the latest first.",
        .in = FIELDS({ .name = "unread_only", .in = QUERY, .type = BOOLEAN, .standard = "false", .doc = "Only what was not read." }),
        .out = notice_out),
    ENDPOINT(ailice, notify_read,
        .method = POST, .path = "/api/notify/{notification_id}/read",
        .doc = "Say that a notification was read.",
        .in = FIELDS({ .name = "notification_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "Its id." }),
        .out = notice_out),
    ENDPOINT(ailice, notify_read_all,
        .method = POST, .path = "/api/notify/mark-all-read",
        .doc = "Say that all of them were read.", .out = FIELDS(OUT(INTEGER, "updated"))),
    ENDPOINT(ailice, usage,
        .method = GET, .path = "/api/analytics/usage", .lane = LANE_SLOW,
        .doc = "How many requests the caller has made. Times in milliseconds.",
        .in = FIELDS(DAYS),
        .out = FIELDS(OUT(INTEGER, "total_events"), OUT(INTEGER, "api_calls"), OUT(INTEGER, "page_views"), OUT(INTEGER, "errors"),
                      OUT(NUMBER, "avg_response_time"), OUT(TEXT, "period_start"), OUT(TEXT, "period_end"))),
    ENDPOINT(ailice, usage_errors,
        .method = GET, .path = "/api/analytics/errors", .list = 10, .lane = LANE_SLOW,
        .doc = "What went wrong of the caller's requests, by path, the most first.",
        .in = FIELDS(DAYS),
        .out = FIELDS(OUT(TEXT, "endpoint"), OUT(INTEGER, "error_count"), OUT(TEXT, "last_error"), OUT(TEXT, "last_occurred"))),
    ENDPOINT(ailice, usage_times,
        .method = GET, .path = "/api/analytics/performance", .list = 10, .lane = LANE_SLOW,
        .doc = "How long the caller's requests took, by path, the most called first. Times in milliseconds.",
        .in = FIELDS(DAYS),
        .out = FIELDS(OUT(TEXT, "endpoint"), OUT(NUMBER, "avg_response_time"), OUT(INTEGER, "min_response_time"),
                      OUT(INTEGER, "max_response_time"), OUT(INTEGER, "total_calls"))),
    { .name = NULL },
};
/* clang-format on */
