/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/provider.h"
#include "tests/unit/suite.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A service that gives the n-th request the n-th answer, the last one again and again. "": cut the line instead. */
struct service {
    int listener, port;
    const char *const *answers;
    _Atomic int requests, connections;
    pthread_t thread;
    char head[8192], body[8192]; /* of the last request */
};

/* A whole request. False: the line has ended. */
static bool request_read(struct service *service, FILE *client)
{
    size_t length = 0, used = 0;
    char line[4096];

    while (fgets(line, sizeof line, client) && strcmp(line, "\r\n") != 0) {
        used += (size_t)snprintf(service->head + used, sizeof service->head - used, "%s", line);
        if (!strncasecmp(line, "Content-Length:", 15))
            length = (size_t)strtol(line + 15, NULL, 10);
    }
    if (!used)
        return false;
    ck_assert_uint_lt(length, sizeof service->body);
    service->body[fread(service->body, 1, length, client)] = '\0';
    return true;
}

static void service_talk(struct service *service, FILE *client)
{
    while (request_read(service, client)) {
        const char *const *answer = service->answers;

        for (int i = service->requests++; i > 0 && answer[1]; i--)
            answer++;
        if (!**answer)
            return;
        fputs(*answer, client);
        fflush(client);
        if (!strstr(*answer, "Content-Length") && !strstr(*answer, " 204 "))
            return;
    }
}

static void *service_run(void *closure)
{
    struct service *service = closure;
    int fd;

    while ((fd = accept(service->listener, NULL, NULL)) >= 0) {
        FILE *client = fdopen(fd, "r+");

        setvbuf(client, NULL, _IONBF, 0);
        service->connections++;
        service_talk(service, client);
        fclose(client);
    }
    return NULL;
}

static int service_free(struct service *service)
{
    shutdown(service->listener, SHUT_RDWR);
    pthread_join(service->thread, NULL);
    close(service->listener);
    return 0;
}

static struct service *service_new(void *ctx, const char *const *answers)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct service *service = NEW(ctx, struct service);
    socklen_t length = sizeof address;

    service->answers = answers;
    service->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(service->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(service->listener, 8), 0);
    ck_assert_int_eq(getsockname(service->listener, (struct sockaddr *)&address, &length), 0);
    service->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&service->thread, NULL, service_run, service), 0);
    talloc_set_destructor(service, service_free);
    return service;
}

static struct config *config_of(void *ctx, const struct service *service)
{
    struct config *config = NEW(ctx, struct config);

    config->openai_url = service ? FORMAT(config, "http://127.0.0.1:%d/v1", service->port) : "";
    config->openai_key = "key-of-ours";
    config->gemini_url = config->gemini_key = config->replicate_url = config->replicate_key = "";
    config->stripe_url = config->stripe_key = config->twilio_url = config->twilio_token = "";
    config->twilio_account = config->sandbox_url = "";
    return config;
}

static struct provider_call *made(void *ctx, const struct config *config, const struct provider_request *request)
{
    struct provider_call *call;

    ck_assert_int_eq(provider_prepare(ctx, config, provider_find("openai"), request, &call), 0);
    provider_perform(call);
    return call;
}

#define ANSWER(status, headers, length, body)                                                                          \
    "HTTP/1.1 " status "\r\n" headers "Content-Length: " length "\r\n\r\n" body

