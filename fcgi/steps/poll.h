/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers that wait for a job: polls (a row with .polls), which answer when the job has changed, and calls that put one
 * (a row with .after), which answer with what it came to. Also what an answer says of itself: its tag, and when to ask
 * again.
 *
 * A poll that waits keeps nothing but what its web server sent; when it looks again, the request is made anew of that
 * and walks its steps once more, without being counted. A call that put a job keeps its request. */
#ifndef MILLRACE_POLL_H
#define MILLRACE_POLL_H
#include "fcgi/request.h"

enum { WAIT_MOST = 30 }; /* seconds of a poll */

/* The field that a row with .polls has besides its own. */
extern const struct field wait_field;

/* The request's statement is about to be sent: it may want to wait for the job that it asks for. */
void poll_enter(struct request *rq);
/* The statement has answered: tag, Retry-After, 304; and whether the request waits on. */
void poll_answered(struct request *rq, const PGresult *rows);
/* The request has put these jobs and Redis is about to hear of it: it may want to wait for the first one. */
void wait_enter(struct request *rq);
/* It may wait on. */
bool poll_may_wait(const struct request *rq);
/* The request ends. */
void poll_leave(struct request *rq);
/* Its client has left: no use in waiting. */
void poll_gone(struct request *rq);
/* What is told of it in the answer's headers. */
void poll_headers(struct request *rq);
/* Why a row cannot be polled, or waited for, else NULL. */
const char *poll_bind(struct operation *operation);
#endif
