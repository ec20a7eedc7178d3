/* SPDX-License-Identifier: GPL-3.0-or-later
 * What single messages and broadcasts share: who sends, where we are told of them, and how a message whose outcome is
 * not known is looked for in the provider's list. */
#ifndef MILLRACE_SMS_H
#define MILLRACE_SMS_H
#include "common/provider/twilio.h"
#include "queue/job.h"

/* The number that messages come from; NULL: none is set. */
const char *sms_from(const struct config *config);
/* Where what becomes of a message is told to its product, with ref in the address; on ctx. */
char *sms_callback(void *ctx, const struct config *config, const char *product, const char *ref);

/* A message is looked for: those to the number since it was tried, and none that is another one of ours. Of several of
 * the same text nobody can tell which is which, so any will do; only one of ours may take it, which is settled when it
 * is written down (sms_owned). */
struct sms_search {
    const char *to, *body;
    long long intended; /* when it was tried, seconds since 1970 */
    int pages;          /* read so far */
    bool doubtful;      /* there was one among them that could not be read */
    const char *place;  /* of the next page; NULL: the first */
    json_t *sids;       /* of what may be it, as they are listed; owned */
};

/* On ctx. to and body must live as long. */
struct sms_search *sms_search_new(void *ctx, const char *to, const char *body, long long intended);
/* Prepare the call for the next page, as twilio_list(). */
int sms_search_call(void *ctx, const struct config *config, struct sms_search *search, struct provider_call **ret);

enum sms_found {
    SMS_MORE,    /* read the next page */
    SMS_SENT,    /* it went out: *ret_sid, on ctx */
    SMS_ABSENT,  /* it did not */
    SMS_UNKNOWN, /* nobody can tell: the answer, or some of it, is none, or the list is too long */
    SMS_AGAIN,   /* our own database did not answer */
};
/* Read a page (a call that was PROVIDER_DONE), and say what is known by now. */
enum sms_found sms_search_read(void *ctx, struct sms_search *search, const struct provider_call *call,
                               struct database *database, const char **ret_sid);
#endif
