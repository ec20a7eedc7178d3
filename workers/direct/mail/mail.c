/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/mail/mail.h"
#include "common/config.h"
#include "common/memory.h"
#include "common/provider/smtp.h"
#include "common/transfers.h"
#include "workers/direct/mail/letters.h"
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

/* The public base of a job's product: links in mails begin with it. "" for none. */
static const char *root_of(const struct job *job)
{
    static const struct root {
        const char *product;
        size_t url; /* in struct config */
    } roots[] = {
        { "nutrition", offsetof(struct config, nutrition_url) },
        { "smsagent", offsetof(struct config, smsagent_url) },
        { "expenses", offsetof(struct config, expenses_url) },
        { "ailice", offsetof(struct config, ailice_url) },
        { "figureforge", offsetof(struct config, figureforge_url) },
    };

    for (size_t i = 0; i < ELEMENTS(roots); i++)
        if (!strcmp(roots[i].product, job->product))
            return *(const char *const *)((const void *)((const char *)job->tools->config + roots[i].url));
    return "";
}

static int sending_prepare(struct sending *sending, const char *to, const struct letter_text *text)
{
    struct job *job = sending->job;
    const struct config *config = job->tools->config;
    const struct smtp_server server = { .url = config->smtp_url,
                                        .user = config->smtp_user,
                                        .password = config->smtp_password,
                                        .timeout = config->smtp_timeout };
    const struct mail mail = {
        .from = config->smtp_from,
        .to = to,
        .subject = text->subject,
        .text = text->text,
        .html = text->html,
        .message_id = FORMAT(job, "%s.%d@millrace", job->id, job->attempt),
    };

    return mail_prepare(sending, &server, &mail, &sending->mail);
}

int sending_make(struct job *job, const char *to, const char *letter, json_t *values, struct sending **ret)
{
    const struct letter *row = letter_find(letter);
    struct letter_text text;
    struct sending *sending;
    const char *why;
    int r;

    if (!*job->tools->config->smtp_url)
        return job_bury(job, "no mail server is configured (smtp.url)");
    if (!row)
        return job_bury(job, "there is no letter %s", letter);
    if (letter_write(job, row, values, root_of(job), &text, &why) < 0)
        return job_bury(job, "the letter %s cannot be written: %s", letter, why);
    sending = NEW(job, struct sending);
    sending->job = job;
    r = sending_prepare(sending, to, &text);
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
