/* SPDX-License-Identifier: GPL-3.0-or-later
 * Twilio's Programmable Messaging: what a call says and what its answer means. Calls are made by provider_start() or
 * provider_perform(). */
#ifndef MILLRACE_TWILIO_H
#define MILLRACE_TWILIO_H
#include "common/provider/provider.h"
#include <time.h>

enum { TWILIO_BODY_MAX = 1600 }; /* characters of one message */

struct twilio_message {
    const char *to, *from, *body;
    const char *callback; /* absolute: where Twilio tells what becomes of it; NULL: nowhere */
};
/* Prepare a call as provider_prepare() does. To send is an effect: the outcome may be PROVIDER_UNKNOWN. */
int twilio_send(void *ctx, const struct config *config, const struct twilio_message *message,
                struct provider_call **ret);
/* What became of a message. */
int twilio_get(void *ctx, const struct config *config, const char *sid, struct provider_call **ret);

/* Which messages of the account are listed, the latest first. NULL or 0: any. */
struct twilio_filter {
    const char *to, *from;
    time_t sent_from;  /* sent on this day (UTC) or later; leaves out what has not been sent yet */
    int page_size;     /* 0: Twilio's own */
    const char *place; /* of a later page, as twilio_next() gave it; then nothing else counts */
};
int twilio_list(void *ctx, const struct config *config, const struct twilio_filter *filter, struct provider_call **ret);
/* The account's balance: members balance and currency of the answer. Waited for shortly, as who asks only looks. */
int twilio_balance(void *ctx, const struct config *config, struct provider_call **ret);

/* A message as Twilio tells it. Texts are the answer's. */
struct twilio_sms {
    const char *sid, *status, *body, *error; /* error: ""; */
    int error_code;                          /* 0: none */
    time_t created_at;
};
/* -EPROTO: it is no message. *ret is untouched then. */
int twilio_read(const json_t *message, struct twilio_sms *ret);
/* The messages of a page: an array, NULL when the answer is no page. */
const json_t *twilio_page(const struct provider_call *call);
/* The place of the page behind this one; NULL: there is none; "": there may be one, but not where we know the way. The
 * answer's. */
const char *twilio_next(const struct provider_call *call);

/* Whose trouble a refusal (PROVIDER_NEVER) is. */
enum twilio_fault {
    TWILIO_RECIPIENT, /* this message will never go out to this number */
    TWILIO_OURS,      /* the account, its key or its number: no message will */
    TWILIO_FULL,      /* too many are waiting with Twilio: later */
};
enum twilio_fault twilio_fault(const struct provider_call *call);
/* The number of a refusal (21211); 0: none was told. */
int twilio_code(const struct provider_call *call);
/* The number that says that its owner wants no messages of ours. */
enum { TWILIO_STOPPED = 21610 };
#endif
