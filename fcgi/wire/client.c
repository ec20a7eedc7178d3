/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/wire/transport_event.h"
#include <errno.h>
#include <fastcgi.h>
#include <unistd.h>

enum { REQUEST_MEMORY = 8192 }; /* taken at once, which does for most requests; more comes as needed */

static void client_reply(struct client *client, const struct outgoing *outgoing);

/* ---- beginning and end ---- */

void client_end_record(struct peer *peer, uint16_t id, int status)
{
    const unsigned char content[8] = { [4] = (unsigned char)status };

    record_add(&peer->out, FCGI_END_REQUEST, id, content, sizeof content);
    peer_flush_later(peer);
}

static void client_written(struct task *task);
static void client_write(struct task *task);
static void client_retry(struct timer *timer);

void client_new(struct peer *peer, uint16_t id, bool keep)
{
    struct event_client *client = NEW(peer->transport, struct event_client);

    *client = (struct event_client){
        .client = { .reply = client_reply },
        .next = peer->clients,
        .transport = peer->transport,
        .peer = peer,
        .id = id,
        .keep = keep,
        .write = { .run = client_write, .done = client_written },
        .retry = { .due = client_retry },
        .piece = { .fd = -1 },
    };
    body_init(&client->body, 0);
    peer->clients = client;
    peer->count++;
    peer->transport->requests++;
}

/* No longer one of its peer's requests. */
static void client_unlink(struct event_client *client)
{
    struct peer *peer = client->peer;
    struct event_client **at = &peer->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    peer->count--;
    if (!client->keep)
        peer->closing = true;
    peer_flush_later(peer);
    client->peer = NULL;
}

static void client_free(struct event_client *client)
{
    if (client->peer)
        client_unlink(client);
    client->transport->requests--;
    loop_timer_clear(client->transport->loop, &client->retry);
    buffer_free(&client->params);
    body_free(&client->body);
    if (client->stage < SERVED && client->incoming)
        talloc_free(client->incoming->ctx);
    if (client->piece.fd >= 0)
        close(client->piece.fd);
    talloc_free(client);
}

/* ---- parameters ---- */

static int client_incoming(struct event_client *client, size_t length)
{
    void *ctx = memory_check(talloc_pool(NULL, REQUEST_MEMORY)); /* outlives the transport if its request does */

    client->incoming = NEW(ctx, struct incoming);
    client->incoming->ctx = ctx;
    client->incoming->body_fd = -1;
    return incoming_params_read(client->incoming, client->params.bytes, length);
}

static void client_serve(struct event_client *client);

/* This request only: the others of the connection go on. What has come whole tells the server in whose words. */
static int client_refuse(struct event_client *client)
{
    size_t whole = 0;
    struct pair pair;
    int r;

    while (pair_next(client->params.bytes, client->params.length, &whole, &pair) > 0)
        ;
    r = client_incoming(client, whole);
    if (r < 0)
        return r;
    client->incoming->head_too_large = true;
    client->refused = true;
    buffer_free(&client->params);
    client_serve(client);
    return 0;
}

static int client_params_whole(struct event_client *client)
{
    struct transport *transport = client->transport;
    int r = client_incoming(client, client->params.length);

    if (r < 0)
        return r;
    buffer_free(&client->params);
    body_init(&client->body, transport->handler.body_limit(transport->handler.closure, client->incoming));
    client->stage = GATHER_BODY;
    return 0;
}

int client_params(struct event_client *client, const unsigned char *bytes, size_t n)
{
    if (client->stage != GATHER_PARAMS)
        return n && !client->refused ? -EPROTO : 0;
    if (!n)
        return client_params_whole(client);
    if (n > PARAMS_MAX - client->params.length)
        return client_refuse(client);
    buffer_add(&client->params, bytes, n);
    return 0;
}

/* ---- the body ---- */

static void client_serve(struct event_client *client)
{
    const struct transport_handler *handler = &client->transport->handler;

    body_finish(&client->body, incoming_param(client->incoming, "CONTENT_LENGTH"), client->incoming);
    client->stage = SERVED;
    client->starting = true;
    client->client.handle = handler->request(handler->closure, client->incoming, &client->client);
    client->starting = false;
    if (client->replied)
        client_free(client);
}

