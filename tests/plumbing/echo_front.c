/* SPDX-License-Identifier: GPL-3.0-or-later
 * A front with nothing but plumbing, for test_plumbing.py: loop, event transport, lanes, link to Redis, pool.
 *   echo_front SOCKET CONNINFO REDIS        (SOCKET "-": the libfcgi transport on descriptor 0, or plain CGI)
 * A request's route is its REQUEST_URI up to "?"; its argument is what follows. */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/lanes/lanes.h"
#include "fcgi/lanes/redis_link.h"
#include "fcgi/wire/pool.h"
#include "fcgi/wire/transport.h"
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BODY_LIMIT = 8 * 1024 * 1024, QUEUE_LIMIT = 500, QUEUE_AGE = 1500, TIMEOUT = 2000, REDIS_TIMEOUT = 500 };

struct front {
    struct loop *loop;
    struct lanes *lanes;
    struct redis_link *redis;
    struct transport *transport;
    struct source signals;
    int requests, gone;
};

struct request {
    struct front *front;
    struct incoming *incoming;
    struct client *client; /* NULL: gone */
    const struct route *route;
    const char *argument;
    const char *values[2];
    struct exchange exchange;
    struct ask ask;
    struct lease lease;
    int step;
};

struct route {
    const char *path;
    void (*run)(struct request *rq);
    enum lane lane;
    bool changes;                                  /* not idempotent */
    const struct statement *calls[EXCHANGE_CALLS]; /* each takes the argument */
};

