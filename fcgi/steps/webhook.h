/* SPDX-License-Identifier: GPL-3.0-or-later
 * Handlers of what providers call: each checks its provider's signature before the statement runs. */
#ifndef MILLRACE_WEBHOOK_H
#define MILLRACE_WEBHOOK_H
#include "fcgi/fields.h"
#include "fcgi/request.h"

/* X-Twilio-Signature (Twilio, Security: Validating requests): base64 of the HMAC-SHA1, keyed with the account's token,
 * of the URL that Twilio has called and, of a form, each name and value behind it, by name. For rows with .form. 403
 * when it does not hold, 503 when no token is configured (twilio.token). */
int webhook_twilio(struct request *rq);

/* clang-format off */
/* What it tells of a message: fields of a row. ref is what the message was sent with. */
#define TWILIO_STATUS_FIELDS \
    { .name = "ref", .in = QUERY, .type = TOKEN, .min = 1, .max = 64, .doc = "Our own name of the message." }, \
    { .name = "message_sid", .sent_as = "MessageSid", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Of the message." }, \
    { .name = "message_status", .sent_as = "MessageStatus", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 32, .doc = "What became of it." }, \
    { .name = "error_code", .sent_as = "ErrorCode", .type = TEXT, .max = 16, .doc = "Why it failed." }, \
    { .name = "error_message", .sent_as = "ErrorMessage", .type = TEXT, .max = 500, .doc = "In words." }
/* clang-format on */
/* Stripe-Signature (Stripe, Check the webhook signatures): t=SECONDS,v1=HEX, where one of the v1 is the HMAC-SHA256 of
 * "t.body", keyed with one of stripe.webhook_secret, and t not more than five minutes from now. 400 when it does not
 * hold, 503 when no secret is configured. */
int webhook_stripe(struct request *rq);
/* Of such a row: the fields and members that it has in each product. */
/* clang-format off */
#define STRIPE_EVENT_IN \
    FIELDS({ .name = "id", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 255, .doc = "Of the event: a repeat changes nothing." }, \
           { .name = "object", .type = TEXT, .max = 100, .doc = "event" }, \
           { .name = "api_version", .type = TEXT, .flags = NULLABLE, .max = 100, .doc = "In which the thing is told." }, \
           { .name = "livemode", .type = BOOLEAN, .doc = "Not a test." }, \
           { .name = "type", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 100, .doc = "What has happened." }, \
           { .name = "created", .type = INTEGER, .min = 0, .max = 253402300799, .doc = "When, in seconds since 1970." }, \
           { .name = "data", .type = OBJECT, .flags = REQUIRED, .max = 262144, .doc = "The thing that it happened to." })
#define STRIPE_EVENT(at) \
    .method = POST, .path = at, .who = ANYONE, .uncounted = true, .handler = webhook_stripe, .in = STRIPE_EVENT_IN, \
    .doc = "Stripe tells what has happened; its signature proves it.", .out = FIELDS(OUT(TEXT, "status"))
/* clang-format on */
/* Of a call to somebody who pays by Stripe: 503 when Stripe is not configured, else the row's statement. */
int billing_request(struct request *rq);
#endif
