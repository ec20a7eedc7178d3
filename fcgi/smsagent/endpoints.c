/* SPDX-License-Identifier: GPL-3.0-or-later
 * The SMS agent's endpoints, one row each. */
#include "fcgi/account.h"
#include "fcgi/fields.h"
#include "fcgi/smsagent/smsagent.h"
#include "sql.h"

/* clang-format off */
static const char *const tiers[] = { "free", "premium", "enterprise", NULL };
static const char *const categories[] = { "coding", "debug", "explain", "general", NULL };

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

#define BY_PHONE { .name = "user_phone", .in = QUERY, .type = PHONE, .doc = "Only of this number." }
#define BY_CATEGORY { .name = "category", .in = QUERY, .type = ENUM, .values = categories, .doc = "Only of this category." }
#define SINCE(id) { .name = id, .in = QUERY, .type = TIME, .doc = "Not before." }
#define UNTIL(id) { .name = id, .in = QUERY, .type = TIME, .flags = DAY_END, .doc = "Before; of a date alone the day is part of it." }

static const struct field task_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "user_phone"), OUT(TEXT, "sms_content"), OUT_NULLABLE(TEXT, "ai_response"),
    OUT(TEXT, "category"), OUT_NULLABLE(NUMBER, "processing_time"), OUT_NULLABLE(INTEGER, "tokens_used"),
    OUT_NULLABLE(NUMBER, "complexity_score"), OUT_NULLABLE(BOOLEAN, "success"), OUT_NULLABLE(TEXT, "error_message"),
    OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "completed_at"), OUT(OBJECT, "metadata"), { .name = NULL },
};

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
    ENDPOINT(smsagent, person_tier,
        .method = POST, .path = "/api/users/{phone_number}/update_tier/", .who = ADMIN,
        .doc = "Another tier for somebody.",
        .in = FIELDS(PHONE_PATH,
                     { .name = "tier", .type = ENUM, .flags = REQUIRED, .values = tiers, .doc = "What the person may use." },
                     { .name = "reason", .type = TEXT, .max = 500, .doc = "Is kept with the change." }),
        .out = PERSON_DETAIL),
    ENDPOINT(smsagent, task_list,
        .method = GET, .path = "/api/tasks/", .list = 20,
        .doc = "What was asked by text message, newest first.",
        .in = FIELDS(BY_PHONE, BY_CATEGORY,
                     { .name = "success", .in = QUERY, .type = BOOLEAN, .doc = "Only what went well, or what did not." },
                     SINCE("created_after"), UNTIL("created_before")),
        .out = task_out),
    ENDPOINT(smsagent, task_get,
        .method = GET, .path = "/api/tasks/{task_id}/",
        .doc = "One task.",
        .in = FIELDS({ .name = "task_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "Id of the task." }),
        .out = task_out),
    ENDPOINT(smsagent, task_analytics,
        .method = GET, .path = "/api/tasks/analytics/", .lane = LANE_SLOW,
        .doc = "What became of tasks: of the last thirty days when nothing is said.",
        .in = FIELDS(SINCE("start_date"), UNTIL("end_date"), BY_PHONE, BY_CATEGORY),
        .out = FIELDS(OUT(INTEGER, "total_tasks"), OUT(INTEGER, "successful_tasks"), OUT(NUMBER, "success_rate"),
                      OUT(NUMBER, "avg_processing_time"), OUT(NUMBER, "avg_tokens_used"), OUT(OBJECT, "category_breakdown"),
                      OUT_OBJECTS("daily_stats", OUT(TEXT, "date"), OUT(INTEGER, "total_tasks"), OUT(INTEGER, "successful_tasks"),
                                  OUT(NUMBER, "avg_processing_time")))),
    ENDPOINT(smsagent, overview,
        .method = GET, .path = "/api/analytics/overview/", .lane = LANE_SLOW,
        .doc = "Who texts and what for; tasks of all times when nothing is said.",
        .in = FIELDS(SINCE("start_date"), UNTIL("end_date")),
        .out = FIELDS(OUT(INTEGER, "total_users"), OUT(INTEGER, "active_users_24h"), OUT(INTEGER, "active_users_7d"),
                      OUT(INTEGER, "total_tasks"), OUT(INTEGER, "tasks_24h"), OUT(NUMBER, "success_rate"),
                      OUT(NUMBER, "avg_response_time"),
                      OUT_OBJECT("tier_distribution", OUT(INTEGER, "free"), OUT(INTEGER, "premium"), OUT(INTEGER, "enterprise")),
                      OUT_OBJECTS("top_categories", OUT(TEXT, "category"), OUT(INTEGER, "count")))),
    ENDPOINT(smsagent, person_analytics,
        .method = GET, .path = "/api/analytics/users/", .lane = LANE_SLOW,
        .doc = "Those who text, in a period: the last thirty days when nothing is said.",
        .in = FIELDS({ .name = "tier", .in = QUERY, .type = ENUM, .values = tiers, .doc = "Only of this tier." },
                     SINCE("start_date"), UNTIL("end_date")),
        .out = FIELDS(OUT(INTEGER, "total_users"), OUT(INTEGER, "new_users_period"), OUT(INTEGER, "active_users_period"),
                      OUT(NUMBER, "retention_rate"), OUT(INTEGER, "tier_upgrades"), OUT(INTEGER, "tier_downgrades"),
                      OUT_OBJECT("geographic_distribution", OUT(INTEGER, "US"), OUT(INTEGER, "CA"), OUT(INTEGER, "UK"),
                                 OUT(INTEGER, "Other")),
                      OUT_OBJECT("usage_patterns", OUT(NUMBER, "avg_requests_per_user"),
                                 OUT_LIST("most_active_hours", { .name = "hour", .type = INTEGER }),
                                 OUT_NULLABLE(TEXT, "peak_day")))),
    { .name = NULL },
};
/* clang-format on */
