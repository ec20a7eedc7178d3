/* SPDX-License-Identifier: GPL-3.0-or-later
 * The SMS agent's endpoints, one row each. */
#include "fcgi/fields.h"
#include "fcgi/smsagent/smsagent.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
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

#define MESSAGE_TYPE(is) \
    { .name = "message_type", .type = SLUG, .min = 1, .max = 32, .standard = is, .doc = "What kind of message it is, in a word." }
#define MESSAGE_TEXT \
    { .name = "message", .type = TEXT, .flags = REQUIRED | NOT_BLANK, .min = 1, .max = 1600, .doc = "What is texted." }

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
    ENDPOINT(smsagent, person_message,
        .method = POST, .path = "/api/users/{phone_number}/send_message/", .who = ADMIN, .job = "sms.send",
        .doc = "Text somebody. What becomes of it is told by the message's status.",
        .in = FIELDS(PHONE_PATH, MESSAGE_TEXT, MESSAGE_TYPE("notification")),
        .out = FIELDS(OUT(TEXT, "message_id"), OUT(TEXT, "status"), OUT(TEXT, "recipient"), OUT(TEXT, "message_type"),
                      OUT(TEXT, "created_at"))),
    ENDPOINT(smsagent, broadcast,
        .method = POST, .path = "/api/messaging/broadcast/", .who = ADMIN, .lane = LANE_SLOW, .status = 201,
        .job = "sms.broadcast",
        .doc = "Text all, or those of some tiers; who has asked not to be texted is left out.",
        .in = FIELDS(MESSAGE_TEXT, MESSAGE_TYPE("announcement"),
                     { .name = "tier_filter", .type = LIST, .min = 1, .max = 3, .doc = "Only those of these tiers.",
                       .fields = FIELDS({ .name = "tier", .type = ENUM, .values = tiers }) }),
        .out = FIELDS(OUT(TEXT, "message_id"), OUT(INTEGER, "recipients_count"), OUT(TEXT, "estimated_delivery"),
                      OUT(TEXT, "status"))),
    ENDPOINT(smsagent, message_status,
        .method = GET, .path = "/api/messaging/status/{message_id}/",
        .doc = "What became of a message to one or to many. Where there are any: unknown_count, of whom nobody can tell "
               "whether it went out; skipped_count, who have asked meanwhile not to be texted; waiting_count, of a "
               "broadcast, who have not been texted. All together they are those whom it was for.",
        .in = FIELDS({ .name = "message_id", .in = PATH, .type = WORD, .flags = REQUIRED, .min = 1, .max = 40,
                       .doc = "Id of the message." }),
        .out = FIELDS(OUT(TEXT, "message_id"), OUT(TEXT, "status"), OUT(INTEGER, "sent_count"), OUT(INTEGER, "failed_count"),
                      OUT(NUMBER, "delivery_rate"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "completed_at"),
                      { .name = "unknown_count", .type = INTEGER }, { .name = "skipped_count", .type = INTEGER },
                      { .name = "waiting_count", .type = INTEGER })),
    ENDPOINT(smsagent, sms_receive,
        .method = POST, .path = "/api/sms/receive/", .who = ANYONE, .uncounted = true, .form = true, .media = "application/xml",
        .doc = "Twilio hands over a text message: it is answered at once, and in earnest by a text message of ours.",
        .in = FIELDS({ .name = "sender", .sent_as = "From", .type = PHONE, .flags = REQUIRED, .doc = "Who texts." },
                     { .name = "recipient", .sent_as = "To", .type = TEXT, .max = 64, .doc = "Our number." },
                     { .name = "twilio_account", .sent_as = "AccountSid", .type = TEXT, .max = 64, .doc = "Whose number that is at Twilio." },
                     { .name = "body", .sent_as = "Body", .type = TEXT, .max = 1600, .doc = "What." },
                     { .name = "message_sid", .sent_as = "MessageSid", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Of the message." },
                     { .name = "opted", .sent_as = "OptOutType", .type = TEXT, .max = 16, .doc = "STOP, START or HELP that Twilio has answered itself." }),
        .handler = webhook_twilio),
    ENDPOINT(smsagent, sms_status,
        .method = POST, .path = "/api/sms/status/", .who = ANYONE, .uncounted = true, .form = true,
        .doc = "Twilio tells what became of a text message.",
        .in = FIELDS(TWILIO_STATUS_FIELDS), .handler = webhook_twilio),
    ENDPOINT(smsagent, task_create,
        .method = POST, .path = "/api/tasks/", .status = 201,
        .doc = "Ask something in somebody's name. He is not texted unless that is said.",
        .in = FIELDS({ .name = "user_phone", .type = PHONE, .flags = REQUIRED, .doc = "Whose task it is." },
                     { .name = "sms_content", .type = TEXT, .flags = REQUIRED | NOT_BLANK, .min = 1, .max = 1600, .doc = "What is asked." },
                     { .name = "category", .type = ENUM, .values = categories, .doc = "Left out: it is found out." },
                     { .name = "send_sms", .type = BOOLEAN, .standard = "false", .doc = "The answer is texted." }),
        .out = task_out),
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
    ENDPOINT(smsagent, health,
        .method = GET, .path = "/api/health/", .who = ANYONE, .uncounted = true,
        .doc = "How this and the services that it stands on are; 503 when Redis is away.",
        .out = FIELDS(OUT(TEXT, "status"), OUT(TEXT, "timestamp"),
                      OUT_OBJECT("services",
                                 OUT_OBJECT("database", OUT(TEXT, "status"), OUT(NUMBER, "response_time"), OUT(INTEGER, "connections")),
                                 OUT_OBJECT("redis", OUT(TEXT, "status"), OUT_NULLABLE(NUMBER, "response_time"), OUT_NULLABLE(TEXT, "memory_usage")),
                                 OUT_OBJECT("openai", OUT(TEXT, "status"), OUT_NULLABLE(NUMBER, "response_time"),
                                            OUT_NULLABLE(INTEGER, "rate_limit_remaining")),
                                 OUT_OBJECT("twilio", OUT(TEXT, "status"), OUT_NULLABLE(NUMBER, "response_time"),
                                            OUT_NULLABLE(TEXT, "account_balance"))),
                      OUT(TEXT, "version"), OUT(INTEGER, "uptime")),
        .handler = smsagent_health, .sets = NAMES("redis_ms", "redis_memory")),
    { .name = NULL },
};
/* clang-format on */
