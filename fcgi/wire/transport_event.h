/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside of the event transport: the listener (transport_event.c), a web server's connection, called peer (peer.c),
 * and one request of it, called client (client.c). For those three files only. */
#ifndef MILLRACE_TRANSPORT_EVENT_H
#define MILLRACE_TRANSPORT_EVENT_H
#include "fcgi/wire/body.h"
#include "fcgi/wire/pool.h"
#include "fcgi/wire/record.h"
#include "fcgi/wire/transport_private.h"
#include <sys/stat.h>

enum {
    READ_SIZE = 256 * 1024,
    REQUESTS_MAX = 1024,      /* open ones of one connection */
    OUTPUT_MAX = 1024 * 1024, /* of a peer that does not read: no more is read from it */
    OUTPUT_STUCK = 60 * 1000, /* milliseconds without progress until it is given up */
    DRAIN_PATIENCE = 500,     /* milliseconds for the request of a connection that has just been taken */
    SPOOL_RETRY = 10,         /* milliseconds, when the pool's queue is full */
};

struct peer;
struct event_client {
    struct client client; /* first */
    struct event_client *next;
    struct transport *transport;
    struct peer *peer; /* NULL: it has gone while the body is being written */
    uint16_t id;
    bool keep;
    enum { GATHER_PARAMS, GATHER_BODY, WHOLE, SERVED, SENDING } stage;
    bool refused;           /* its parameters were too large: what still comes of it is skipped */
    bool writing;           /* the pool has its body, or its piece */
    bool starting, replied; /* replied while the handler's request() has not returned yet */
    struct incoming *incoming;
    struct buffer params;
    struct body body;
    struct task write; /* of the body, in the pool; when sending: reads the next bytes of piece */
    struct timer retry;
    struct piece piece;
    char *bytes; /* PIECE_SIZE of them, when sending */
    size_t got;
};

struct peer {
    struct transport *transport;
    struct peer *next, **self;
    struct source source;
    struct deferred later; /* flushes it, or frees it when it is dead */
    struct timer stuck, resume;
    struct buffer in, out; /* in: an incomplete record, or what came behind a body that is being written */
    size_t written;
    struct event_client *clients;
    int count;
    int holds;    /* bodies being written: nothing is read meanwhile */
    bool closing; /* close when the last request has been answered and all is written */
    bool paused;  /* records in `in` wait for a body to be written, or for output to be read */
    bool used;    /* has had a request */
    bool ended;   /* no more will come (half-closed) */
    bool dead;
};

struct transport {
    struct loop *loop;
    struct pool *pool;
    struct transport_handler handler;
    struct source listener;
    uint32_t listener_events;
    struct timer pause; /* of accepting, when descriptors have run out */
    char *path;         /* of our own socket, else NULL */
    dev_t device;       /* and which file it is */
    ino_t inode;
    struct peer *peers;
    int peer_count, peers_max, requests;
    bool draining;
    void (*drained)(void *closure);
    void *drained_closure;
    struct deferred drain_check;
    unsigned char shared[READ_SIZE];
};

/* ---- transport_event.c ---- */
void transport_peer_gone(struct transport *transport);

/* ---- peer.c ---- */
void peer_new(struct transport *transport, int fd);
void peer_end(struct peer *peer);
/* The transport drains: end once what there is to answer has been answered. */
void peer_drain(struct peer *peer);
void peer_flush_later(struct peer *peer);
/* A body of its is being written, or has been. */
void peer_hold(struct peer *peer);
void peer_release(struct peer *peer);

/* ---- client.c: each of these may free the client ---- */
void client_new(struct peer *peer, uint16_t id, bool keep);
int client_params(struct event_client *client, const unsigned char *bytes, size_t n); /* -EPROTO: malformed */
int client_stdin(struct event_client *client, const unsigned char *bytes, size_t n);
void client_abort(struct event_client *client);
/* All that was written has been read: it may send more of its file, if it has one. */
void client_feed(struct event_client *client);
/* Its peer has gone. */
void client_gone(struct event_client *client);
/* END_REQUEST for an id, with a protocol status of fastcgi.h. */
void client_end_record(struct peer *peer, uint16_t id, int status);
#endif
