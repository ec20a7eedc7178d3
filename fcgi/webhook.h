/* SPDX-License-Identifier: GPL-3.0-or-later
 * Handlers of what providers call: each checks its provider's signature before the statement runs. */
#ifndef MILLRACE_WEBHOOK_H
#define MILLRACE_WEBHOOK_H
#include "fcgi/request.h"

/* X-Twilio-Signature (Twilio, Security: Validating requests): base64 of the HMAC-SHA1, keyed with the account's token,
 * of the URL that Twilio has called and, of a form, each name and value behind it, by name. For rows with .form. 403
 * when it does not hold, 503 when no token is configured (twilio.token). */
int webhook_twilio(struct request *rq);
#endif