static const struct {
    const char *answer;
    enum provider_verdict plain, effect; /* without effect, with it */
    int retry_after;
} meanings[] = {
    { ANSWER("200 OK", "", "8", "{\"a\": 1}"), PROVIDER_DONE, PROVIDER_DONE, -1 },
    { "HTTP/1.1 204 No Content\r\n\r\n", PROVIDER_DONE, PROVIDER_DONE, -1 },
    { ANSWER("200 OK", "", "5", "hello"), PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\": 1}", PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { ANSWER("302 Found", "Location: http://127.0.0.1:1/\r\n", "0", ""), PROVIDER_NEVER, PROVIDER_NEVER, -1 },
    { ANSWER("400 Bad", "", "2", "{}"), PROVIDER_NEVER, PROVIDER_NEVER, -1 },
    { ANSWER("401 No", "", "2", "{}"), PROVIDER_NEVER, PROVIDER_NEVER, -1 },
    { ANSWER("404 No", "", "2", "{}"), PROVIDER_NEVER, PROVIDER_NEVER, -1 },
    { ANSWER("408 Slow", "", "2", "{}"), PROVIDER_LATER, PROVIDER_LATER, -1 },
    { ANSWER("409 Twin", "", "2", "{}"), PROVIDER_NEVER, PROVIDER_NEVER, -1 },
    { ANSWER("429 Many", "Retry-After: 7\r\n", "2", "{}"), PROVIDER_LIMITED, PROVIDER_LIMITED, 7 },
    { ANSWER("429 Many", "", "2", "{}"), PROVIDER_LIMITED, PROVIDER_LIMITED, 5 },
    { ANSWER("429 Many", "Retry-After: 31536000\r\n", "2", "{}"), PROVIDER_LIMITED, PROVIDER_LIMITED, 3600 },
    { ANSWER("429 Broke", "", "40", "{\"error\": {\"code\":\"insufficient_quota\"}}"), PROVIDER_NEVER, PROVIDER_NEVER,
      -1 },
    { ANSWER("429 Many", "", "41", "{\"error\": {\"code\":\"rate_limit_exceeded\"}}"), PROVIDER_LIMITED,
      PROVIDER_LIMITED, 5 },
    { ANSWER("500 Oh", "", "2", "{}"), PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { ANSWER("502 Oh", "", "4", "<p/>"), PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { ANSWER("503 Oh", "", "2", "{}"), PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { ANSWER("503 Oh", "Retry-After: 90\r\n", "2", "{}"), PROVIDER_LIMITED, PROVIDER_LIMITED, 90 },
    { ANSWER("504 Oh", "", "2", "{}"), PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { "", PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { "HTTP/1.1 2", PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
    { "SSH-2.0-hello\r\n", PROVIDER_LATER, PROVIDER_UNKNOWN, -1 },
};

START_TEST(every_answer_has_its_meaning)
{
    for (size_t i = 0; i < ELEMENTS(meanings); i++)
        for (int effect = 0; effect < 2; effect++) {
            autotalloc void *ctx = talloc_new(NULL);
            const char *const answers[] = { meanings[i].answer, NULL };
            struct service *service = service_new(ctx, answers);
            const struct provider_request request = {
                .method = PROVIDER_POST, .path = "/x", .body = "{}", .length = 2, .effect = effect
            };
            struct provider_call *call = made(ctx, config_of(ctx, service), &request);

            ck_assert_msg(call->verdict == (effect ? meanings[i].effect : meanings[i].plain),
                          "row %zu, effect %d: %d (%s)", i, effect, (int)call->verdict, call->why ? call->why : "");
            ck_assert_int_eq(call->retry_after, meanings[i].retry_after);
            ck_assert_int_eq(service->requests, 1);
            ck_assert((call->verdict == PROVIDER_DONE) == !call->why);
            talloc_free(call);
        }
}
END_TEST

START_TEST(what_is_said_is_written_as_asked)
{
    static const char *const answers[] = {
        ANSWER("200 OK", "x-request-id: req_1\r\nx-ratelimit-remaining-requests: 41\r\n", "2", "{}"), NULL
    };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers);
    json_auto_t *body = json_pack("{s:i}", "n", 1);
    const struct provider_request request = {
        .method = PROVIDER_POST, .path = "/x?a=1", .json = body, .idempotency = "job-1"
    };
    struct provider_call *call = made(ctx, config_of(ctx, service), &request);

    ck_assert_str_eq(call->id, "req_1");
    ck_assert_int_eq(call->remaining, 41);
    ck_assert_str_eq(service->body, "{\"n\":1}");
    ck_assert_ptr_nonnull(strstr(service->head, "POST /v1/x?a=1 HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(service->head, "Authorization: Bearer key-of-ours\r\n"));
    ck_assert_ptr_nonnull(strstr(service->head, "Idempotency-Key: job-1\r\n"));
    ck_assert_ptr_nonnull(strstr(service->head, "Content-Type: application/json\r\n"));
    talloc_free(call);
}
END_TEST

/* A twin of a call that has an Idempotency-Key is still under way: its answer will come. */
START_TEST(a_twin_under_way_is_waited_for)
{
    static const char *const answers[] = { ANSWER("409 Twin", "", "2", "{}"), NULL };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers);
    const struct provider_request request = { .method = PROVIDER_POST, .path = "/x", .idempotency = "job-1" };
    struct provider_call *call = made(ctx, config_of(ctx, service), &request);

    ck_assert_int_eq(call->verdict, PROVIDER_LATER);
    talloc_free(call);
}
END_TEST

START_TEST(the_key_goes_to_its_service_only)
{
    static const char *const answers[] = { ANSWER("200 OK", "", "3", "PNG"), NULL };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers), *other = service_new(ctx, answers);
    struct provider_request request = { .url = FORMAT(ctx, "http://127.0.0.1:%d/v1evil", service->port), .raw = true };
    struct provider_call *call = made(ctx, config_of(ctx, service), &request);

    ck_assert_int_eq(call->verdict, PROVIDER_DONE);
    ck_assert_str_eq(call->bytes, "PNG");
    ck_assert_ptr_null(strstr(service->head, "Authorization"));
    talloc_free(call);
    request.url = FORMAT(ctx, "http://127.0.0.1:%d/v1/x", other->port);
    call = made(ctx, config_of(ctx, service), &request);
    ck_assert_ptr_null(strstr(other->head, "Authorization"));
    talloc_free(call);
}
END_TEST

/* An answer names a place that is ours alone. */
START_TEST(a_place_that_is_not_public_is_not_called)
{
    static const char *const answers[] = { ANSWER("200 OK", "", "3", "PNG"), NULL };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers);
    struct config *config = config_of(ctx, NULL);
    struct provider_request request = { .url = FORMAT(ctx, "https://127.0.0.1:%d/x", service->port), .raw = true };
    struct provider_call *call;

    config->openai_url = "https://api.openai.com/v1";
    call = made(ctx, config, &request);
    ck_assert_int_eq(call->verdict, PROVIDER_LATER);
    ck_assert_int_eq(service->connections, 0);
    talloc_free(call);
}
END_TEST

START_TEST(an_answer_has_a_bound)
{
    static const char *const answers[] = { ANSWER("200 OK", "", "12", "{\"a\": \"xyz\"}"), NULL };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers);
    struct provider_request request = { .path = "/x", .max = 11 };
    struct provider_call *call = made(ctx, config_of(ctx, service), &request);

    ck_assert_int_eq(call->verdict, PROVIDER_NEVER);
    talloc_free(call);
    request.max = 12;
    call = made(ctx, config_of(ctx, service), &request);
    ck_assert_int_eq(call->verdict, PROVIDER_DONE);
    talloc_free(call);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = config_of(ctx, NULL);
    struct provider_request request = { .method = PROVIDER_POST, .path = "/x", .idempotency = "a\r\nX-Evil: 1" };
    struct provider_call *call;

    ck_assert_int_eq(provider_prepare(ctx, config, provider_find("openai"), &request, &call), -EINVAL);
    request.idempotency = NULL;
    ck_assert_int_eq(provider_prepare(ctx, config, provider_find("gemini"), &request, &call), -ENOTSUP);
    ck_assert_int_eq(provider_prepare(ctx, config, provider_find("twilio"), &request, &call), -ENOTSUP);
    config->sandbox = true;
    ck_assert(!provider_configured(config, provider_find("gemini")));
    config->sandbox_url = "http://127.0.0.1:1";
    ck_assert(provider_configured(config, provider_find("gemini")));
    ck_assert_str_eq(provider_base(ctx, config, provider_find("twilio")), "http://127.0.0.1:1/twilio/2010-04-01");
    ck_assert_ptr_null(provider_find("nobody"));
}
END_TEST

/* Nobody listens: nothing was sent, so it is no unknown outcome. */
START_TEST(a_connection_that_was_never_made_leaves_nothing_unknown)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = config_of(ctx, NULL);
    const struct provider_request request = { .method = PROVIDER_POST, .path = "/x", .effect = true };
    struct provider_call *call;

    config->openai_url = "http://127.0.0.1:1/v1";
    call = made(ctx, config, &request);
    ck_assert_int_eq(call->verdict, PROVIDER_LATER);
    ck_assert_ptr_nonnull(call->why);
    talloc_free(call);
}
END_TEST

static void note(void *closure)
{
    *(bool *)closure = true;
}

/* One after the other, over the connection that transfers keeps. */
static enum provider_verdict started(struct transfers *transfers, const struct config *config,
                                     const struct provider_request *request)
{
    struct provider_call *call;
    bool ended = false;
    enum provider_verdict verdict;

    ck_assert_int_eq(provider_prepare(transfers, config, provider_find("openai"), request, &call), 0);
    ck_assert_int_eq(provider_start(call, transfers, note, &ended), 0);
    while (!ended)
        ck_assert_int_ge(transfers_wait(transfers, NULL, 0, 1000), 0);
    verdict = call->verdict;
    talloc_free(call);
    return verdict;
}

/* The second request goes over a connection that breaks instead of an answer. curl would send it anew. */
START_TEST(what_has_effect_is_never_sent_again_by_itself)
{
    static const char *const answers[] = { ANSWER("200 OK", "", "2", "{}"), "", ANSWER("200 OK", "", "2", "{}"), NULL };

    for (int effect = 0; effect < 2; effect++) {
        autotalloc void *ctx = talloc_new(NULL);
        struct service *service = service_new(ctx, answers);
        struct config *config = config_of(ctx, service);
        struct transfers *transfers = transfers_new(ctx);
        const struct provider_request request = {
            .method = PROVIDER_POST, .path = "/x", .body = "{}", .length = 2, .effect = effect
        };

        ck_assert_int_eq(started(transfers, config, &request), PROVIDER_DONE);
        ck_assert_int_eq(started(transfers, config, &request), effect ? PROVIDER_UNKNOWN : PROVIDER_DONE);
        ck_assert_int_eq(service->requests, effect ? 2 : 3);
        talloc_free(transfers);
    }
}
END_TEST

START_TEST(freeing_a_call_ends_it)
{
    static const char *const answers[] = { ANSWER("200 OK", "", "2", "{}"), NULL };
    autotalloc void *ctx = talloc_new(NULL);
    struct service *service = service_new(ctx, answers);
    struct transfers *transfers = transfers_new(ctx);
    const struct provider_request request = { .path = "/x" };
    struct provider_call *call;
    bool ended = false;

    ck_assert_int_eq(provider_prepare(ctx, config_of(ctx, service), provider_find("openai"), &request, &call), 0);
    ck_assert_int_eq(provider_start(call, transfers, note, &ended), 0);
    ck_assert_uint_eq(transfers_count(transfers), 1);
    talloc_free(call);
    ck_assert_uint_eq(transfers_count(transfers), 0);
    ck_assert(!ended);
    talloc_free(transfers);
}
END_TEST

SUITE(provider)
{
    tcase_add_test(tests, every_answer_has_its_meaning);
    tcase_add_test(tests, what_is_said_is_written_as_asked);
    tcase_add_test(tests, a_twin_under_way_is_waited_for);
    tcase_add_test(tests, the_key_goes_to_its_service_only);
    tcase_add_test(tests, a_place_that_is_not_public_is_not_called);
    tcase_add_test(tests, an_answer_has_a_bound);
    tcase_add_test(tests, what_cannot_be_sent_is_refused);
    tcase_add_test(tests, a_connection_that_was_never_made_leaves_nothing_unknown);
    tcase_add_test(tests, what_has_effect_is_never_sent_again_by_itself);
    tcase_add_test(tests, freeing_a_call_ends_it);
}
