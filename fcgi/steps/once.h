/* SPDX-License-Identifier: GPL-3.0-or-later
 * Idempotency-Key: a POST that is sent again under the same key is not carried out again but gets its first answer, for
 * a day. Claim, statement and stored answer are one transaction on a connection of its own. */
#ifndef MILLRACE_ONCE_H
#define MILLRACE_ONCE_H
#include "fcgi/request.h"

struct once_statements;
/* NULL with what is wrong on standard error. */
struct once_statements *once_statements_new(void *ctx);

/* Whether a row is carried out once when it is asked to: of callers who are signed in. */
bool once_may_be(const struct product *product, const struct endpoint *row);
/* Whether the request is to be carried out once: a POST with a key, of somebody who is signed in. Refuses a key that is
 * none. 1, 0, or what fail() gives. */
int once_wanted(struct request *rq);
/* Claim the key, then run the row's statement; or answer as before, and the walk ends. */
int once_start(struct request *rq);
/* Store the answer and commit; nothing to do for requests without a key. */
step_fn once_settle;
/* The request has ended. */
void once_end(struct request *rq);
#endif
