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
    { .name = NULL },
};
/* clang-format on */
