/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/wire/body.h"
#include "fcgi/wire/transport_private.h"
#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <unistd.h>

enum { BLOCK_SIZE = 64 * 1024, PROTOCOL_ERROR = -3 /* FCGX_GetError: the stream ended before its end record */ };

extern char **environ;

/* How a request's bytes come and go: FastCGI by libfcgi, or plain CGI. closure is the FCGX_Request. */
struct io {
    size_t (*read)(FCGX_Request *request, char *block, size_t n); /* 0: the end */
    bool (*is_cut)(FCGX_Request *request);
    bool (*write)(FCGX_Request *request, const char *bytes, size_t n); /* false: the client has gone */
    void (*flush)(FCGX_Request *request);
};

struct host {
    struct client client; /* first */
    const struct io *io;
    FCGX_Request request;
    bool replied;
};

/* ---- libfcgi ---- */

static size_t fcgx_read(FCGX_Request *request, char *block, size_t n)
{
    int got = FCGX_GetStr(block, (int)n, request->in);
    return got > 0 ? (size_t)got : 0;
}

static bool fcgx_is_cut(FCGX_Request *request)
{
    return FCGX_GetError(request->in) == PROTOCOL_ERROR;
}

static bool fcgx_write(FCGX_Request *request, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t part = n - at < BLOCK_SIZE ? n - at : BLOCK_SIZE;
        if (FCGX_PutStr(bytes + at, (int)part, request->out) < 0)
            return false;
        at += part;
    }
    return true;
}

static void fcgx_flush(FCGX_Request *request)
{
    FCGX_Finish_r(request);
}

static const struct io fcgx_io = { fcgx_read, fcgx_is_cut, fcgx_write, fcgx_flush };

/* ---- plain CGI ---- */

static size_t cgi_read(FCGX_Request *request, char *block, size_t n)
{
    ssize_t got;

    (void)request;
    do
        got = read(STDIN_FILENO, block, n);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

static bool cgi_is_cut(FCGX_Request *request)
{
    (void)request;
    return false; /* its length tells */
}

static bool cgi_write(FCGX_Request *request, const char *bytes, size_t n)
{
    (void)request;
    return fwrite(bytes, 1, n, stdout) == n;
}

static void cgi_flush(FCGX_Request *request)
{
    (void)request;
    fflush(stdout);
}

static const struct io cgi_io = { cgi_read, cgi_is_cut, cgi_write, cgi_flush };

/* ---- one request ---- */

static void host_send_file(struct host *host, const struct piece *file)
{
    autofree char *bytes = memory_check(malloc(PIECE_SIZE));
    struct piece piece = *file;
    size_t n;

    while ((n = piece_read(&piece, bytes)) > 0)
        if (!host->io->write(&host->request, bytes, n))
            piece.length = 0;
}

static void host_reply(struct client *client, const struct outgoing *outgoing)
{
    struct host *host = OWNER(client, struct host, client);
    size_t n;
    autofree char *head = outgoing_head(outgoing, &n);

    host->io->write(&host->request, head, n);
    if (outgoing->body_length)
        host->io->write(&host->request, outgoing->body, outgoing->body_length);
    if (outgoing->file)
        host_send_file(host, outgoing->file);
    host->io->flush(&host->request);
    host->replied = true;
}

/* The environment of a CGI program, or what libfcgi has made of the parameters: NAME=value, ends with a NULL. */
static void incoming_environment(struct incoming *incoming, char *const *environment)
{
    int count = 0;
    const char **texts;

    while (environment && environment[count])
        count++;
    texts = memory_check(talloc_zero_array(incoming->ctx, const char *, (unsigned)count * 2));
    for (int i = 0; i < count; i++) {
        char *name = COPY(texts, environment[i]), *equals = strchr(name, '=');

        texts[i] = name;
        texts[count + i] = equals ? equals + 1 : name + strlen(name);
        if (equals)
            *equals = '\0';
    }
    incoming->names = texts;
    incoming->values = texts + count;
    incoming->count = count;
}

/* Not more than CONTENT_LENGTH is read: a CGI host need not close the pipe behind it. Of a body that came in chunks
 * there is none, and its end is the end. */
static void host_body(struct host *host, const struct transport_handler *handler, struct incoming *incoming)
{
    const char *expected = incoming_param(incoming, "CONTENT_LENGTH");
    bool chunked = !expected && incoming_param(incoming, "HTTP_TRANSFER_ENCODING");
    size_t left = expected ? (size_t)strtoull(expected, NULL, 10) : chunked ? SIZE_MAX : 0, n;
    autofree char *block = memory_check(malloc(BLOCK_SIZE));
    struct body body;

    body_init(&body, handler->body_limit(handler->closure, incoming));
    for (; left > 0; left -= n) {
        n = host->io->read(&host->request, block, left < BLOCK_SIZE ? left : BLOCK_SIZE);
        if (!n)
            break;
        body_add(&body, block, n);
        if (body_is_full(&body))
            body_write(&body);
    }
    if (!body_is_settled(&body))
        body_write(&body);
    body_finish(&body, expected, incoming);
    if (incoming->body_state == BODY_WHOLE && left && host->io->is_cut(&host->request))
        incoming->body_state = BODY_CUT;
}

static int host_serve(struct host *host, struct loop *loop, const struct transport_handler *handler,
                      char *const *environment)
{
    void *ctx = memory_check(talloc_new(NULL));
    struct incoming *incoming = NEW(ctx, struct incoming);
    int r;

    incoming->ctx = ctx;
    host->replied = false;
    incoming_environment(incoming, environment);
    host_body(host, handler, incoming);
    r = loop_round(loop, false); /* the clock has stood still, and connections may have been lost, since the last */
    handler->request(handler->closure, incoming, &host->client);
    while (r == 0 && !host->replied)
        r = loop_round(loop, true);
    return r < 0 ? r : loop_round(loop, false); /* what the request has left to be sent */
}

/* ---- between requests ---- */

static volatile sig_atomic_t stopping;

/* Again every second: a signal that comes just before accept() begins to wait would not interrupt it. */
static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
    FCGX_ShutdownPending();
    alarm(1);
}

/* After FCGX_Init, which puts handlers of its own in place. */
static void signals_set(void)
{
    struct sigaction action = { .sa_handler = stop }; /* without SA_RESTART */

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL); /* what some hosts stop a program with */
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int transport_libfcgi_run(void *ctx, struct loop *loop, const struct transport_handler *handler)
{
    struct host *host = NEW(ctx, struct host);
    int r = 0;

    host->client.reply = host_reply;
    if (FCGX_IsCGI()) {
        if (!getenv("REQUEST_METHOD"))
            return -EINVAL; /* neither: started by hand */
        host->io = &cgi_io;
        return host_serve(host, loop, handler, environ);
    }
    host->io = &fcgx_io;
    if (FCGX_Init() != 0 || FCGX_InitRequest(&host->request, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        return -EIO;
    signals_set();
    while (r == 0 && !stopping && FCGX_Accept_r(&host->request) == 0)
        r = host_serve(host, loop, handler, host->request.envp);
    FCGX_Free(&host->request, 1);
    alarm(0);
    return r;
}
