/* SPDX-License-Identifier: GPL-3.0-or-later
 * AIlice's endpoints, one row each. */
#include "fcgi/ailice/ailice.h"
#include "fcgi/fields.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
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

/* What media are, by what libmagic says; sql/schema/0037_media.sql has the same list. */
static const char *const media_types[] = {
    "video/mp4", "video/x-m4v", "video/webm", "video/quicktime", "video/x-matroska", "video/ogg", "audio/mpeg", "audio/x-wav",
    "audio/ogg", "application/ogg", "audio/flac", "audio/x-flac", "audio/x-m4a", "image/jpeg", "image/png", "image/gif",
    "image/webp", NULL,
};
static const char *const media_formats[] = { "mp4", "webm", "mp3", "wav", "ogg", "jpeg", "png", "webp", NULL };
static const char *const media_qualities[] = { "low", "medium", "high", NULL };
#define MEDIA_ID { .name = "media_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "Id of the media." }
#define MEDIA_OUT \
    OUT(INTEGER, "id"), OUT(TEXT, "filename"), OUT(TEXT, "original_filename"), OUT(INTEGER, "file_size"), OUT(TEXT, "mime_type"), \
    OUT(TEXT, "media_type"), OUT_NULLABLE(INTEGER, "duration"), OUT_NULLABLE(INTEGER, "width"), OUT_NULLABLE(INTEGER, "height"), \
    OUT(BOOLEAN, "transcoded"), OUT(TEXT, "created_at"), OUT(TEXT, "status"), OUT_NULLABLE(TEXT, "error")

#define DAYS { .name = "days", .in = QUERY, .type = INTEGER, .min = 1, .max = 90, .standard = "7", .doc = "How far back." }

static const char *const notice_types[] = { "info", "success", "warning", "error", NULL };
static const struct field notice_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "title"), OUT(TEXT, "message"), OUT(TEXT, "notification_type"), OUT(BOOLEAN, "read"),
    OUT_NULLABLE(TEXT, "action_url"), OUT(OBJECT, "metadata"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "read_at"),
    { .name = NULL },
};

#define JOB_ID { .name = "job_id", .in = PATH, .type = UUID, .flags = REQUIRED, .doc = "Id of the job." }
#define SERVICE_NAME { .name = "service", .in = PATH, .type = TEXT, .flags = REQUIRED, .min = 1, .max = 32, .doc = "As google_drive." }
#define SERVICE_TOKEN(id, words) { .name = id, .type = TEXT, .flags = NULLABLE | SECRET, .min = 1, .max = 8192, .doc = words }
static const char *const sync_types[] = { "full", "incremental", NULL };
static const struct field integration_out[] = {
    OUT(INTEGER, "id"), OUT(TEXT, "service_name"), OUT(BOOLEAN, "connected"), OUT_NULLABLE(TEXT, "last_sync"),
    OUT(TEXT, "sync_status"), OUT_NULLABLE(TEXT, "error_message"), OUT(TEXT, "created_at"), OUT(TEXT, "updated_at"),
    { .name = NULL },
};
#define SUBSCRIPTION_OUT \
    FIELDS(OUT(INTEGER, "id"), OUT(TEXT, "status"), OUT(TEXT, "current_period_start"), OUT(TEXT, "current_period_end"), \
           OUT(BOOLEAN, "cancel_at_period_end"), OUT(NUMBER, "price"), OUT(TEXT, "currency"))