static void client_write(struct task *task)
{
    body_write(&OWNER(task, struct event_client, write)->body);
}

static void client_write_submit(struct event_client *client)
{
    client->writing = pool_submit(client->transport->pool, &client->write) == 0;
    if (!client->writing)
        loop_timer_set(client->transport->loop, &client->retry, SPOOL_RETRY);
}

static void client_retry(struct timer *timer)
{
    client_write_submit(OWNER(timer, struct event_client, retry));
}

/* Nothing is read from the connection until it has been written. */
static void client_write_begin(struct event_client *client)
{
    peer_hold(client->peer);
    client_write_submit(client);
}

static void client_written(struct task *task)
{
    struct event_client *client = OWNER(task, struct event_client, write);
    struct peer *peer = client->peer;

    client->writing = false;
    if (!peer) {
        client_free(client);
        return;
    }
    if (client->stage == WHOLE)
        client_serve(client);
    peer_release(peer);
}

int client_stdin(struct event_client *client, const unsigned char *bytes, size_t n)
{
    if (client->stage == GATHER_PARAMS)
        return -EPROTO;
    if (client->stage != GATHER_BODY)
        return 0;
    body_add(&client->body, bytes, n);
    if (!n)
        client->stage = WHOLE;
    if (n ? body_is_full(&client->body) : !body_is_settled(&client->body))
        client_write_begin(client);
    else if (!n)
        client_serve(client);
    return 0;
}

/* ---- what ends it ---- */

static void client_complete(struct event_client *client)
{
    record_add(&client->peer->out, FCGI_STDOUT, client->id, NULL, 0);
    client_end_record(client->peer, client->id, FCGI_REQUEST_COMPLETE);
    if (client->starting) {
        client->replied = true;
        client_unlink(client);
    } else {
        client_free(client);
    }
}

static void client_read(struct task *task)
{
    struct event_client *client = OWNER(task, struct event_client, write);
    client->got = piece_read(&client->piece, client->bytes);
}

static void client_got(struct task *task)
{
    struct event_client *client = OWNER(task, struct event_client, write);

    client->writing = false;
    if (!client->peer) {
        client_free(client);
        return;
    }
    if (client->got)
        record_add(&client->peer->out, FCGI_STDOUT, client->id, client->bytes, client->got);
    peer_flush_later(client->peer);
    if (!client->got)
        client_complete(client);
}

void client_feed(struct event_client *client)
{
    if (client->stage == SENDING && !client->writing && !client->retry.position)
        client_write_submit(client);
}

static void client_send_file(struct event_client *client, const struct piece *piece)
{
    client->stage = SENDING;
    client->piece = *piece;
    client->bytes = memory_check(talloc_size(client, PIECE_SIZE));
    client->write = (struct task){ .run = client_read, .done = client_got };
    peer_flush_later(client->peer); /* which feeds it */
}

static void client_reply(struct client *base, const struct outgoing *outgoing)
{
    struct event_client *client = OWNER(base, struct event_client, client);
    struct buffer *out = &client->peer->out;
    size_t n;
    autofree char *head = outgoing_head(outgoing, &n);

    record_add(out, FCGI_STDOUT, client->id, head, n);
    if (outgoing->body_length)
        record_add(out, FCGI_STDOUT, client->id, outgoing->body, outgoing->body_length);
    if (outgoing->file)
        client_send_file(client, outgoing->file);
    else
        client_complete(client);
}

/* Tell the server, if it has the request. A body being written ends first: client_written() frees it then. */
static void client_drop(struct event_client *client)
{
    const struct transport_handler *handler = &client->transport->handler;

    if (client->stage == SERVED)
        handler->gone(handler->closure, client->client.handle);
    if (client->writing)
        client_unlink(client);
    else
        client_free(client);
}

void client_abort(struct event_client *client)
{
    client_end_record(client->peer, client->id, FCGI_REQUEST_COMPLETE);
    client_drop(client);
}

void client_gone(struct event_client *client)
{
    client_drop(client);
}
