/* SPDX-License-Identifier: GPL-3.0-or-later
 * The SMS agent's endpoints, one row each. */
#include "fcgi/account.h"
#include "fcgi/fields.h"
#include "fcgi/smsagent/smsagent.h"
#include "sql.h"

/* clang-format off */
static const char *const tiers[] = { "free", "premium", "enterprise", NULL };

#define PHONE_PATH { .name = "phone_number", .in = PATH, .type = PHONE, .flags = REQUIRED, .doc = "E.164, with its plus." }
#define PERSON_OUT \
    OUT(TEXT, "phone_number"), OUT(TEXT, "tier"), OUT_NULLABLE(TEXT, "email"), OUT_NULLABLE(TEXT, "full_name"), \
    OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "last_active"), OUT(INTEGER, "total_requests"), \
    OUT(INTEGER, "monthly_requests"), OUT(TEXT, "timezone"), OUT(OBJECT, "preferences")
#define PERSON_DETAIL \
    FIELDS(PERSON_OUT, OUT(TEXT, "rate_limit_reset"), \
           OUT_OBJECT("stats", OUT(NUMBER, "success_rate"), OUT(NUMBER, "avg_response_time"), \
                      OUT_LIST("favorite_categories", { .name = "category", .type = TEXT })))
#define PERSON_FIELDS \
    { .name = "email", .type = EMAIL, .flags = NULLABLE, .doc = "E-mail address." }, \
    { .name = "full_name", .type = TEXT, .flags = NULLABLE, .max = 120, .doc = "Name." }, \
    { .name = "tier", .type = ENUM, .values = tiers, .doc = "What the person may use." }, \
    { .name = "timezone", .type = ZONE_NAME, .doc = "Of the tz database." }, \
    { .name = "preferences", .type = OBJECT, .doc = "Merged into what is there." }

#define NAME_TYPED { .name = "username", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 254, .doc = "Or address." }

const struct endpoint smsagent_endpoints[] = {
    ENDPOINT(smsagent, token,
        .method = POST, .path = "/api/auth/token/", .who = ANYONE,
        .doc = "The API token of an account: the same one each time.",
        .in = FIELDS(NAME_TYPED, PASSWORD_TYPED),
        .out = FIELDS(OUT(TEXT, "token"), OUT(INTEGER, "user_id"), OUT(TEXT, "username")),
        .first = &sql_core_password_by_name, .handler = account_sign_in, .sets = NAMES(SIGN_IN_SETS)),
    ENDPOINT(smsagent, session_open,
        .method = POST, .path = "/api/auth/session/", .who = ANYONE,
        .doc = "Sign a web page in: a cookie, and the X-CSRF-Token that calls which change something must send.",
        .in = FIELDS(NAME_TYPED, PASSWORD_TYPED),
        .out = FIELDS(OUT(TEXT, "csrf_token"), OUT(INTEGER, "user_id"), OUT(TEXT, "username")),
        .first = &sql_core_password_by_name, .handler = account_session, .sets = NAMES(SESSION_SETS)),
    ENDPOINT(smsagent, session_close,
        .method = DELETE, .path = "/api/auth/session/", .status = 204,
        .doc = "End the session."),
    ENDPOINT(smsagent, person_list,
        .method = GET, .path = "/api/users/", .list = 20,
        .doc = "Those who text, newest first.",
        .in = FIELDS({ .name = "tier", .in = QUERY, .type = ENUM, .values = tiers, .doc = "Only of this tier." }),
        .out = FIELDS(PERSON_OUT)),
    ENDPOINT(smsagent, person_create,
        .method = POST, .path = "/api/users/", .who = ADMIN, .status = 201,
        .doc = "Make somebody known before he texts.",
        .in = FIELDS({ .name = "phone_number", .type = PHONE, .flags = REQUIRED, .doc = "E.164." }, PERSON_FIELDS),
        .out = PERSON_DETAIL),
    ENDPOINT(smsagent, person_get,
        .method = GET, .path = "/api/users/{phone_number}/",
        .doc = "One of those who text.",
        .in = FIELDS(PHONE_PATH), .out = PERSON_DETAIL),
    ENDPOINT(smsagent, person_update,
        .method = PATCH, .path = "/api/users/{phone_number}/",
        .doc = "Change what is known of somebody; only an administrator changes the tier.",
        .in = FIELDS(PHONE_PATH, PERSON_FIELDS), .out = PERSON_DETAIL),
    { .name = NULL },
};
/* clang-format on */