const struct endpoint ailice_endpoints[] = {
    ENDPOINT(ailice, billing_checkout,
        .method = POST, .path = "/api/billing/checkout",
        .doc = "A page of Stripe's where the caller subscribes.",
        .job = "billing.checkout", .wait = 8, .wait_only = true, .after = &sql_ailice_billing_checkout_made, .handler = billing_request,
        .in = FIELDS({ .name = "success_url", .type = URL, .flags = REQUIRED, .doc = "Where Stripe leads who has paid." },
                     { .name = "cancel_url", .type = URL, .flags = REQUIRED, .doc = "Where it leads who has not." }),
        .out = FIELDS(OUT(TEXT, "session_id"), OUT(TEXT, "url"))),
    ENDPOINT(ailice, billing_subscription,
        .method = GET, .path = "/api/billing/subscription",
        .doc = "The caller's subscription.", .out = SUBSCRIPTION_OUT),
    ENDPOINT(ailice, billing_cancel,
        .method = POST, .path = "/api/billing/subscription/cancel",
        .doc = "Cancel the caller's subscription.",
        .job = "billing.cancel", .wait = 8, .after = &sql_ailice_billing_wished, .handler = billing_request,
        .in = FIELDS({ .name = "cancel_immediately", .in = QUERY, .type = BOOLEAN, .standard = "false", .doc = "Not when what was paid for is over, but now." }),
        .out = SUBSCRIPTION_OUT),
    ENDPOINT(ailice, billing_reactivate,
        .method = POST, .path = "/api/billing/subscription/reactivate",
        .doc = "Let the caller's subscription, which was to end, go on.",
        .job = "billing.reactivate", .wait = 8, .after = &sql_ailice_billing_wished, .handler = billing_request,
        .out = SUBSCRIPTION_OUT),
    ENDPOINT(ailice, billing_invoices,
        .method = GET, .path = "/api/billing/invoices", .list = 10,
        .doc = "The caller's invoices, the latest first. Amounts in cents.",
        .out = FIELDS(OUT(TEXT, "id"), OUT(INTEGER, "amount_due"), OUT(INTEGER, "amount_paid"), OUT(TEXT, "currency"),
                      OUT(TEXT, "status"), OUT(TEXT, "created"), OUT_NULLABLE(TEXT, "invoice_pdf"),
                      OUT_NULLABLE(TEXT, "hosted_invoice_url"))),
    ENDPOINT(ailice, stripe_webhook, STRIPE_EVENT("/api/billing/webhook")),
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
    ENDPOINT(ailice, predict,
        .method = POST, .path = "/api/ai/predict", .status = 202, .rates = NAMES("predict"),
        .doc = "Ask a model. What takes longer than the answer waits is a job to poll.",
        .job = "ai.predict", .wait = 20, .after = &sql_ailice_prediction_get,
        .in = FIELDS({ .name = "model_id", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200,
                       .doc = "One of the models call: openai:gpt-4, google:gemini-pro, replicate:owner/name, local:name." },
                     { .name = "input_data", .type = OBJECT, .flags = REQUIRED,
                       .doc = "prompt, and what else the model takes (of Replicate's) or system, an instruction." },
                     { .name = "parameters", .type = OBJECT, .doc = "temperature, max_tokens, ...; of Replicate's any of the model's." }),
        .out = FIELDS({ .name = "model_id", .type = TEXT }, { .name = "output", .type = TEXT }, { .name = "metadata", .type = OBJECT },
                      { .name = "job_id", .type = TEXT, .doc = "When it is not there yet." }, { .name = "status", .type = TEXT })),
    ENDPOINT(ailice, job_get,
        .method = GET, .path = "/api/jobs/{job_id}", .job = "ai.predict", .polls = "job_id",
        .doc = "One of the caller's jobs, and what came of it.",
        .in = FIELDS(JOB_ID),
        .out = FIELDS(OUT(TEXT, "job_id"), OUT(TEXT, "kind"), OUT(TEXT, "status"), OUT_NULLABLE(OBJECT, "result"),
                      OUT_NULLABLE(TEXT, "error"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "finished_at"))),
    ENDPOINT(ailice, train,
        .method = POST, .path = "/api/ai/train", .job = "ai.train",
        .doc = "Train a model: a text classifier here (local:text-classifier), or one that its provider fine-tunes.",
        .in = FIELDS({ .name = "model_name", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Letters, digits, _ . and -." },
                     { .name = "model_type", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32, .doc = "text" },
                     { .name = "base_model", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200, .doc = "A trainable one of the models call." },
                     { .name = "training_data", .type = OBJECT, .flags = REQUIRED, .max = 1000000,
                       .doc = "examples: of {text, label}, or of {prompt, completion} or {messages} for a provider." },
                     { .name = "parameters", .type = OBJECT, .doc = "cost (of a classifier), n_epochs, seed." }),
        .out = FIELDS(OUT(TEXT, "training_id"), OUT(TEXT, "status"), OUT(TEXT, "message"), OUT(TEXT, "job_id"))),
    ENDPOINT(ailice, training_get,
        .method = GET, .path = "/api/ai/train/{training_id}",
        .doc = "A training of the caller's, and the model that came of it.",
        .in = FIELDS({ .name = "training_id", .in = PATH, .type = ID, .flags = REQUIRED, .doc = "From train." }),
        .out = FIELDS(OUT(TEXT, "training_id"), OUT(TEXT, "status"), OUT(TEXT, "model_name"), OUT(TEXT, "model_type"),
                      OUT(TEXT, "base_model"), OUT_NULLABLE(TEXT, "model_id"), OUT_NULLABLE(NUMBER, "accuracy"),
                      OUT_NULLABLE(TEXT, "error"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "finished_at"))),
    ENDPOINT(ailice, ai_model_list,
        .method = GET, .path = "/api/ai/models", .list = 100,
        .doc = "The models that there are, and whether they can be used here.",
        .in = FIELDS({ .name = "model_type", .in = QUERY, .type = WORD, .min = 1, .max = 32, .doc = "Only of this type." },
                     { .name = "provider", .in = QUERY, .type = WORD, .min = 1, .max = 32, .doc = "Only of this one: openai, google, replicate, local." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "provider"), OUT(TEXT, "model_type"), OUT(BOOLEAN, "available"),
                      OUT(BOOLEAN, "trainable"))),
    ENDPOINT(ailice, media_upload,
        .method = POST, .path = "/api/media/upload", .parts = true, .status = 201,
        .doc = "Send a video, a sound or a picture. Its duration and size are null when they are not known within two seconds.",
        .job = "media.probe", .wait = 2, .after = &sql_ailice_media_uploaded,
        .in = FIELDS({ .name = "file", .type = FILE_PART, .flags = REQUIRED, .max = 104857600, .values = media_types,
                       .doc = "MP4, WebM, MOV, MKV, MP3, WAV, Ogg, FLAC, M4A, JPEG, PNG, GIF or WebP, at most 100 MiB." }),
        .out = FIELDS(MEDIA_OUT)),
    ENDPOINT(ailice, media_get,
        .method = GET, .path = "/api/media/{media_id}",
        .doc = "A media file, and what was made of it.",
        .in = FIELDS(MEDIA_ID),
        .out = FIELDS(MEDIA_OUT, OUT(TEXT, "stream_url"), OUT_NULLABLE(TEXT, "poster_url"), OUT_NULLABLE(OBJECT, "details"),
                      OUT_OBJECTS("renditions", OUT(TEXT, "job_id"), OUT(TEXT, "output_format"), OUT(TEXT, "quality"),
                                  OUT(TEXT, "status"), OUT_NULLABLE(TEXT, "error"), OUT_NULLABLE(TEXT, "mime_type"),
                                  OUT_NULLABLE(INTEGER, "file_size"), OUT_NULLABLE(INTEGER, "duration"),
                                  OUT_NULLABLE(INTEGER, "width"), OUT_NULLABLE(INTEGER, "height"),
                                  OUT_NULLABLE(TEXT, "stream_url"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "finished_at")))),
    ENDPOINT(ailice, media_stream,
        .method = GET, .path = "/api/media/{media_id}/stream", .who = OPTIONAL,
        .doc = "Its bytes, or those of what was made of it; in parts for who asks for a range. Players that send no header use "
               "the link that GET /api/media/{media_id} tells.",
        .in = FIELDS(MEDIA_ID,
                     { .name = "format", .in = QUERY, .type = ENUM, .values = media_formats, .doc = "What was made of it; else what was sent in." },
                     { .name = "quality", .in = QUERY, .type = ENUM, .values = media_qualities, .doc = "The best there is when left out." },
                     { .name = "token", .in = QUERY, .type = TEXT, .min = 1, .max = 512, .doc = "Of its link." }),
        .media = "*/*", .handler = ailice_media_stream, .sets = NAMES("file_id", "generation")),
    ENDPOINT(ailice, media_transcode,
        .method = POST, .path = "/api/media/{media_id}/transcode", .job = "media.transcode",
        .doc = "Make it into another form. The same format and quality again is answered with the job that there is.",
        .in = FIELDS(MEDIA_ID,
                     { .name = "output_format", .type = ENUM, .flags = REQUIRED, .values = media_formats,
                       .doc = "Of the same sort of media; of a video also a form of sound." },
                     { .name = "quality", .type = ENUM, .values = media_qualities, .standard = "medium", .doc = "medium when left out." }),
        .out = FIELDS(OUT(TEXT, "job_id"), OUT(INTEGER, "media_id"), OUT(TEXT, "status"), OUT(TEXT, "output_format"),
                      OUT(TEXT, "quality"))),
    ENDPOINT(ailice, integration_connect,
        .method = POST, .path = "/api/integrations/{service}/connect", .status = 201,
        .doc = "Connect a service by a token that it has given. Once more: another token. tradingview has none; its symbols are config.watchlist.",
        .in = FIELDS(SERVICE_NAME, SERVICE_TOKEN("access_token", "Kept sealed, never shown."),
                     SERVICE_TOKEN("refresh_token", "Likewise."), { .name = "config", .type = OBJECT, .doc = "Any object." }),
        .out = integration_out,
        .handler = ailice_integration_connect, .sets = NAMES("access_sealed", "refresh_sealed")),
    ENDPOINT(ailice, integration_sync,
        .method = POST, .path = "/api/integrations/{service}/sync", .job = "integ.sync", .wait = 8, .after = &sql_ailice_integration_synced,
        .doc = "Take over what there is at the service as items. What takes longer than eight seconds goes on: the status tells.",
        .in = FIELDS(SERVICE_NAME,
                     { .name = "sync_type", .type = ENUM, .values = sync_types, .doc = "full when left out; incremental: what is new since the last." },
                     { .name = "options", .type = OBJECT, .doc = "Any object." }),
        .out = FIELDS(OUT(TEXT, "service_name"), OUT(TEXT, "sync_status"), OUT(INTEGER, "items_synced"), OUT(TEXT, "message")),
        .handler = ailice_integration),
    ENDPOINT(ailice, integration_get,
        .method = GET, .path = "/api/integrations/{service}/status",
        .doc = "A service of the caller's.", .in = FIELDS(SERVICE_NAME), .out = integration_out, .handler = ailice_integration),
    ENDPOINT(ailice, integration_list,
        .method = GET, .path = "/api/integrations", .list = 100,
        .doc = "The caller's services.", .out = integration_out),
    ENDPOINT(ailice, integration_delete,
        .method = DELETE, .path = "/api/integrations/{service}", .status = 204,
        .doc = "Disconnect a service. The items that came from it stay.", .in = FIELDS(SERVICE_NAME), .handler = ailice_integration),
    { .name = NULL },
};
/* clang-format on */
