/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every kind of job, one row each. docs/adding-a-job-kind.md shows how to add one. */
#include "workers/kinds.h"
#include "common/provider/twilio.h"
#include "sql.h"
#include "workers/report_file.h"

#define FILTER(word)                                                                                                   \
    {                                                                                                                  \
        .name = word, .type = SLUG, .min = 1, .max = 32                                                                \
    }

#define MEDIA_SOURCE                                                                                                   \
    {                                                                                                                  \
        .name = "source", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200                                        \
    } /* a storage key */
#define MEDIA_QUALITY                                                                                                  \
    {                                                                                                                  \
        .name = "quality", .type = ENUM, .flags = REQUIRED, .values = media_qualities                                  \
    }
#define MEDIA_FORMAT                                                                                                   \
    {                                                                                                                  \
        .name = "output_format", .type = ENUM, .flags = REQUIRED, .values = media_formats                              \
    }
static const char *const media_tracks[] = { "picture", "sound", NULL };
static const char *const media_formats[] = { "mp4", "webm", "mp3", "wav", "ogg", "jpeg", "png", "webp", NULL };
static const char *const media_qualities[] = { "low", "medium", "high", NULL };
static const char *const poster_styles[] = { "auto", "poster", "waveform", NULL };
static const char *const report_forms[] = { REPORT_FORM_WORDS, NULL };
static const char *const report_groupings[] = { "category", "group", "payer", "month", NULL };

/* clang-format off */
/* What is said of a file behind the fence, and of what types it may be. */
#define MADE(word, ...) { .name = word, __VA_ARGS__ }
#define MADE_FILE(word, flag) MADE(word, .type = TOKEN, .flags = flag, .min = 1, .max = 150)
#define MADE_TYPE(word, flag, types) MADE(word, .type = ENUM, .flags = flag, .values = types)
#define MADE_COUNT(word, most) MADE(word, .type = INTEGER, .max = most)
#define MADE_SIDES MADE_COUNT("width", MADE_SIDE_MAX), MADE_COUNT("height", MADE_SIDE_MAX)
#define MADE_SIZE MADE_COUNT("size", 1LL << 32)
#define MADE_LENGTH MADE_COUNT("duration_ms", 24LL * 3600 * 1000)
#define MADE_AMOUNT(word, flag) MADE(word, .type = DECIMAL, .flags = flag, .min = -1000000000, .max = 1000000000, .scale = 3)
#define MADE_WORDS(word, flag, most) MADE(word, .type = TEXT, .flags = flag, .max = most)
enum { MADE_SIDE_MAX = 1 << 26 };
static const char *const media_classes[] = { "video", "audio", "image", NULL };
static const char *const media_tracks_found[] = { "video", "audio", NULL };
static const char *const media_types[] = { "video/mp4", "video/webm", "audio/mpeg", "audio/x-wav", "audio/ogg",
                                           "image/jpeg", "image/png", "image/webp", NULL };
static const char *const playlist_types[] = { "application/vnd.apple.mpegurl", NULL };
static const char *const picture_types[] = { "image/jpeg", "image/png", NULL };
static const char *const source_types[] = { "image/jpeg", "image/png", "image/webp", "image/gif", NULL };
static const char *const report_types[] = { "application/pdf", "text/csv", "application/json", NULL };

/* clang-format on */

static const char *const mail_purposes[] = { "reset", "verify", NULL };
static const char *const variant_uses[] = { "avatar", "group", "thumbnails", NULL };

/* Of every kind that asks a model. */
#define AI_PARAMETERS                                                                                                  \
    {                                                                                                                  \
        .name = "parameters", .type = OBJECT                                                                           \
    }
#define TRAINING_ID                                                                                                    \
    {                                                                                                                  \
        .name = "training_id", .type = INTEGER, .flags = REQUIRED, .min = 1                                            \
    }

/* clang-format off */
#define DELIVERY { .name = "delivery", .type = UUID, .flags = REQUIRED }
static const struct field event_notice[] = {
    { .name = "type", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 },
    { .name = "title", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200 },
    { .name = "message", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 5000 },
    { .name = "priority", .type = WORD, .flags = NULLABLE, .max = 16 },
    { .name = "sender_id", .type = INTEGER, .flags = NULLABLE, .min = 1 },
    { .name = "metadata", .type = OBJECT, .flags = NULLABLE },
    { .name = "action_url", .type = TEXT, .flags = NULLABLE, .max = 2048 }, { .name = NULL },
};

