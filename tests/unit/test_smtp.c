/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/smtp.h"
#include "common/transfers.h"
#include "tests/unit/suite.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* A verb and its answer. "CONNECT" is the greeting, "." the answer to a mail's end. An answer of "" cuts the line, one
 * of NULL never comes. */
struct answer {
    const char *verb, *text;
};

static const struct answer usual[] = {
    { "CONNECT", "220 fake\r\n" }, { "EHLO", "250-fake\r\n250-AUTH PLAIN\r\n250 SIZE 1000000\r\n" },
    { "AUTH", "235 welcome\r\n" }, { "MAIL", "250 ok\r\n" },
    { "RCPT", "250 ok\r\n" },      { "DATA", "354 go on\r\n" },
    { ".", "250 queued\r\n" },     { "QUIT", "221 bye\r\n" },
};

struct fake {
    int listener, port;
    _Atomic int connections;
    struct answer odd; /* said in place of the usual one */
    pthread_t thread;
    char wire[65536]; /* all that clients said */
};

static const char *answer_to(const struct fake *fake, const char *line)
{
    if (fake->odd.verb && !strncmp(line, fake->odd.verb, strlen(fake->odd.verb)))
        return fake->odd.text;
    for (size_t i = 0; i < ELEMENTS(usual); i++)
        if (!strncmp(line, usual[i].verb, strlen(usual[i].verb)))
            return usual[i].text;
    return "502 what?\r\n";
}

static void fake_serve(struct fake *fake, FILE *client)
{
    char line[1024] = "CONNECT";
    bool in_mail = false;

    do {
        const char *answer = in_mail && strcmp(line, ".\r\n") != 0 ? "more" : answer_to(fake, line);

        if (answer && !*answer)
            return;
        if (answer && strcmp(answer, "more") != 0) {
            fputs(answer, client);
            fflush(client);
            in_mail = !strncmp(answer, "354", 3);
        }
        if (!fgets(line, sizeof line, client))
            return;
        ck_assert_uint_lt(strlen(fake->wire) + strlen(line), sizeof fake->wire);
        memcpy(fake->wire + strlen(fake->wire), line, strlen(line) + 1);
    } while (true);
}

static void *fake_run(void *closure)
{
    struct fake *fake = closure;
    int fd;

    while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
        FILE *client = fdopen(fd, "r+");
        setvbuf(client, NULL, _IONBF, 0); /* one stream both ways: nothing may lie in a buffer between them */
        fake->connections++;
        fake_serve(fake, client);
        fclose(client);
    }
    return NULL;
}

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int fake_free(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
    return 0;
}

static struct fake *fake_new(void *ctx, const char *verb, const char *text)
{
    struct fake *fake = NEW(ctx, struct fake);

    fake->odd = (struct answer){ verb, text };
    fake->listener = listen_somewhere(&fake->port);
    ck_assert_int_eq(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
    talloc_set_destructor(fake, fake_free);
    return fake;
}

struct ending {
    bool ended;
    CURLcode code;
    long response;
};

static void note_end(void *closure, CURLcode code, long response)
{
    struct ending *ending = closure;
    *ending = (struct ending){ true, code, response };
}

static const struct mail standard_mail = {
    .from = "Millrace <no-reply@millrace.example>",
    .to = "ann@b.example",
    .subject = "Your code",
    .text = "Your code is 123456.\n.\nBye\n",
    .message_id = "1.abc@millrace.example",
};

static struct smtp_server server_at(void *ctx, const char *host, int port)
{
    return (struct smtp_server){ .url = FORMAT(ctx, "smtp://%s:%d", host, port), .timeout = 20000 };
}

/* Send and wait for the end. */
static struct ending post(struct transfers *transfers, struct smtp_mail *sending)
{
    struct ending ending = { 0 };

    ck_assert_int_eq(transfers_add(transfers, sending->easy, note_end, &ending), 0);
    while (!ending.ended)
        ck_assert_int_ge(transfers_wait(transfers, NULL, 0, 1000), 0);
    ck_assert_uint_eq(transfers_count(transfers), 0);
    return ending;
}

static struct smtp_mail *prepare(void *ctx, const struct smtp_server *server)
{
    struct smtp_mail *sending;
    ck_assert_int_eq(mail_prepare(ctx, server, &standard_mail, &sending), 0);
    return sending;
}

START_TEST(a_mail_arrives_as_composed)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, NULL, NULL);
    struct smtp_server server = server_at(ctx, "127.0.0.1", fake->port);
    struct transfers *transfers = transfers_new(ctx);
    struct smtp_mail *sending = prepare(ctx, &server);
    struct ending ending = post(transfers, sending);
    char *data;

    ck_assert_int_eq(smtp_verdict(ending.code, ending.response), SMTP_SENT);
    ck_assert_str_eq(sending->reply, "250 queued");
    talloc_set_destructor(fake, NULL);
    fake_free(fake);
    ck_assert_ptr_nonnull(strstr(
        fake->wire, FORMAT(ctx, "\r\nMAIL FROM:<no-reply@millrace.example> SIZE=%zu\r\n", sending->mail.length)));
    ck_assert_ptr_nonnull(strstr(fake->wire, "\r\nRCPT TO:<ann@b.example>\r\n"));
    ck_assert_ptr_null(strstr(fake->wire, "AUTH"));
    data = strstr(fake->wire, "\r\nDATA\r\n");
    ck_assert_ptr_nonnull(data);
    ck_assert_str_eq(data + 8, FORMAT(ctx, "%s.\r\nQUIT\r\n", sending->mail.text));
}
END_TEST

