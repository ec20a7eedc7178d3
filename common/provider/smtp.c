/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/smtp.h"
#include "common/memory.h"
#include <errno.h>
#include <stdbool.h>

enum { CONNECT_TIMEOUT = 10000 };

struct smtp_url {
    bool tls, loopback;
};

static char *url_part(void *ctx, CURLU *url, CURLUPart what)
{
    char *text, *copy;

    if (curl_url_get(url, what, &text, 0) != CURLUE_OK)
        return NULL;
    copy = COPY(ctx, text);
    curl_free(text);
    return copy;
}

static bool is_loopback(const char *host)
{
    return !strcasecmp(host, "localhost") || !strcmp(host, "[::1]") ||
           (!strncmp(host, "127.", 4) && !host[strspn(host, "0123456789.")]);
}

/* Parts beyond host and port are refused: curl would log in with a user it finds there, and greet with the path. */
static int url_check(const char *text, struct smtp_url *ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    CURLU *url = memory_check(curl_url());
    bool parsed = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
    const char *scheme = url_part(scratch, url, CURLUPART_SCHEME), *host = url_part(scratch, url, CURLUPART_HOST);
    const char *path = url_part(scratch, url, CURLUPART_PATH);
    bool more = (path && *path && strcmp(path, "/")) || url_part(scratch, url, CURLUPART_USER) ||
                url_part(scratch, url, CURLUPART_QUERY);

    curl_url_cleanup(url);
    if (!parsed || !host || more || (strcmp(scheme, "smtp") && strcmp(scheme, "smtps")))
        return -ENOTSUP;
    *ret = (struct smtp_url){ .tls = !strcmp(scheme, "smtps"), .loopback = is_loopback(host) };
    return 0;
}

static size_t on_read(char *to, size_t size, size_t n, void *closure)
{
    struct smtp_mail *sending = closure;
    size_t left = sending->mail.length - sending->sent, room = size * n;
    size_t length = left < room ? left : room;

    memcpy(to, sending->mail.text + sending->sent, length);
    sending->sent += length;
    return length;
}

/* curl may start anew, on another of the host's addresses. */
static int on_seek(void *closure, curl_off_t offset, int origin)
{
    struct smtp_mail *sending = closure;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > sending->mail.length)
        return CURL_SEEKFUNC_CANTSEEK;
    sending->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Each line the server says. 221 answers QUIT alone: what was said before it is of interest. */
static size_t on_reply(char *line, size_t size, size_t n, void *closure)
{
    struct smtp_mail *sending = closure;
    size_t length = size * n, kept = 0;

    if (length >= 3 && !memcmp(line, "221", 3))
        return length;
    for (size_t i = 0; i < length && kept + 1 < sizeof sending->reply; i++)
        if (line[i] >= 0x20 && line[i] < 0x7f)
            sending->reply[kept++] = line[i];
    sending->reply[kept] = '\0';
    return length;
}

static int smtp_mail_free(struct smtp_mail *sending)
{
    curl_easy_cleanup(sending->easy);
    curl_slist_free_all(sending->recipients);
    return 0;
}

static curl_usessl use_tls(const struct smtp_url *url, bool login)
{
    if (url->tls)
        return CURLUSESSL_ALL;
    if (url->loopback)
        return CURLUSESSL_NONE;
    return login ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

static void connection_set(CURL *easy, const struct smtp_server *server, const struct smtp_url *url)
{
    bool login = server->user && *server->user;
    long timeout = server->timeout;

    curl_easy_setopt(easy, CURLOPT_URL, server->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a name server that does not answer */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    /* It bounds the wait for the answer to QUIT, which is two minutes if not said, and curl does nothing else then. */
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (timeout + 999) / 1000);
    /* After a time-out curl would keep the connection and take the late answer for that to the next mail's command; and
     * connections kept to the end of the process say QUIT then, with the two minutes. */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_TIMEOUT ? timeout : CONNECT_TIMEOUT);
    curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)use_tls(url, login));
    if (login) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, server->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, server->password);
    }
}

static void mail_set(struct smtp_mail *sending)
{
    CURL *easy = sending->easy;

    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, sending->mail.from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, sending->recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)sending->mail.length);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, sending);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, sending);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, sending);
}

int mail_prepare(void *ctx, const struct smtp_server *server, const struct mail *mail, struct smtp_mail **ret)
{
    struct smtp_mail *sending;
    struct smtp_url url;
    int r;

    r = url_check(server->url, &url);
    if (r < 0)
        return r;
    sending = NEW(ctx, struct smtp_mail);
    r = mail_compose(sending, mail, time(NULL), &sending->mail);
    if (r < 0) {
        talloc_free(sending);
        return r;
    }
    sending->easy = memory_check(curl_easy_init());
    sending->recipients = memory_check(curl_slist_append(NULL, sending->mail.to));
    talloc_set_destructor(sending, smtp_mail_free);
    connection_set(sending->easy, server, &url);
    mail_set(sending);
    *ret = sending;
    return 0;
}

enum smtp_verdict smtp_verdict(CURLcode code, long response)
{
    /* How curl names an answer it did not want to MAIL, RCPT or DATA, and to the mail itself. */
    bool refused = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY;

    if (code == CURLE_OK)
        return SMTP_SENT;
    return refused && response >= 500 ? SMTP_NEVER : SMTP_LATER;
}