/* ---- the queue billing: each talks to Stripe, one call after the other ---- */
#define BILLING_TRIED(times, seconds, id, function, ...) \
    { .name = "billing." id, .queue = "billing", .version = 1, .deadline = 120, .tries = times, .backoff = seconds, .forked = true, \
      .run = function, __VA_ARGS__ }
/* For whom somebody waits. */
#define BILLING(...) BILLING_TRIED(5, 2, __VA_ARGS__)
/* What must come to pass though Stripe is away for hours: nobody asks again. */
#define BILLING_AT_LAST(...) BILLING_TRIED(14, 15, __VA_ARGS__)
#define METHOD_ARG(flag) { .name = "payment_method_id", .type = TOKEN, .flags = flag, .min = 1, .max = 255 }
#define SUBSCRIPTION_ARGS { .name = "subscription_id", .type = INTEGER, .flags = REQUIRED, .min = 1 }
#define PLAN_ARG { .name = "plan", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64 }
/* What the subscription was before the wish was written down, for when it is not granted. */
#define WISH_ARGS SUBSCRIPTION_ARGS, { .name = "was_status", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 }, \
    { .name = "was_ending", .type = BOOLEAN, .flags = REQUIRED }

const struct job_kind job_kinds[] = {
    /* ---- ai: models, ours and others' ---- */
    { .name = "ai.complete", .queue = "ai", .version = 1, .deadline = 90, .tries = 2, .backoff = 1, .run = ai_complete,
      .in = FIELDS({ .name = "model", .type = TEXT, .flags = REQUIRED, .min = 3, .max = 200 },
                   { .name = "messages", .type = LIST, .flags = REQUIRED, .min = 1, .max = 100,
                     .fields = FIELDS({ .name = "message", .type = OBJECT }) },
                   { .name = "schema", .type = OBJECT }, AI_PARAMETERS) },
    { .name = "ai.predict", .queue = "ai", .version = 1, .deadline = 90, .tries = 2, .backoff = 1, .run = ai_predict,
      .in = FIELDS({ .name = "model_id", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200 },
                   { .name = "provider", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 },
                   { .name = "remote", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 200 },
                   { .name = "input_data", .type = OBJECT, .flags = REQUIRED }, AI_PARAMETERS),
      .begin = &sql_worker_ai_predict_begin, .end = &sql_worker_ai_predict_end, .kick = &sql_worker_ai_predict_kick },
    { .name = "ai.classify", .queue = "ai", .version = 1, .deadline = 60, .tries = 2, .backoff = 5,
      .fenced = true, .runner = "text", .gather = ai_classify_gather, .run = ai_classify, .in = FIELDS({ .name = NULL }),
      .out = FIELDS(MADE_WORDS("model_id", REQUIRED, 200), MADE_WORDS("output", REQUIRED, 64),
                    MADE("metadata", .type = OBJECT, .fields = FIELDS(MADE_WORDS("provider", 0, 32), MADE("confidence", .type = NUMBER, .max = 1),
                                                                     MADE("labels", .type = OBJECT)))),
      .begin = &sql_worker_ai_predict_begin, .end = &sql_worker_ai_predict_end, .kick = &sql_worker_ai_predict_kick },
    { .name = "ai.train", .queue = "ai", .version = 1, .deadline = 180, .tries = 2, .backoff = 1, .run = ai_train,
      .in = FIELDS(TRAINING_ID),
      .begin = &sql_worker_ai_training_begin, .end = &sql_worker_ai_train_end, .kick = &sql_worker_ai_training_kick },
    { .name = "ai.fit", .queue = "ai", .version = 1, .deadline = 300, .tries = 2, .backoff = 5,
      .fenced = true, .runner = "text", .gather = ai_fit_gather, .run = ai_fit, .in = FIELDS(TRAINING_ID),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE("accuracy", .type = NUMBER, .max = 1), MADE_COUNT("examples", 1 << 20),
                    MADE_COUNT("labels", 64), MADE_COUNT("features", 1 << 24)),
      .begin = &sql_worker_ai_training_begin, .end = &sql_worker_ai_fit_end, .kick = &sql_worker_ai_training_kick },
    { .name = "ai.food", .queue = "ai", .version = 1, .deadline = 120, .tries = 2, .backoff = 5,
      .fenced = true, .runner = "image", .gather = ai_food_gather, .run = ai_food, .conclude = ai_food_conclude,
      .in = FIELDS({ .name = "file_id", .type = INTEGER, .min = 1 },
                   { .name = "text", .type = TEXT, .min = 1, .max = 2000 }),
      .out = FIELDS({ .name = NULL }),
      .begin = &sql_worker_food_begin, .end = &sql_worker_food_end, .kick = &sql_worker_food_kick },
    { .name = "ai.reply", .queue = "ai", .version = 1, .deadline = 120, .tries = 2, .backoff = 2, .run = ai_reply,
      .in = FIELDS({ .name = "task_id", .type = INTEGER, .flags = REQUIRED, .min = 1 }),
      .end = &sql_worker_ai_reply_end, .kick = &sql_worker_ai_reply_kick },
    { .name = "ai.cancel", .queue = "ai", .version = 1, .deadline = 60, .tries = 5, .backoff = 5, .run = ai_cancel,
      .in = FIELDS({ .name = "provider", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 },
                   { .name = "remote_id", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 128 }) },
    { .name = "ai.ocr", .queue = "ai", .version = 1, .deadline = 120, .tries = 2, .backoff = 5, .fenced = true,
      .runner = "text", .gather = picture_gather, .run = ai_ocr,
      .in = FIELDS({ .name = "file_id", .type = INTEGER, .flags = REQUIRED, .min = 1 }),
      .out = FIELDS(MADE_WORDS("vendor", NULLABLE, 200), MADE("date", .type = DATE, .flags = NULLABLE), MADE_AMOUNT("total", NULLABLE),
                    MADE("currency", .type = CURRENCY, .flags = NULLABLE), MADE_COUNT("confidence", 100),
                    MADE("items", .type = LIST, .max = 200,
                         .fields = FIELDS(MADE("item", .type = OBJECT, .fields = FIELDS(MADE_WORDS("name", 0, 200), MADE_AMOUNT("price", 0)))))),
      .end = &sql_worker_ai_ocr_end,
      .kick = &sql_worker_ai_ocr_kick },
    { .name = "image.generate", .queue = "image", .version = 1, .deadline = 120, .tries = 2, .backoff = 5,
      .fenced = true, .runner = "image", .gather = image_gather, .run = image_generate,
      .in = FIELDS({ .name = "prompt", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 2000 },
                   { .name = "filters", .type = OBJECT,
                     .fields = FIELDS(FILTER("body_type"), FILTER("pose"), FILTER("lighting"), FILTER("clothing"),
                                      FILTER("background")) },
                   { .name = "batch_size", .type = INTEGER, .flags = REQUIRED, .min = 1, .max = 16 },
                   { .name = "model", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64 },
                   { .name = "provider", .type = WORD, .min = 1, .max = 32 }, { .name = "remote", .type = TEXT, .flags = NULLABLE, .min = 1, .max = 200 }),
      .out = FIELDS(MADE("images", .type = LIST, .max = 16, .fields = FIELDS(MADE("image", .type = OBJECT, .fields = FIELDS(
                        MADE_FILE("file", REQUIRED), MADE_FILE("thumbnail", REQUIRED), MADE_TYPE("type", REQUIRED, picture_types),
                        MADE_TYPE("thumbnail_type", REQUIRED, picture_types), MADE_SIDES,
                        MADE("seed", .type = CODE, .min = 1, .max = 20))))),
                    MADE_COUNT("failed", 16)),
      .begin = &sql_worker_image_generate_begin, .end = &sql_worker_image_generate_end,
      .kick = &sql_worker_image_generate_kick },
    { .name = "image.variant", .queue = "image", .version = 1, .deadline = 60, .tries = 3, .backoff = 5,
      .fenced = true, .runner = "image", .gather = variant_gather, .run = image_variant,
      .in = FIELDS({ .name = "file_id", .type = INTEGER, .flags = REQUIRED, .min = 1 },
                   { .name = "use", .type = ENUM, .flags = REQUIRED, .values = variant_uses },
                   { .name = "group_id", .type = INTEGER, .min = 1 },
                   { .name = "boxes", .type = LIST, .min = 1, .max = 8,
                     .fields = FIELDS({ .name = "box", .type = INTEGER, .min = 16, .max = 4096 }) }),
      .out = FIELDS(MADE("gone", .type = BOOLEAN), MADE_TYPE("type", 0, source_types), MADE_SIDES,
                    MADE("pictures", .type = LIST, .max = 8, .fields = FIELDS(MADE("picture", .type = OBJECT,
                         .fields = FIELDS(MADE_FILE("file", REQUIRED), MADE_COUNT("box", 4096), MADE_SIDES))))),
      .end = &sql_worker_image_variant_end, .kick = &sql_worker_image_variant_kick },
    { .name = "mail.magic_link", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2,
      .run = mail_magic_link,
      .in = FIELDS({ .name = "email", .type = EMAIL, .flags = REQUIRED }) },
    { .name = "mail.token", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2, .run = mail_token,
      .in = FIELDS({ .name = "email", .type = EMAIL, .flags = REQUIRED },
                   { .name = "purpose", .type = ENUM, .flags = REQUIRED, .values = mail_purposes }) },
    { .name = "mail.invitation", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2, .run = mail_invitation,
      .in = FIELDS({ .name = "invitation", .type = INTEGER, .flags = REQUIRED, .min = 1 }) },
    { .name = "mail.send", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2, .run = mail_send,
      .in = FIELDS({ .name = "to", .type = EMAIL, .flags = REQUIRED },
                   { .name = "letter", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 },
                   { .name = "values", .type = OBJECT, .flags = REQUIRED }) },
    { .name = "mail.digest", .queue = "mail", .version = 1, .deadline = 60, .tries = 2, .backoff = 10, .run = mail_digest,
      .in = FIELDS({ .name = NULL }), .end = &sql_worker_mail_digest_end },
    /* Text messages. */
    { .name = "sms.send", .queue = "sms", .version = 1, .deadline = 120, .tries = 6, .backoff = 5, .run = sms_send,
      .in = FIELDS({ .name = "to", .type = PHONE, .flags = REQUIRED },
                   { .name = "body", .type = TEXT, .flags = REQUIRED, .min = 1, .max = TWILIO_BODY_MAX }),
      .end = &sql_worker_sms_send_end, .kick = &sql_worker_sms_send_kick },
    { .name = "sms.broadcast", .queue = "sms", .version = 1, .deadline = 300, .tries = 12, .backoff = 15, .forked = true,
      .run = sms_broadcast, .in = FIELDS({ .name = NULL }),
      .end = &sql_worker_sms_broadcast_end, .kick = &sql_worker_sms_broadcast_kick },
    { .name = "sms.status", .queue = "sms", .version = 1, .deadline = 300, .tries = 3, .backoff = 30, .forked = true,
      .run = sms_status,
      .in = FIELDS({ .name = "hours", .type = INTEGER, .min = 1, .max = 72 }) },
    { .name = "sms.remind", .queue = "sms", .version = 1, .deadline = 60, .tries = 2, .backoff = 10, .run = sms_remind,
      .in = FIELDS({ .name = NULL }), .end = &sql_worker_sms_remind_end },
    /* media: what is made of videos, sounds and pictures that were sent in */
    { .name = "media.probe", .queue = "media", .version = 1, .deadline = 60, .tries = 2, .backoff = 2, .fenced = true,
      .runner = "media", .gather = media_gather, .run = media_probe, .memory = 1024, .file_size = 1,
      .in = FIELDS(MEDIA_SOURCE),
      .out = FIELDS(MADE_TYPE("class", REQUIRED, media_classes), MADE_WORDS("format", 0, 100), MADE_LENGTH, MADE_SIDES,
                    MADE_COUNT("bit_rate", 1LL << 40),
                    MADE("streams", .type = LIST, .max = 2, .fields = FIELDS(MADE("stream", .type = OBJECT, .fields = FIELDS(
                        MADE_TYPE("type", REQUIRED, media_tracks_found), MADE_WORDS("codec", 0, 64), MADE_SIDES,
                        MADE_COUNT("rotation", 359), MADE("frame_rate", .type = NUMBER, .max = 1000000),
                        MADE_COUNT("sample_rate", 10000000), MADE_COUNT("channels", 1024)))))),
      .end = &sql_worker_media_probe_end, .kick = &sql_worker_media_probe_kick },
    { .name = "media.transcode", .queue = "media", .version = 1, .deadline = 3600, .tries = 2, .backoff = 5, .fenced = true,
      .runner = "media", .gather = media_gather_whole, .run = media_transcode, .memory = 1536, .file_size = 1024,
      .in = FIELDS(MEDIA_SOURCE, MEDIA_FORMAT, MEDIA_QUALITY),
      .out = FIELDS(MADE_FILE("file", 0), MADE_TYPE("type", 0, media_types), MADE_SIZE, MADE_LENGTH, MADE_SIDES,
                    MADE("parts", .type = LIST, .min = 2, .max = 1000, .fields = FIELDS(MADE_FILE("part", 0))),
                    MADE("sound", .type = BOOLEAN), MADE_COUNT("turn", 270)),
      .begin = &sql_worker_media_transcode_begin, .end = &sql_worker_media_transcode_end, .kick = &sql_worker_media_transcode_kick },
    { .name = "media.part", .queue = "media", .version = 1, .deadline = 3600, .tries = 3, .backoff = 5, .fenced = true,
      .runner = "media", .gather = media_gather, .run = media_part, .memory = 1536, .file_size = 1024,
      .in = FIELDS(MEDIA_SOURCE, MEDIA_FORMAT, MEDIA_QUALITY,
                   { .name = "track", .type = ENUM, .flags = REQUIRED, .values = media_tracks },
                   { .name = "turn", .type = INTEGER, .min = 0, .max = 270 }),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE_SIZE),
      .end = &sql_worker_media_part_end, .kick = &sql_worker_media_part_kick },
    { .name = "media.join", .queue = "media", .version = 1, .deadline = 900, .tries = 3, .backoff = 5, .fenced = true,
      .runner = "media", .gather = media_gather_parts, .run = media_join, .memory = 1024, .file_size = 1024,
      .in = FIELDS({ .name = "transcode_id", .type = UUID, .flags = REQUIRED }, MEDIA_FORMAT, MEDIA_QUALITY,
                   { .name = "duration_ms", .type = INTEGER, .min = 0 }),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE_TYPE("type", REQUIRED, media_types), MADE_SIZE, MADE_LENGTH, MADE_SIDES),
      .end = &sql_worker_media_join_end, .kick = &sql_worker_media_join_kick },
    { .name = "media.hls", .queue = "media", .version = 1, .deadline = 3600, .tries = 2, .backoff = 5, .fenced = true,
      .runner = "media", .gather = media_gather, .run = media_hls, .memory = 1536, .file_size = 256,
      .in = FIELDS(MEDIA_SOURCE, MEDIA_QUALITY),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE_TYPE("type", REQUIRED, playlist_types), MADE_COUNT("segments", 2000),
                    MADE_LENGTH, MADE_SIDES) },
    { .name = "media.poster", .queue = "media", .version = 1, .deadline = 300, .tries = 2, .backoff = 5, .fenced = true,
      .runner = "media", .gather = media_gather, .run = media_poster, .memory = 1536, .file_size = 32,
      .in = FIELDS(MEDIA_SOURCE, { .name = "style", .type = ENUM, .values = poster_styles }),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE_TYPE("type", REQUIRED, picture_types), MADE_WORDS("style", 0, 16), MADE_SIZE,
                    MADE_SIDES),
      .end = &sql_worker_media_poster_end, .kick = &sql_worker_media_poster_kick },
    { .name = "report.generate", .queue = "report", .version = 1, .deadline = 900, .tries = 2, .backoff = 5,
      .fenced = true, .runner = "report", .memory = 1024, .file_size = 2048, .gather = report_gather,
      .run = report_generate,
      .in = FIELDS({ .name = "report", .type = WORD, .flags = REQUIRED, .min = 1, .max = 64 },
                   { .name = "format", .type = ENUM, .flags = REQUIRED, .values = report_forms },
                   { .name = "filters", .type = OBJECT },
                   { .name = "options", .type = OBJECT,
                     .fields = FIELDS({ .name = "include_charts", .type = BOOLEAN },
                                      { .name = "include_receipts", .type = BOOLEAN },
                                      { .name = "group_by", .type = ENUM, .values = report_groupings }) }),
      .out = FIELDS(MADE_FILE("file", REQUIRED), MADE_FILE("name", REQUIRED), MADE_TYPE("type", REQUIRED, report_types), MADE_SIZE),
      .end = &sql_worker_report_generate_end, .kick = &sql_worker_report_generate_kick },
    { .name = "report.expire", .queue = "report", .version = 1, .deadline = 600, .tries = 5, .backoff = 60,
      .forked = true, .run = report_expire, .in = FIELDS({ .name = NULL }) },
    { .name = "hook.fanout", .queue = "hook", .version = 1, .deadline = 30, .tries = 6, .backoff = 2, .run = hook_fanout,
      .in = FIELDS({ .name = "event", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64 },
                   { .name = "at", .type = TIME, .flags = REQUIRED },
                   { .name = "audience", .type = LIST, .flags = REQUIRED, .max = 5000,
                     .fields = FIELDS({ .name = "account", .type = INTEGER, .min = 1 }) },
                   { .name = "data", .type = OBJECT, .flags = REQUIRED },
                   { .name = "notice", .type = OBJECT, .flags = NULLABLE, .fields = event_notice }),
      .end = &sql_worker_hook_fanout_end, .kick = &sql_worker_hook_fanout_kick },
    { .name = "hook.deliver", .queue = "hook", .version = 1, .deadline = 30, .tries = 6, .backoff = 5, .run = hook_deliver,
      .in = FIELDS(DELIVERY), .end = &sql_worker_hook_deliver_end, .kick = &sql_worker_hook_deliver_kick },
    { .name = "hook.retry", .queue = "hook", .version = 1, .deadline = 30, .tries = 5, .backoff = 60, .run = hook_deliver,
      .in = FIELDS(DELIVERY), .end = &sql_worker_hook_retry_end, .kick = &sql_worker_hook_retry_kick },
    { .name = "integ.sync", .queue = "integ", .version = 1, .deadline = 600, .tries = 2, .backoff = 3, .forked = true,
      .run = integ_sync,
      .in = FIELDS({ .name = "service", .type = WORD, .flags = REQUIRED, .min = 1, .max = 32 },
                   { .name = "sync_type", .type = WORD, .flags = REQUIRED, .min = 1, .max = 16 }),
      .begin = &sql_worker_integ_begin, .end = &sql_worker_integ_end, .kick = &sql_worker_integ_kick },
    { .name = "maint.erase", .queue = "maint", .version = 1, .deadline = 600, .tries = 5, .backoff = 60, .forked = true,
      .run = maint_erase, .in = FIELDS({ .name = "account", .type = INTEGER, .min = 1 }) },
    { .name = "maint.expire", .queue = "maint", .version = 1, .deadline = 600, .tries = 5, .backoff = 60, .forked = true,
      .run = maint_expire, .in = FIELDS({ .name = NULL }) },
    { .name = "maint.probe", .queue = "maint", .version = 1, .deadline = 60, .tries = 1, .forked = true, .run = maint_probe,
      .in = FIELDS({ .name = NULL }) },
    { .name = "maint.remind", .queue = "maint", .version = 1, .deadline = 60, .tries = 3, .backoff = 30, .run = maint_remind,
      .in = FIELDS({ .name = NULL }), .end = &sql_worker_maint_remind_end },

    BILLING("attach", billing_method_attach,
      .in = FIELDS(METHOD_ARG(0), { .name = "stripe_token", .type = TOKEN, .min = 1, .max = 255 },
                   { .name = "name", .type = TEXT, .min = 1, .max = 80 }, { .name = "as_default", .type = BOOLEAN })),
    BILLING("detach", billing_method_detach, .in = FIELDS(METHOD_ARG(REQUIRED))),
    BILLING("subscribe", billing_subscribe,
      .in = FIELDS(SUBSCRIPTION_ARGS, PLAN_ARG, METHOD_ARG(0), { .name = "change", .type = BOOLEAN }),
      .end = &sql_worker_billing_subscribe_end),
    BILLING("cancel", billing_cancel,
      .in = FIELDS(WISH_ARGS, { .name = "at_period_end", .type = BOOLEAN, .flags = REQUIRED },
                   { .name = "reason", .type = TEXT, .max = 500 }),
      .end = &sql_worker_billing_wish_end),
    BILLING("reactivate", billing_reactivate, .in = FIELDS(WISH_ARGS), .end = &sql_worker_billing_wish_end),
    BILLING("checkout", billing_checkout,
      .in = FIELDS(PLAN_ARG, { .name = "success_url", .type = URL, .flags = REQUIRED },
                   { .name = "cancel_url", .type = URL, .flags = REQUIRED })),
    BILLING("portal", billing_portal, .in = FIELDS({ .name = "return_url", .type = URL, .flags = REQUIRED })),
    BILLING_TRIED(10, 2, "pay", billing_pay, .in = FIELDS({ .name = "purpose", .type = TEXT, .max = 200 }),
      .end = &sql_worker_billing_pay_end, .kick = &sql_worker_billing_pay_kick),
    BILLING_AT_LAST("close", billing_close, .in = FIELDS({ .name = NULL })),
    BILLING_AT_LAST("event", billing_event, .in = FIELDS({ .name = "event_id", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 255 })),
    { .name = NULL },
};
/* clang-format on */
