/* SPDX-License-Identifier: GPL-3.0-or-later
 * The seam between how requests come in and how they are served. A transport gathers a whole request (parameters and
 * body), calls serve_request() and is called back by reply() once. Two transports: transport_event.c speaks FastCGI
 * itself on the loop (kept and multiplexed connections); transport_libfcgi.c is for plain CGI and for hosts that give
 * a process one request at a time. */
#ifndef MILLRACE_TRANSPORT_H
#define MILLRACE_TRANSPORT_H
#include "fcgi/wire/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What came in. Owned by the transport until reply() or serve_gone(). All strings are terminated. */
struct incoming {
    void *ctx;                /* talloc: lives and dies with the request; made by the transport, freed by serve */
    const char *const *names; /* parameters: REQUEST_METHOD, REQUEST_URI, HTTP_..., count of them */
    const char *const *values;
    int count;
    const char *body; /* up to 64 KiB in memory, else NULL and */
    int body_fd;      /* an unlinked file positioned at 0, or -1 */
    size_t body_length;
    enum { BODY_WHOLE, BODY_CUT, BODY_TOO_LARGE } body_state;
    bool head_too_large; /* there were more parameters than are taken: 431 is the answer. Those are the first of them */
};
const char *incoming_param(const struct incoming *incoming, const char *name); /* NULL when missing */

/* A part of a file. */
struct piece {
    int fd;
    uint64_t offset, length;
};

struct outgoing {
    int status;
    const char *headers; /* "Name: value\r\n" lines, without Status and without the empty line */
    const char *body;    /* copied by reply() */
    size_t body_length;
    const struct piece *file; /* what follows the body, or NULL; the descriptor is the transport's from reply() on */
};

struct pool;
struct transport;
struct client; /* the transport's own record of one request */

struct transport_handler {
    void *closure;
    /* A whole request is here. Returns the server's handle for it, to be given to gone(). */
    void *(*request)(void *closure, struct incoming *incoming, struct client *client);
    /* The client has gone away before the reply: reply() must not be called any more. */
    void (*gone)(void *closure, void *handle);
    /* The most bytes a body of this method and uri may have; asked when the parameters are complete. */
    size_t (*body_limit)(void *closure, const struct incoming *incoming);
};

/* The event transport: listens on path (made with mode 0660; an inherited descriptor when fd >= 0). Connections are
 * bounded by the limit on descriptors, requests by 1,024 a connection. Large bodies are written to disk in the pool.
 * -EADDRINUSE when somebody listens on path already, -EEXIST when it is there and is not a socket. */
int transport_event_new(void *ctx, struct loop *loop, struct pool *pool, const char *path, int fd,
                        const struct transport_handler *handler, struct transport **ret);
/* Write the whole answer. The client's record is gone afterwards: a file is sent, 64 KiB at a time as there is room,
 * without anybody's doing; should it have become shorter, the answer ends early. */
void transport_reply(struct client *client, const struct outgoing *outgoing);
/* Take no new connections; the callback comes when the last request has been answered. */
void transport_drain(struct transport *transport, void (*drained)(void *closure), void *closure);
/* Another handle for gone() from now on. */
void transport_handle(struct client *client, void *handle);
int transport_open_requests(const struct transport *transport);

/* The libfcgi transport: serve one request at a time from descriptor 0 (or plain CGI from the environment) until the
 * host ends it; runs the loop's rounds while a request is being served. Returns when there is nothing more to serve. */
int transport_libfcgi_run(void *ctx, struct loop *loop, const struct transport_handler *handler);
#endif