/* What a server says too late to one mail must not be taken for an answer to the next. */
START_TEST(each_mail_has_its_own_connection)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, NULL, NULL);
    struct smtp_server server = server_at(ctx, "127.0.0.1", fake->port);
    struct transfers *transfers = transfers_new(ctx);

    for (int i = 1; i <= 2; i++) {
        autotalloc struct smtp_mail *sending = prepare(ctx, &server);
        ck_assert_int_eq(post(transfers, sending).code, CURLE_OK);
        ck_assert_int_eq(fake->connections, i);
    }
    talloc_free(transfers);
}
END_TEST

static const struct {
    struct answer odd;
    enum smtp_verdict verdict;
    const char *reply;
} verdicts[] = {
    { { "MAIL", "451 try again\r\n" }, SMTP_LATER, "451 try again" },
    { { "MAIL", "550 no such sender\r\n" }, SMTP_NEVER, "550 no such sender" },
    { { "RCPT", "450 greylisted\r\n" }, SMTP_LATER, "450 greylisted" },
    { { "RCPT", "550 5.1.1 no \x1b[31msuch user\r\n" }, SMTP_NEVER, "550 5.1.1 no [31msuch user" },
    { { "DATA", "421 closing\r\n" }, SMTP_LATER, "421 closing" },
    { { "DATA", "554 no\r\n" }, SMTP_NEVER, "554 no" },
    { { ".", "452 disk full\r\n" }, SMTP_LATER, "452 disk full" },
    { { ".", "552 too large\r\n" }, SMTP_NEVER, "552 too large" },
    { { "CONNECT", "421 busy\r\n" }, SMTP_LATER, "421 busy" },
    { { "CONNECT", "" }, SMTP_LATER, "" },
    { { "RCPT", "" }, SMTP_LATER, "250 ok" },
    { { ".", "" }, SMTP_LATER, "354 go on" },
    { { "AUTH", "535 wrong password\r\n" }, SMTP_LATER, "535 wrong password" },
};

START_TEST(an_answer_decides_whether_to_try_again)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, verdicts[_i].odd.verb, verdicts[_i].odd.text);
    struct smtp_server server = server_at(ctx, "127.0.0.1", fake->port);
    struct transfers *transfers = transfers_new(ctx);
    struct smtp_mail *sending;
    struct ending ending;

    server.user = "ann";
    server.password = "pw";
    sending = prepare(ctx, &server);
    ending = post(transfers, sending);
    ck_assert_int_ne(ending.code, CURLE_OK);
    ck_assert_int_eq(smtp_verdict(ending.code, ending.response), verdicts[_i].verdict);
    ck_assert_str_eq(sending->reply, verdicts[_i].reply);
    talloc_free(transfers);
}
END_TEST

START_TEST(a_silent_server_is_left)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, _i ? "." : "CONNECT", NULL);
    struct smtp_server server = server_at(ctx, "127.0.0.1", fake->port);
    struct transfers *transfers = transfers_new(ctx);
    struct ending ending;

    server.timeout = 200;
    ending = post(transfers, prepare(ctx, &server));
    ck_assert_int_eq(ending.code, CURLE_OPERATION_TIMEDOUT);
    ck_assert_int_eq(smtp_verdict(ending.code, ending.response), SMTP_LATER);
    talloc_free(transfers);
}
END_TEST

START_TEST(nobody_there_is_tried_later)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct smtp_server server;
    struct ending ending;
    int port;

    close(listen_somewhere(&port));
    server = server_at(ctx, "127.0.0.1", port);
    ending = post(transfers_new(ctx), prepare(ctx, &server));
    ck_assert_int_eq(ending.code, CURLE_COULDNT_CONNECT);
    ck_assert_int_eq(smtp_verdict(ending.code, ending.response), SMTP_LATER);
}
END_TEST

START_TEST(a_login_on_loopback_is_plain)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, NULL, NULL);
    struct smtp_server server = server_at(ctx, "localhost", fake->port);
    struct transfers *transfers = transfers_new(ctx);

    server.user = "ann";
    server.password = "pw";
    ck_assert_int_eq(post(transfers, prepare(ctx, &server)).code, CURLE_OK);
    talloc_free(transfers);
    talloc_set_destructor(fake, NULL);
    fake_free(fake);
    ck_assert_ptr_nonnull(strstr(fake->wire, "AUTH PLAIN"));
    ck_assert_ptr_nonnull(strstr(fake->wire, "AGFubgBwdw==")); /* NUL ann NUL pw */
}
END_TEST

