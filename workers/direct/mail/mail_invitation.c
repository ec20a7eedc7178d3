/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.invitation: make the one-time token of an invitation to a group of the Expense Tracker, keep its digest, mail
 * it. The token exists here and in the mail only; each attempt makes a new one, which takes the place of the one
 * before. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/mail/mail.h"
#include "workers/kinds.h"

static int store_token(struct job *job, const char *invitation, const char *digest)
{
    autoresult struct result result = { 0 };

    return database_run(job->tools->database, &sql_worker_invitation_token_store,
                        PARAMS({ "invitation", invitation }, { "digest", digest }), &result);
}

static int send(struct job *job, const char *invitation, const struct result *row)
{
    json_auto_t *values = NULL;
    struct mailed_token token;
    struct sending *sending;
    int r;

    mailed_token_make(&token);
    values = memory_check(json_pack("{s:s, s:s, s:s, s:s}", "inviter", result_text(row, 0, "inviter"), "group",
                                    result_text(row, 0, "group"), "message", result_text(row, 0, "message"), "token",
                                    token.text));
    r = sending_make(job, result_text(row, 0, "email"), "invitation", values, &sending);
    if (r != 0)
        return r;
    if (store_token(job, invitation, token.digest) < 0)
        return job_release(job, -1, "the token could not be stored");
    return sending_start(sending);
}

/* An invitation that has ended, or was answered otherwise, is not sent. */
int mail_invitation(struct job *job)
{
    autoresult struct result row = { 0 };
    const char *invitation = FORMAT(job, "%lld", job_number(job, "invitation", 0));

    if (database_run(job->tools->database, &sql_worker_invitation_letter, PARAMS({ "invitation", invitation }), &row) <
        0)
        return job_release(job, -1, "the invitation cannot be read: %s", row.message);
    return result_rows(&row) == 0 ? 0 : send(job, invitation, &row);
}
