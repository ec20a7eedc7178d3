/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-front: serves every product's API over FastCGI or plain CGI. How it was started tells the transport: a
 * socket inherited from systemd, or else front.socket: the event transport; a FastCGI socket on descriptor 0 or a
 * CGI environment: libfcgi's. `millrace-front --endpoints` and
 * `--openapi` serve nothing: they tell what would be served. */
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "fcgi/asset.h"
#include "fcgi/openapi.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYSTEMD_FIRST_FD = 3 };

/* A signal that ends the loop: at once when nothing is open, else when the last request has been answered. */
struct stopper {
    struct source source;
    struct loop *loop;
    struct transport *transport;
};

static void drained(void *closure)
{
    loop_stop(closure);
}

static void signal_came(struct source *source, uint32_t events)
{
    struct stopper *stopper = OWNER(source, struct stopper, source);
    struct signalfd_siginfo signal;

    (void)events;
    if (read(source->fd, &signal, sizeof signal) != sizeof signal)
        return;
    log_info("front.stop", "open=%d", transport_open_requests(stopper->transport));
    transport_drain(stopper->transport, drained, stopper->loop);
}

static int watch_signals(struct stopper *stopper)
{
    sigset_t signals;
    int fd;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    stopper->source.ready = signal_came;
    return loop_watch(stopper->loop, &stopper->source, fd, 1 /* EPOLLIN */);
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
    struct stopper stopper = { .loop = loop };
    struct transport_handler handler = server_handler(server);
    int r = transport_event_new(ctx, loop, server->pool, config->front_socket, inherited_socket(), &handler,
                                &stopper.transport);

    if (r < 0) {
        log_error("front.socket", "path=%s error=%s", config->front_socket, strerror(-r));
        return r;
    }
    r = watch_signals(&stopper);
    if (r < 0)
        return r;
    server->pages = assets_load(server, config->front_pages); /* a loop may not read files; others do when asked */
    log_info("front.start", "socket=%s", config->front_socket);
    loop_run(loop);
    loop_forget(loop, &stopper.source);
    return 0;
}

/* --openapi PRODUCT [BASE] */
static int print_description(const char *product, const char *base)
{
    int r = openapi_print(product, base ? base : "/", stdout);

    if (r < 0)
        fprintf(stderr, "millrace-front: %s: %s\n", product, r == -ENOENT ? "there is no such product" : strerror(-r));
    return r < 0;
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
    r = loop_new(ctx, &loop);
    if (r == 0)
        r = server_new(ctx, config, loop, &server);
    if (r < 0) {
        log_error("front.start", "error=%s", strerror(-r));
        return 1;
    }
    if (inherited_socket() < 0 && started_by_web_server()) {
        struct transport_handler handler = server_handler(server);
        r = transport_libfcgi_run(ctx, loop, &handler);
    } else {
        r = serve_events(ctx, config, loop, server);
    }
    return r < 0;
}
