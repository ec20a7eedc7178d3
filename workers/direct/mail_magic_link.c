/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.magic_link: make a one-time sign-in code, keep its digest, mail it. The code exists here and in the mail only;
 * each attempt makes a new one, and the newest counts. */
#include "common/config.h"
#include "common/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/provider/smtp.h"
#include "common/token.h"
#include "common/transfers.h"
#include "sql.h"
#include "workers/kinds.h"
#include <errno.h>

enum { CODE_DIGITS = 6 };

/* A mail on its way: stops with the job, whatever ends it. The mail hangs off it, so that its transfer is stopped
 * before it is freed. */
struct sending {
    struct job *job;
    struct smtp_mail *mail;
};

static int sending_stop(struct sending *sending)
{
    transfers_remove(sending->job->tools->transfers, sending->mail->easy);
    return 0;
}

static void sent(void *closure, CURLcode code, long response)
{
    struct sending *sending = closure;
    struct job *job = sending->job;
    const char *reply = *sending->mail->reply ? sending->mail->reply : curl_easy_strerror(code);

    switch (smtp_verdict(code, response)) {
    case SMTP_SENT:
        job_finished(job, 0);
        break;
    case SMTP_LATER:
        job_finished(job, job_release(job, -1, "the mail server said: %s", reply));
        break;
    case SMTP_NEVER:
        job_finished(job, job_bury(job, "the mail server refused: %s", reply));
        break;
    }
}

static int store_code(struct job *job, const char *email, const char *code)
{
    autoresult struct result result = { 0 };
    char digest[DIGEST_HEX + 1];

    code_digest(job->tools->keys, "signin", job->product, email, code, digest);
    return database_run(job->tools->database, &sql_worker_magic_link_store,
                        PARAMS({ "product", job->product }, { "email", email }, { "digest", digest }), &result);
}

static int compose(struct sending *sending, const char *email, const char *code)
{
    struct job *job = sending->job;
    const struct config *config = job->tools->config;
    const struct smtp_server server = { .url = config->smtp_url,
                                        .user = config->smtp_user,
                                        .password = config->smtp_password,
                                        .timeout = config->smtp_timeout };
    const struct mail mail = {
        .from = config->smtp_from,
        .to = email,
        .subject = "Your sign-in code",
        .text = FORMAT(job,
                       "Your sign-in code is %s\n\nIt is good for ten minutes and for one sign-in. If you did not ask "
                       "for it, you can ignore this mail.\n",
                       code),
        .message_id = FORMAT(job, "%s.%d@millrace", job->id, job->attempt),
    };
    return mail_prepare(sending, &server, &mail, &sending->mail);
}

int mail_magic_link(struct job *job)
{
    struct sending *sending = NEW(job, struct sending);
    const char *email = job_text(job, "email");
    char code[CODE_DIGITS + 1];
    int r;

    if (!*job->tools->config->smtp_url)
        return job_bury(job, "no mail server is configured (smtp.url)");
    code_make(CODE_DIGITS, code);
    sending->job = job;
    r = compose(sending, email, code);
    if (r < 0)
        return job_bury(job, "the mail cannot be composed: %s", strerror(-r));
    if (store_code(job, email, code) < 0)
        return job_release(job, -1, "the code could not be stored");
    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    r = transfers_add(job->tools->transfers, sending->mail->easy, sent, sending);
    if (r < 0)
        return job_release(job, -1, "the mail could not be started: %s", strerror(-r));
    talloc_set_destructor(sending, sending_stop);
    return JOB_PENDING;
}