/* mail.example leads to the fake, so that for curl and for us it is a host far away. */
static struct ending post_far(void *ctx, struct fake *fake, const char *user)
{
    struct smtp_server server = server_at(ctx, "mail.example", fake->port);
    struct curl_slist *names = curl_slist_append(NULL, FORMAT(ctx, "mail.example:%d:127.0.0.1", fake->port));
    struct transfers *transfers = transfers_new(ctx);
    struct smtp_mail *sending;
    struct ending ending;

    server.user = user;
    server.password = "pw";
    sending = prepare(ctx, &server);
    curl_easy_setopt(sending->easy, CURLOPT_RESOLVE, names);
    ending = post(transfers, sending);
    talloc_free(transfers);
    talloc_free(sending);
    curl_slist_free_all(names);
    talloc_set_destructor(fake, NULL);
    fake_free(fake);
    return ending;
}

START_TEST(a_login_far_away_wants_tls)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, NULL, NULL);
    struct ending ending = post_far(ctx, fake, "ann");

    ck_assert_int_eq(ending.code, CURLE_USE_SSL_FAILED);
    ck_assert_int_eq(smtp_verdict(ending.code, ending.response), SMTP_LATER);
    ck_assert_ptr_null(strstr(fake->wire, "AUTH"));
    ck_assert_ptr_null(strstr(fake->wire, "MAIL"));
}
END_TEST

START_TEST(without_a_login_tls_is_asked_for_when_offered)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *plain = fake_new(ctx, NULL, NULL);
    struct fake *offers = fake_new(ctx, "EHLO", "250-fake\r\n250 STARTTLS\r\n");

    ck_assert_int_eq(post_far(ctx, plain, "").code, CURLE_OK);
    post_far(ctx, offers, "");
    ck_assert_ptr_nonnull(strstr(offers->wire, "STARTTLS"));
}
END_TEST

static const char *const bad_urls[] = { "",
                                        "mail.example",
                                        "http://mail.example",
                                        "smtp://",
                                        "smtp://a:b@mail.example",
                                        "smtp://mail.example/name",
                                        "smtp://mail.example:99999",
                                        "smtp://mail.example\r\nX: y",
                                        "file:///etc/passwd",
                                        "smtp://mail.example?x" };

START_TEST(a_url_has_host_and_port_only)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct smtp_server server = { .url = bad_urls[_i], .timeout = 1000 };
    struct smtp_mail *sending = NULL;

    ck_assert_int_eq(mail_prepare(ctx, &server, &standard_mail, &sending), -ENOTSUP);
    ck_assert_ptr_null(sending);
}
END_TEST

START_TEST(the_loop_watches_other_sockets_too)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct fake *fake = fake_new(ctx, "CONNECT", NULL);
    struct smtp_server server = server_at(ctx, "127.0.0.1", fake->port);
    struct transfers *transfers = transfers_new(ctx);
    struct smtp_mail *sending = prepare(ctx, &server);
    struct curl_waitfd extra = { .events = CURL_WAIT_POLLIN };
    struct ending ending = { 0 };
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    extra.fd = ends[0];
    ck_assert_int_eq(transfers_add(transfers, sending->easy, note_end, &ending), 0);
    ck_assert_int_eq(transfers_add(transfers, sending->easy, note_end, &ending), -EINVAL);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    while (!extra.revents)
        ck_assert_int_eq(transfers_wait(transfers, &extra, 1, 60000), 0);
    ck_assert_uint_eq(transfers_count(transfers), 1);
    transfers_remove(transfers, sending->easy);
    transfers_remove(transfers, sending->easy);
    ck_assert_uint_eq(transfers_count(transfers), 0);
    ck_assert(!ending.ended);
    ck_assert_int_eq(transfers_add(transfers, sending->easy, note_end, &ending), 0);
    talloc_free(transfers); /* with one under way */
    ck_assert(!ending.ended);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

SUITE(smtp)
{
    tcase_add_test(tests, a_mail_arrives_as_composed);
    tcase_add_test(tests, each_mail_has_its_own_connection);
    tcase_add_loop_test(tests, an_answer_decides_whether_to_try_again, 0, ELEMENTS(verdicts));
    tcase_add_loop_test(tests, a_silent_server_is_left, 0, 2);
    tcase_add_test(tests, nobody_there_is_tried_later);
    tcase_add_test(tests, a_login_on_loopback_is_plain);
    tcase_add_test(tests, a_login_far_away_wants_tls);
    tcase_add_test(tests, without_a_login_tls_is_asked_for_when_offered);
    tcase_add_loop_test(tests, a_url_has_host_and_port_only, 0, ELEMENTS(bad_urls));
    tcase_add_test(tests, the_loop_watches_other_sockets_too);
}