static const char *const argument_name[] = { "argument" };
#define STATEMENT(label, sql, parameters)                                                                              \
    static const struct statement label = { .name = #label, .text = sql, .count = parameters, .names = argument_name }
STATEMENT(add, "select $1::int + 1", 1);
STATEMENT(nap, "select $1::text, pg_sleep($1::text::float8 / 1000)", 1);
STATEMENT(divide, "select 1 / $1::int", 1);
STATEMENT(refused, "select plumbing_refuse($1)", 1);
STATEMENT(note, "insert into plumbing_note (text) values ($1) returning text", 1);
STATEMENT(once, "insert into plumbing_once (text) values ($1) returning text", 1);
STATEMENT(star, "select * from plumbing_shape where text <> $1", 1);
STATEMENT(broken, "selec $1", 1);
STATEMENT(setting, "select current_setting($1)", 1);
STATEMENT(begin, "begin", 0);
STATEMENT(commit, "commit", 0);

static const struct library counting = { "counting", "#!lua name=counting\n"
                                                     "redis.register_function('counting_up', function(keys, words)"
                                                     " return redis.call('INCRBY', keys[1], words[1]) end)" };
static const struct library reading = { "reading", "#!lua name=reading\n"
                                                   "redis.register_function('reading_get', function(keys)"
                                                   " return redis.call('GET', keys[1]) end)" };
static const struct script count_up = { &counting, "counting_up" }, get = { &reading, "reading_get" };

static void request_free(struct request *rq)
{
    exchange_clear(&rq->exchange);
    talloc_free(rq->incoming->ctx);
}

static void answer_bytes(struct request *rq, int status, const char *body, size_t length)
{
    if (rq->client)
        transport_reply(rq->client, &(struct outgoing){ .status = status,
                                                        .headers = "Content-Type: text/plain\r\n",
                                                        .body = body,
                                                        .body_length = length });
    request_free(rq);
}

static void answer(struct request *rq, int status, const char *body)
{
    answer_bytes(rq, status, body, strlen(body));
}

/* ---- without anything behind it ---- */

static void run_hello(struct request *rq)
{
    answer(rq, 200, FORMAT(rq, "hello %s", rq->argument));
}

static void run_none(struct request *rq)
{
    answer(rq, rq->incoming->head_too_large ? 431 : 404, "none");
}

/* Length, state, where it lies, and a 64-bit FNV-1a of the body. */
static void run_body(struct request *rq)
{
    static const char *const states[] = { [BODY_WHOLE] = "whole", [BODY_CUT] = "cut", [BODY_TOO_LARGE] = "large" };
    static unsigned char block[65536];
    uint64_t hash = 14695981039346656037u;
    size_t at = 0;
    ssize_t n;

    for (; rq->incoming->body && at < rq->incoming->body_length; at++)
        hash = (hash ^ (unsigned char)rq->incoming->body[at]) * 1099511628211u;
    while (rq->incoming->body_fd >= 0 && (n = read(rq->incoming->body_fd, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            hash = (hash ^ block[i]) * 1099511628211u;
    assert(at == rq->incoming->body_length);
    answer(rq, rq->incoming->body_state == BODY_WHOLE ? 200 : 413,
           FORMAT(rq, "%zu %s %s %016llx", at, states[rq->incoming->body_state],
                  rq->incoming->body_fd >= 0 ? "file" : "memory", (unsigned long long)hash));
}

static void run_long(struct request *rq)
{
    size_t length = (size_t)strtoul(rq->argument, NULL, 10);
    char *body = memory_check(talloc_size(rq, length));

    for (size_t i = 0; i < length; i++)
        body[i] = (char)('a' + i % 26);
    answer_bytes(rq, 200, body, length);
}

static void run_file(struct request *rq) /* OFFSET:LENGTH:PATH */
{
    char *at = strchr(rq->argument, ':') + 1, *path = strchr(at, ':') + 1;
    struct piece piece = { open(path, O_RDONLY | O_CLOEXEC), strtoull(rq->argument, NULL, 10), strtoull(at, NULL, 10) };

    transport_reply(rq->client,
                    &(struct outgoing){ .status = 200, .body = "file: ", .body_length = 6, .file = &piece });
    request_free(rq);
}

static void run_state(struct request *rq)
{
    struct front *front = rq->front;
    struct loop_lag lag = loop_lag_take(front->loop);

    answer(rq, 200,
           FORMAT(rq, "worst_cpu_us=%llu blocked=%llu requests=%d gone=%d open=%d fast=%d slow=%d redis=%d",
                  (unsigned long long)lag.worst_cpu_us, (unsigned long long)lag.blocked, front->requests, front->gone,
                  front->transport ? transport_open_requests(front->transport) : 1,
                  lanes_ready(front->lanes, LANE_FAST), lanes_ready(front->lanes, LANE_SLOW),
                  redis_link_up(front->redis)));
}

/* ---- PostgreSQL ---- */

static void exchange_answer(struct request *rq)
{
    const struct exchange *exchange = &rq->exchange;

    if (exchange->error)
        answer(rq, error_status(exchange->error),
               FORMAT(rq, "%s %d %s|%s|%s", error_name(exchange->error), exchange->failed, exchange->sqlstate,
                      exchange->field ? exchange->field : "", exchange->message ? exchange->message : ""));
    else
        answer(rq, 200, PQgetvalue(exchange->calls[exchange->count - 1].rows, 0, 0));
}

static void sql_done(struct exchange *exchange)
{
    exchange_answer(OWNER(exchange, struct request, exchange));
}

static void exchange_fill(struct request *rq, const struct statement *const *calls)
{
    rq->exchange.ctx = rq;
    rq->exchange.count = 0;
    for (int i = 0; i < EXCHANGE_CALLS && calls[i]; i++) {
        rq->exchange.calls[i].statement = calls[i];
        rq->exchange.calls[i].values = rq->values;
        rq->exchange.count++;
    }
}

static void run_sql(struct request *rq)
{
    exchange_fill(rq, rq->route->calls);
    rq->exchange.idempotent = !rq->route->changes;
    rq->exchange.done = sql_done;
    lanes_send(rq->front->lanes, rq->route->lane, &rq->exchange);
}

/* ---- a leased transaction: begin, note, then commit, or nothing more when the argument is "drop" ---- */

static const struct statement *const lease_steps[] = { &begin, &note, &commit };

static void lease_step_done(struct exchange *exchange);

static void lease_next(struct request *rq)
{
    exchange_clear(&rq->exchange);
    exchange_fill(rq, (const struct statement *const[EXCHANGE_CALLS]){ lease_steps[rq->step++] });
    rq->exchange.done = lease_step_done;
    lease_send(&rq->lease, &rq->exchange);
}

static void lease_step_done(struct exchange *exchange)
{
    struct request *rq = OWNER(exchange, struct request, exchange);
    bool over =
        exchange->error || rq->step == ELEMENTS(lease_steps) || (rq->step == 2 && !strcmp(rq->argument, "drop"));

    if (!over) {
        lease_next(rq);
        return;
    }
    lease_end(rq->front->lanes, &rq->lease);
    answer(rq, error_status(exchange->error), exchange->error ? error_name(exchange->error) : "leased");
}

static void lease_held(struct lease *lease)
{
    struct request *rq = OWNER(lease, struct request, lease);

    if (lease->error)
        answer(rq, 503, "no lease");
    else
        lease_next(rq);
}

static void run_lease(struct request *rq)
{
    rq->lease.done = lease_held;
    lanes_lease(rq->front->lanes, &rq->lease);
}

/* ---- Redis ---- */

static void redis_done(struct ask *ask)
{
    struct request *rq = OWNER(ask, struct request, ask);

    if (!ask->reply)
        answer(rq, 503, "no redis");
    else if (ask->reply->type == REDIS_REPLY_ERROR)
        answer(rq, 500, ask->reply->str);
    else if (ask->reply->type == REDIS_REPLY_INTEGER)
        answer(rq, 200, FORMAT(rq, "%lld", ask->reply->integer));
    else
        answer(rq, 200, ask->reply->str ? ask->reply->str : "nil");
}

static void run_redis(struct request *rq)
{
    struct command command = { 0 };

    command_text(rq, &command, "ECHO");
    command_text(rq, &command, rq->argument);
    rq->ask.done = redis_done;
    redis_link_send(rq->front->redis, &rq->ask, &command);
}

static void run_count(struct request *rq)
{
    struct command command = { 0 };

    command_text(rq, &command, rq->argument);
    command_number(rq, &command, 1);
    rq->ask.done = redis_done;
    redis_link_call(rq->front->redis, &rq->ask, &count_up, 1, &command);
}

static void run_get(struct request *rq)
{
    struct command command = { 0 };

    command_text(rq, &command, rq->argument);
    rq->ask.done = redis_done;
    redis_link_call(rq->front->redis, &rq->ask, &get, 1, &command);
}

/* Redis first, then PostgreSQL: what most requests do. */
static void both_redis_done(struct ask *ask)
{
    struct request *rq = OWNER(ask, struct request, ask);

    if (!ask->reply || ask->reply->type == REDIS_REPLY_ERROR)
        answer(rq, 503, "no redis");
    else
        run_sql(rq);
}

static void run_both(struct request *rq)
{
    struct command command = { 0 };

    command_text(rq, &command, "both");
    command_number(rq, &command, 1);
    rq->ask.done = both_redis_done;
    redis_link_call(rq->front->redis, &rq->ask, &count_up, 1, &command);
}

/* ---- routes ---- */

static const struct route routes[] = {
    { .path = "/hello", .run = run_hello },
    { .path = "/body", .run = run_body },
    { .path = "/long", .run = run_long },
    { .path = "/file", .run = run_file },
    { .path = "/state", .run = run_state },
    { .path = "/sql", .run = run_sql, .calls = { &add } },
    { .path = "/slow", .run = run_sql, .lane = LANE_SLOW, .calls = { &nap } },
    { .path = "/nap", .run = run_sql, .calls = { &nap } },
    { .path = "/error", .run = run_sql, .calls = { &divide } },
    { .path = "/refused", .run = run_sql, .calls = { &refused } },
    { .path = "/broken", .run = run_sql, .calls = { &broken } },
    { .path = "/note", .run = run_sql, .changes = true, .calls = { &note } },
    { .path = "/notes", .run = run_sql, .changes = true, .calls = { &note, &nap } },
    { .path = "/napnote", .run = run_sql, .changes = true, .calls = { &nap, &note } },
    { .path = "/two", .run = run_sql, .changes = true, .calls = { &divide, &note } },
    { .path = "/undone", .run = run_sql, .changes = true, .calls = { &note, &divide } },
    { .path = "/once", .run = run_sql, .changes = true, .calls = { &once } },
    { .path = "/star", .run = run_sql, .calls = { &star } },
    { .path = "/setting", .run = run_sql, .calls = { &setting } },
    { .path = "/slowsetting", .run = run_sql, .lane = LANE_SLOW, .calls = { &setting } },
    { .path = "/lease", .run = run_lease },
    { .path = "/redis", .run = run_redis },
    { .path = "/count", .run = run_count },
    { .path = "/get", .run = run_get },
    { .path = "/both", .run = run_both, .calls = { &add } },
};
static const struct route no_route = { .path = "", .run = run_none };

static const struct route *route_find(const char *uri)
{
    size_t length = strcspn(uri, "?");

    for (size_t i = 0; i < ELEMENTS(routes); i++)
        if (strlen(routes[i].path) == length && !memcmp(routes[i].path, uri, length))
            return &routes[i];
    return &no_route;
}

static void *front_request(void *closure, struct incoming *incoming, struct client *client)
{
    struct request *rq = NEW(incoming->ctx, struct request);
    const char *uri = incoming_param(incoming, "REQUEST_URI"), *mark;

    if (!uri)
        uri = "";
    mark = strchr(uri, '?');
    rq->front = closure;
    rq->front->requests++;
    rq->incoming = incoming;
    rq->client = client;
    rq->argument = rq->values[0] = COPY(rq, mark ? mark + 1 : "");
    rq->route = incoming->head_too_large ? &no_route : route_find(uri);
    rq->route->run(rq);
    return rq;
}

static void front_gone(void *closure, void *handle)
{
    struct front *front = closure;
    struct request *rq = handle;

    rq->client = NULL; /* its statement goes on, and frees it when it is done */
    front->gone++;
}

static size_t front_body_limit(void *closure, const struct incoming *incoming)
{
    (void)closure;
    return incoming_param(incoming, "SMALL") ? 100 : BODY_LIMIT;
}

static void front_drained(void *closure)
{
    loop_stop(((struct front *)closure)->loop);
}

static void front_signal(struct source *source, uint32_t events)
{
    struct front *front = OWNER(source, struct front, signals);
    struct signalfd_siginfo signal_read;

    (void)events;
    if (read(source->fd, &signal_read, sizeof signal_read) > 0)
        transport_drain(front->transport, front_drained, front);
}

static void front_listen(void *ctx, struct front *front, const char *path, const struct transport_handler *handler)
{
    struct pool *pool;
    sigset_t term;
    int r;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    front->signals.ready = front_signal;
    r = loop_watch(front->loop, &front->signals, signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK), EPOLLIN);
    r |= pool_new(ctx, front->loop, 2, 16, &pool);
    assert(r == 0);
    r = transport_event_new(ctx, front->loop, pool, path, -1, handler, &front->transport);
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(-r));
        exit(1);
    }
    loop_run(front->loop);
}

int main(int argc, char **argv)
{
    static const char *const settings[] = { "plumbing.one", "it's; \"one\"", "plumbing.two", "", NULL };
    struct front front = { 0 };
    const struct transport_handler handler = { &front, front_request, front_gone, front_body_limit };
    autotalloc void *ctx = NULL;
    int r;

    if (argc != 4)
        return 2;
    memory_init();
    log_init("echo_front", LOG_WARNING);
    signal(SIGPIPE, SIG_IGN);
    ctx = talloc_new(NULL);
    r = loop_new(ctx, &front.loop);
    assert(r == 0);
    loop_measure(front.loop);
    r = lanes_new(ctx, front.loop,
                  &(struct lanes_options){ .conninfo = argv[2],
                                           .connections = { 2, 1, 2 },
                                           .statement_timeout = { TIMEOUT, TIMEOUT * 5, TIMEOUT },
                                           .queue_limit = QUEUE_LIMIT,
                                           .queue_age = QUEUE_AGE,
                                           .settings = settings },
                  &front.lanes);
    assert(r == 0);
    r = redis_link_new(ctx, front.loop, argv[3], REDIS_TIMEOUT, &front.redis);
    assert(r == 0);
    if (!strcmp(argv[1], "-"))
        return transport_libfcgi_run(ctx, front.loop, &handler) < 0;
    front_listen(ctx, &front, argv[1], &handler);
    close(front.signals.fd);
    return 0;
}
