/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-front: serves every product's API over FastCGI or plain CGI. How it was started tells the transport: a
 * socket inherited from systemd, or else front.socket: the event transport; a FastCGI socket on descriptor 0 or a
 * CGI environment: libfcgi's. `millrace-front --endpoints` and
 * `--openapi` serve nothing: they tell what would be served. */
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/signals.h"
#include "fcgi/asset.h"
#include "fcgi/describe/openapi.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "fcgi/statistics.h"
#include "fcgi/steps/parking.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYSTEMD_FIRST_FD = 3 };

/* Signals. Those that end the loop do so when the last request has been answered and the statistics are written;
 * SIGHUP has the configuration read anew. */
struct signals {
    struct source source;
    struct loop *loop;
    struct transport *transport;
    struct server *server;
};

static void written(void *closure)
{
    loop_stop(closure);
}

static void drained(void *closure)
{
    struct signals *signals = closure;
    statistics_finish(signals->server->statistics, written, signals->loop);
}

static void reload(struct server *server)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *why;

    if (server_reload(server, ctx, &why) < 0)
        log_error("front.reload", "error=%s: all stays as it was", why);
    else
        log_info("front.reload", "file=%s", server->config->file ? server->config->file : "-");
}

static void signal_came(struct source *source, uint32_t events)
{
    struct signals *signals = OWNER(source, struct signals, source);
    int number = signals_next(source->fd);

    (void)events;
    if (number == SIGHUP)
        reload(signals->server);
    if (number == SIGHUP || number == 0)
        return;
    log_info("front.stop", "open=%d", transport_open_requests(signals->transport));
    parking_end(signals->server->parking);
    transport_drain(signals->transport, drained, signals);
}

/* Descriptor 3 when systemd passed us exactly our socket, else -1. */
static int inherited_socket(void)
{
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    if (!count || !pid || strtol(pid, NULL, 10) != getpid() || strtol(count, NULL, 10) < 1)
        return -1;
    return SYSTEMD_FIRST_FD;
}

/* A web server gave us a FastCGI socket on descriptor 0, or called us as a CGI program. */
static bool started_by_web_server(void)
{
    struct stat is;
    return getenv("GATEWAY_INTERFACE") || getenv("REQUEST_METHOD") || (fstat(0, &is) == 0 && S_ISSOCK(is.st_mode));
}

static int serve_events(void *ctx, const struct config *config, struct loop *loop, struct server *server)
{
    struct signals signals = { .source.ready = signal_came, .loop = loop, .server = server };
    struct transport_handler handler = server_handler(server);
    int r = transport_event_new(ctx, loop, server->pool, config->front_socket, inherited_socket(), &handler,
                                &signals.transport);

    if (r < 0) {
        log_error("front.socket", "path=%s error=%s", config->front_socket, strerror(-r));
        return r;
    }
    r = SIGNALS_OPEN(SIGTERM, SIGINT, SIGHUP);
    if (r >= 0)
        r = loop_watch(loop, &signals.source, r, EPOLLIN);
    if (r < 0)
        return r;
    server->pages = assets_load(server, config->front_pages); /* a loop may not read files; others do when asked */
    log_info("front.start", "socket=%s", config->front_socket);
    loop_run(loop);
    loop_forget(loop, &signals.source);
    return 0;
}

static void patience_over(struct timer *timer)
{
    timer->due = NULL;
}

/* As CGI, the first request is there before any connection: without Redis it would count for itself, so that nobody
 * would be limited. Redis is given the time that an answer of it is given. */
static int wait_for_redis(const struct config *config, struct loop *loop, struct server *server)
{
    struct redis_link *link = queue_links_main(server->redis);
    struct timer patience = { .due = patience_over };
    int r = 0;

    loop_timer_set(loop, &patience, (uint64_t)config->redis_timeout);
    while (r == 0 && patience.due && !redis_link_up(link))
        r = loop_round(loop, true);
    loop_timer_clear(loop, &patience);
    return r;
}

/* One request at a time, for a host that wants it so. What a CGI program has printed is taken for whole when its end is
 * closed, so that nobody waits for the statistics. */
static int serve_host(void *ctx, const struct config *config, struct loop *loop, struct server *server)
{
    struct transport_handler handler = server_handler(server);
    int r = wait_for_redis(config, loop, server);

    if (r == 0)
        r = transport_libfcgi_run(ctx, loop, &handler);
    if (!freopen("/dev/null", "w", stdout))
        log_warning("front.stdout", "error=%s", strerror(errno));
    statistics_finish(server->statistics, written, loop);
    loop_run(loop);
    return r;
}

/* --openapi PRODUCT [BASE] */
static int print_description(const char *product, const char *base)
{
    int r = openapi_print(product, base ? base : "/", stdout);

    if (r < 0)
        fprintf(stderr, "millrace-front: %s: %s\n", product, r == -ENOENT ? "there is no such product" : strerror(-r));
    return r < 0;
}

/* An answer of 60 KB is taken from the top of the heap three times over: given back to the kernel after each, it would
 * come again page by page. */
static void keep_memory(void)
{
    enum { KEPT = 512 * 1024 };

    mallopt(M_TRIM_THRESHOLD, KEPT);
    mallopt(M_MMAP_THRESHOLD, KEPT);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config *config;
    struct server *server;
    struct loop *loop;
    char **words;
    int status, r;

    if (argc == 2 && !strcmp(argv[1], "--endpoints"))
        return describe_rows(stdout) < 0;
    if ((argc == 3 || argc == 4) && !strcmp(argv[1], "--openapi"))
        return print_description(argv[2], argv[3]);
    config =
        program_start(ctx, "millrace-front", "| --endpoints | --openapi PRODUCT [BASE]", argc, argv, &words, &status);
    if (!config)
        return status;
    keep_memory();
    r = loop_new(ctx, &loop);
    if (r == 0)
        r = server_new(ctx, config, loop, &server);
    if (r < 0) {
        log_error("front.start", "error=%s", strerror(-r));
        return 1;
    }
    if (inherited_socket() < 0 && started_by_web_server())
        r = serve_host(ctx, config, loop, server);
    else
        r = serve_events(ctx, config, loop, server);
    return r < 0;
}
