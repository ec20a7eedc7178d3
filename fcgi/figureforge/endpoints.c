/* SPDX-License-Identifier: GPL-3.0-or-later
 * FigureForge's endpoints, one row each. */
#include "fcgi/fields.h"
#include "fcgi/figureforge/figureforge.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/webhook.h"
#include "sql.h"

/* ---- fields used more than once ---- */

#define FILTER(word, text)                                                                                             \
    {                                                                                                                  \
        .name = word, .type = SLUG, .min = 1, .max = 32, .doc = text                                                   \
    }
static const struct field filters[] = {
    FILTER("body_type", "athletic, slim, heavy, ..."),    FILTER("pose", "standing, walking, action, ..."),
    FILTER("lighting", "dramatic, soft, rim, ..."),       FILTER("clothing", "casual, formal, none, ..."),
    FILTER("background", "simple, studio, outdoor, ..."), { .name = NULL },
};

/* clang-format off */
static const struct field user_out[] = {
    OUT(TEXT, "id"), OUT(TEXT, "email"), OUT(TEXT, "username"), OUT_NULLABLE(TEXT, "display_name"),
    OUT_OBJECT("subscription", OUT(TEXT, "tier"), OUT(TEXT, "plan_id"), OUT(TEXT, "status"),
    OUT(TEXT, "current_period_end"), OUT(BOOLEAN, "cancel_at_period_end")),
    OUT_OBJECT("quota", OUT(TEXT, "unit"), OUT(INTEGER, "limit"), OUT(INTEGER, "used"),
    OUT(INTEGER, "remaining"), OUT(TEXT, "resets_at")),
    { .name = NULL },
};
#define IMAGE_ID { .name = "image_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "img_", .doc = "Id of the image." }
static const struct field image_out[] = {
    OUT(TEXT, "id"), OUT(TEXT, "url"), OUT(TEXT, "thumbnail_url"), OUT(TEXT, "prompt"), OUT(OBJECT, "filters"),
    OUT(TEXT, "model"), OUT(INTEGER, "width"), OUT(INTEGER, "height"), OUT_LIST("tags", { .name = "tag", .type = TEXT }),
    OUT(BOOLEAN, "is_public"), OUT(BOOLEAN, "is_favorite"), OUT(INTEGER, "favorites_count"), OUT(TEXT, "job_id"),
    OUT_OBJECT("owner", OUT(TEXT, "id"), OUT(TEXT, "username")), OUT(TEXT, "created_at"), { .name = NULL },
};
#define PLANS_OUT \
    OUT_OBJECTS("plans", OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "tier"), OUT(NUMBER, "price"), OUT(TEXT, "currency"), \
                OUT(TEXT, "interval"), OUT(INTEGER, "credits"), OUT(INTEGER, "max_batch_size"), \
                OUT_LIST("features", { .name = "feature", .type = TEXT }))
#define SUBSCRIPTION_OUT \
    FIELDS(OUT(TEXT, "plan_id"), OUT(TEXT, "tier"), OUT(TEXT, "status"), OUT(TEXT, "current_period_start"), \
           OUT(TEXT, "current_period_end"), OUT(BOOLEAN, "cancel_at_period_end"))
static const struct field images_out[] = {
    { .name = "item", .type = OBJECT, .fields = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "url"), OUT(TEXT, "thumbnail_url")) },
    { .name = NULL },
};
/* clang-format on */

/* ---- the table ---- */

