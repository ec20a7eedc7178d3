/* SPDX-License-Identifier: GPL-3.0-or-later
 * A mail of a job, sent by the worker's event loop. */
#ifndef MILLRACE_MAIL_H
#define MILLRACE_MAIL_H
#include "common/token.h"
#include "queue/job.h"

/* A mail on its way: stops with the job, whatever ends it. The mail hangs off it, so that its transfer is stopped
 * before it is freed. */
struct sending {
    struct job *job;
    struct smtp_mail *mail;
};

/* A one-time token as it is mailed, and the SHA-256 of it as hex, which is what is kept. */
enum { MAILED_BYTES = 32, MAILED_TEXT = 44 };
struct mailed_token {
    char text[MAILED_TEXT], digest[DIGEST_HEX + 1];
};
void mailed_token_make(struct mailed_token *ret);

/* On the job: the letter of that name (letters.h), with these values, which stay the caller's. 0, or what the job's
 * function is to return: no server is configured, there is no such letter, or the mail cannot be composed. */
int sending_make(struct job *job, const char *to, const char *letter, json_t *values, struct sending **ret);
/* What the job's function is to return: JOB_PENDING, and the job ends when the mail server has answered. */
int sending_start(struct sending *sending);
#endif
