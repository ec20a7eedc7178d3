/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/mail.h"
#include "common/config.h"
#include "common/memory.h"
#include "common/provider/smtp.h"
#include "common/transfers.h"
#include <errno.h>

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

int sending_make(struct job *job, const char *to, const char *subject, const char *text, struct sending **ret)
{
    const struct config *config = job->tools->config;
    const struct smtp_server server = { .url = config->smtp_url,
                                        .user = config->smtp_user,
                                        .password = config->smtp_password,
                                        .timeout = config->smtp_timeout };
    const struct mail mail = {
        .from = config->smtp_from,
        .to = to,
        .subject = subject,
        .text = text,
        .message_id = FORMAT(job, "%s.%d@millrace", job->id, job->attempt),
    };
    struct sending *sending;
    int r;

    if (!*config->smtp_url)
        return job_bury(job, "no mail server is configured (smtp.url)");
    sending = NEW(job, struct sending);
    sending->job = job;
    r = mail_prepare(sending, &server, &mail, &sending->mail);
    if (r < 0)
        return job_bury(job, "the mail cannot be composed: %s", strerror(-r));
    *ret = sending;
    return 0;
}

int sending_start(struct sending *sending)
{
    struct job *job = sending->job;
    int r;

    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    r = transfers_add(job->tools->transfers, sending->mail->easy, sent, sending);
    if (r < 0)
        return job_release(job, -1, "the mail could not be started: %s", strerror(-r));
    talloc_set_destructor(sending, sending_stop);
    return JOB_PENDING;
}
