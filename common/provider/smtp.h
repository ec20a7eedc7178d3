/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mail by SMTP. A mail is prepared as a curl handle and sent by a worker's event loop (common/transfers.h). */
#ifndef MILLRACE_SMTP_H
#define MILLRACE_SMTP_H
#include "common/provider/mail_text.h"
#include <curl/curl.h>

/* From the configuration's smtp.*. url: smtp://host:port, or smtps://host:port for TLS from the start, and no more;
 * user empty: no login.
 * By smtp://, a host other than loopback is asked for STARTTLS; credentials go to it only under TLS, or not at all.
 * On loopback there is no TLS: a local relay's certificate is mostly made up.
 * Each mail has its own connection. curl's SMTP waits for the answers to a mail's end and to QUIT without letting
 * other transfers move, so timeout must be well below what the loop may stand still (a lease): it can be twice that. */
struct smtp_server {
    const char *url, *user, *password;
    int timeout; /* milliseconds one mail may take */
};

/* A mail under way. Free it when its transfer has ended or was removed. */
struct smtp_mail {
    CURL *easy;
    char reply[256]; /* the server's last line, without control bytes; for the error kept with the job */
    struct mail_text mail;
    size_t sent; /* of mail.text */
    struct curl_slist *recipients;
};

/* Compose the mail and prepare its transfer. -EINVAL: the mail can never be sent (see mail_compose). -ENOTSUP: the
 * server's url is not of the form above. */
int mail_prepare(void *ctx, const struct smtp_server *server, const struct mail *mail, struct smtp_mail **ret);

/* What the end of a transfer means. Refusals of this mail are for ever (5xx); all else may go better later: 4xx, no
 * connection, time-outs, and also a login or TLS that failed, which says nothing about the mail. A mail cut off before
 * the server's last answer may have been sent: it is tried again under the same Message-ID. */
enum smtp_verdict { SMTP_SENT, SMTP_LATER, SMTP_NEVER };
enum smtp_verdict smtp_verdict(CURLcode code, long response);
#endif