/* clang-format off */
const struct endpoint figureforge_endpoints[] = {
    ENDPOINT(figureforge, magic_link_request,
        .method = POST, .path = "/api/auth/magic-link/request/", .who = ANYONE,
        .doc = "Send a one-time sign-in code to an address.", .job = "mail.magic_link",
        .in = FIELDS(EMAIL_FIELD),
        .out = FIELDS(OUT(TEXT, "message"), OUT(INTEGER, "expires_in"))),
    ENDPOINT(figureforge, magic_link_verify,
        .method = POST, .path = "/api/auth/magic-link/verify/", .who = ANYONE,
        .doc = "Sign in with the code; makes the account when there is none.",
        .in = FIELDS(EMAIL_FIELD,
                     { .name = "code", .type = CODE, .flags = REQUIRED | SECRET, .min = 6, .max = 6,
                       .doc = "The six digits from the mail." }),
        .out = FIELDS(OUT(TEXT, "access"), OUT(TEXT, "refresh"), OUT(INTEGER, "expires_in"),
                      OUT_OBJECT("user", OUT(TEXT, "id"), OUT(TEXT, "email"), OUT(TEXT, "username"))),
        .handler = figureforge_sign_in, .sets = NAMES("code_digests", "refresh_digest", "refresh_expires")),
    ENDPOINT(figureforge, user_get,
        .method = GET, .path = "/api/auth/user/",
        .doc = "The caller's profile, plan and credits.",
        .out = user_out),
    ENDPOINT(figureforge, token_refresh,
        .method = POST, .path = "/api/auth/refresh/", .who = ANYONE,
        .doc = "Another access token for the refresh token.",
        .in = FIELDS(REFRESH_FIELD), .out = FIELDS(OUT(TEXT, "access"), OUT(INTEGER, "expires_in")),
        .handler = account_refresh, .sets = NAMES(REFRESH_SETS)),
    ENDPOINT(figureforge, user_check,
        .method = POST, .path = "/api/auth/magic-link/check-user/", .who = ANYONE,
        .doc = "Whether an address has an account.",
        .in = FIELDS(EMAIL_FIELD), .out = FIELDS(OUT(BOOLEAN, "exists"))),
    ENDPOINT(figureforge, user_update,
        .method = POST, .path = "/api/auth/user/update/",
        .doc = "Change the caller's names.",
        .in = FIELDS({ .name = "username", .type = TOKEN, .min = 3, .max = 30, .doc = "Letters, digits, _ . and -." },
                     { .name = "display_name", .type = TEXT, .flags = NULLABLE, .max = 80, .doc = "Null clears it." }),
        .out = user_out),
    ENDPOINT(figureforge, user_stats,
        .method = GET, .path = "/api/auth/user/stats/",
        .doc = "How many images the caller has made, and what is left.",
        .out = FIELDS(OUT(INTEGER, "images_generated"), OUT(INTEGER, "images_remaining"), OUT(TEXT, "subscription_tier"))),
    ENDPOINT(figureforge, user_delete,
        .method = DELETE, .path = "/api/auth/delete/", .status = 204,
        .doc = "Close the caller's account: its tokens end and its images vanish at once. Confirm in the body or the query.",
        .in = FIELDS({ .name = "confirmation", .type = TEXT, .max = 16, .doc = "DELETE" },
                     { .name = "confirm", .in = QUERY, .type = TEXT, .max = 16, .doc = "DELETE" })),
    ENDPOINT(figureforge, token_verify,
        .method = POST, .path = "/api/auth/verify/",
        .doc = "Tell whether the access token is valid.",
        .out = FIELDS(OUT(BOOLEAN, "valid"), OUT(TEXT, "user_id"))),
    ENDPOINT(figureforge, model_list,
        .method = GET, .path = "/api/images/models/", .who = OPTIONAL,
        .doc = "The models, their price in credits, and which can be used here.",
        .out = FIELDS(OUT_OBJECTS("models", OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(INTEGER, "credits"),
                                  OUT(BOOLEAN, "available")))),
    ENDPOINT(figureforge, image_generate,
        .method = POST, .path = "/api/images/generate/", .status = 202,
        .doc = "Ask for figure drawings; poll the job for them, or wait for them (Prefer: wait=N).",
        .job = "image.generate", .wait = 30, .wait_asked = true, .after = &sql_figureforge_generation_get,
        .in = FIELDS({ .name = "prompt", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 2000,
                       .doc = "What to draw." },
                     { .name = "filters", .type = OBJECT, .fields = filters, .doc = "Wishes, each optional." },
                     { .name = "batch_size", .type = INTEGER, .min = 1, .max = 16, .standard = "1",
                       .doc = "How many drawings; at most what the plan allows." },
                     { .name = "model", .type = TOKEN, .min = 1, .max = 64,
                       .doc = "A model of the models call; the first available one when left out." }),
        .out = FIELDS(OUT(TEXT, "job_id"), OUT(TEXT, "status"), { .name = "error", .type = TEXT },
                      { .name = "images", .type = LIST, .fields = images_out, .doc = "When it was waited for." })),
    ENDPOINT(figureforge, generation_get,
        .method = GET, .path = "/api/images/job/{job_id}/", .job = "image.generate", .polls = "job_id",
        .doc = "The state of a generation, and its images when it is done.",
        .in = FIELDS({ .name = "job_id", .in = PATH, .type = UUID, .flags = REQUIRED, .doc = "From generate." }),
        .out = FIELDS(OUT(TEXT, "job_id"), OUT(TEXT, "status"), { .name = "error", .type = TEXT },
                      { .name = "images", .type = LIST, .flags = REQUIRED, .fields = images_out })),
    ENDPOINT(figureforge, image_list,
        .method = GET, .path = "/api/images/user/", .list = 20, .lane = LANE_SLOW, /* counts, and searches by tag */
        .doc = "The caller's images, newest first.",
        .in = FIELDS({ .name = "tag", .in = QUERY, .type = TEXT, .min = 1, .max = 80, .doc = "Only with it: pose:standing." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "url"), OUT(TEXT, "thumbnail_url"))),
    ENDPOINT(figureforge, image_get,
        .method = GET, .path = "/api/images/{image_id}/", .who = OPTIONAL,
        .doc = "An image with its metadata: a public one, or the caller's own.",
        .in = FIELDS(IMAGE_ID),
        .out = image_out),
    ENDPOINT(figureforge, image_gallery,
        .method = GET, .path = "/api/images/gallery/", .who = OPTIONAL, .list = 20,
        .doc = "Images that their owners show to everybody, newest first.",
        .in = FIELDS({ .name = "tags", .in = QUERY, .type = TEXT, .min = 1, .max = 500, .doc = "Only with all of them: lighting:dramatic,pose:action." }),
        .out = FIELDS(OUT(TEXT, "id"), OUT(TEXT, "url"), OUT(TEXT, "thumbnail_url"))),
    ENDPOINT(figureforge, image_update,
        .method = PATCH, .path = "/api/images/{image_id}/update/",
        .doc = "Change one of the caller's images: what is left out stays. Made private, links that were given end.",
        .in = FIELDS(IMAGE_ID,
                     { .name = "tags", .type = LIST, .max = 30, .doc = "Take the place of those there are.",
                       .fields = FIELDS({ .name = "tag", .type = TEXT, .min = 1, .max = 80 }) },
                     { .name = "is_public", .type = BOOLEAN, .doc = "Whether everybody may see it." }),
        .out = image_out),
    ENDPOINT(figureforge, image_favorite,
        .method = POST, .path = "/api/images/{image_id}/favorite/",
        .doc = "Like an image, or like it no more.",
        .in = FIELDS(IMAGE_ID), .out = FIELDS(OUT(TEXT, "image_id"), OUT(BOOLEAN, "is_favorite"), OUT(INTEGER, "favorites_count"))),
    ENDPOINT(figureforge, pricing,
        .method = GET, .path = "/api/pricing/", .who = ANYONE,
        .doc = "The plans and their prices.", .out = FIELDS(OUT(TEXT, "currency"), PLANS_OUT)),
    ENDPOINT(figureforge, plan_list,
        .method = GET, .path = "/api/subscriptions/plans/", .who = ANYONE,
        .doc = "The plans and their prices.", .out = FIELDS(PLANS_OUT)),
    ENDPOINT(figureforge, subscription_get,
        .method = GET, .path = "/api/subscriptions/current/",
        .doc = "The plan the caller is on.", .out = SUBSCRIPTION_OUT),
    ENDPOINT(figureforge, subscription_checkout,
        .method = POST, .path = "/api/subscriptions/checkout/",
        .doc = "A page of Stripe's where the caller subscribes.",
        .job = "billing.checkout", .wait = 8, .wait_only = true, .after = &sql_figureforge_subscription_checkout_made, .handler = billing_request,
        .in = FIELDS({ .name = "plan_id", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Of the plans." },
                     { .name = "success_url", .type = URL, .flags = REQUIRED, .doc = "Where Stripe leads who has paid." },
                     { .name = "cancel_url", .type = URL, .flags = REQUIRED, .doc = "Where it leads who has not." }),
        .out = FIELDS(OUT(TEXT, "checkout_url"))),
    ENDPOINT(figureforge, subscription_portal,
        .method = POST, .path = "/api/subscriptions/portal/",
        .doc = "A page of Stripe's where the caller sees to what he pays.",
        .job = "billing.portal", .wait = 8, .wait_only = true, .after = &sql_figureforge_subscription_portal_made, .handler = billing_request,
        .in = FIELDS({ .name = "return_url", .type = URL, .doc = "Where it leads back to." }),
        .out = FIELDS(OUT(TEXT, "portal_url"))),
    ENDPOINT(figureforge, subscription_cancel,
        .method = POST, .path = "/api/subscriptions/cancel/",
        .doc = "Cancel the caller's subscription at the end of its period.",
        .job = "billing.cancel", .wait = 8, .after = &sql_figureforge_subscription_wished, .handler = billing_request,
        .out = SUBSCRIPTION_OUT),
    ENDPOINT(figureforge, subscription_reactivate,
        .method = POST, .path = "/api/subscriptions/reactivate/",
        .doc = "Let the caller's subscription, which was to end, go on.",
        .job = "billing.reactivate", .wait = 8, .after = &sql_figureforge_subscription_wished, .handler = billing_request,
        .out = SUBSCRIPTION_OUT),
    ENDPOINT(figureforge, subscription_history,
        .method = GET, .path = "/api/subscriptions/history/", .list = 20,
        .doc = "The caller's invoices, the latest first.",
        .out = FIELDS(OUT(TEXT, "id"), OUT(NUMBER, "amount"), OUT(TEXT, "currency"), OUT(TEXT, "status"),
                      OUT(TEXT, "description"), OUT(TEXT, "created_at"), OUT_NULLABLE(TEXT, "invoice_url"))),
    ENDPOINT(figureforge, payment_method_set,
        .method = POST, .path = "/api/subscriptions/payment-method/",
        .doc = "Charge another payment method from now on.",
        .job = "billing.attach", .wait = 8, .wait_only = true, .after = &sql_figureforge_payment_method_made, .handler = billing_request,
        .in = FIELDS({ .name = "payment_method_id", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 255, .doc = "As Stripe names it: pm_..." }),
        .out = FIELDS(OUT(TEXT, "payment_method_id"), OUT(BOOLEAN, "is_default"),
                      { .name = "card", .type = OBJECT, .flags = REQUIRED | NULLABLE,
                        .fields = FIELDS(OUT_NULLABLE(TEXT, "brand"), OUT(TEXT, "last4"), OUT_NULLABLE(INTEGER, "exp_month"),
                                         OUT_NULLABLE(INTEGER, "exp_year")) })),
    ENDPOINT(figureforge, stripe_webhook, STRIPE_EVENT("/api/webhooks/stripe/")),
    { .name = NULL },
};
/* clang-format on */
