/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/wire/transport_event.h"
#include <errno.h>
#include <fastcgi.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { OUT_KEEP = 2048 }; /* bytes of an emptied output buffer that a connection may keep */

static void peer_later(struct deferred *deferred);
static void peer_ready(struct source *source, uint32_t events);
static void peer_stuck(struct timer *timer);
static void peer_resume_due(struct timer *timer);

void peer_new(struct transport *transport, int fd)
{
    struct peer *peer = NEW(transport, struct peer);

    peer->transport = transport;
    peer->source.ready = peer_ready;
    peer->later.call = peer_later;
    peer->stuck.due = peer_stuck;
    peer->resume.due = peer_resume_due;
    if (loop_watch(transport->loop, &peer->source, fd, EPOLLIN) < 0) {
        close(fd);
        talloc_free(peer);
        return;
    }
    peer->next = transport->peers;
    peer->self = &transport->peers;
    if (peer->next)
        peer->next->self = &peer->next;
    transport->peers = peer;
    transport->peer_count++;
}

/* Freed at the end of the round: its callers may still look at it. */
void peer_end(struct peer *peer)
{
    struct loop *loop = peer->transport->loop;
    int fd = peer->source.fd;

    if (peer->dead)
        return;
    peer->dead = true;
    loop_forget(loop, &peer->source);
    loop_timer_clear(loop, &peer->stuck);
    loop_timer_clear(loop, &peer->resume);
    close(fd);
    while (peer->clients)
        client_gone(peer->clients);
    loop_defer(loop, &peer->later);
}

static void peer_free(struct peer *peer)
{
    struct transport *transport = peer->transport;

    *peer->self = peer->next;
    if (peer->next)
        peer->next->self = peer->self;
    buffer_free(&peer->in);
    buffer_free(&peer->out);
    talloc_free(peer);
    transport_peer_gone(transport);
}

/* ---- writing ---- */

void peer_flush_later(struct peer *peer)
{
    loop_defer(peer->transport->loop, &peer->later);
}

/* Nothing more is taken from it for now. */
static bool peer_must_pause(const struct peer *peer)
{
    return peer->holds || peer->out.length - peer->written > OUTPUT_MAX;
}

/* What to wait for, by what there is to do. What was put off goes on in the next round, so that none takes long. */
static void peer_watch(struct peer *peer, bool blocked)
{
    bool reading = !peer->ended && !peer->paused && !peer_must_pause(peer);

    if (peer->paused && !peer_must_pause(peer))
        loop_timer_set(peer->transport->loop, &peer->resume, 0);
    loop_change(peer->transport->loop, &peer->source, (reading ? EPOLLIN : 0u) | (blocked ? EPOLLOUT : 0u));
}

/* While draining an idle connection is closed, unless a request seems to be on its way. */
static bool peer_is_drained(const struct peer *peer)
{
    return peer->transport->draining && peer->used && !peer->in.length;
}

void peer_drain(struct peer *peer)
{
    if (!peer->count && !peer_is_drained(peer))
        loop_timer_set(peer->transport->loop, &peer->stuck, DRAIN_PATIENCE);
    peer_flush_later(peer);
}

/* What has been written makes room: a peer that is always a little behind would make the buffer grow for ever. */
static void peer_compact(struct peer *peer)
{
    if (peer->written < peer->out.length / 2)
        return;
    peer->out.length -= peer->written;
    memmove(peer->out.bytes, peer->out.bytes + peer->written, peer->out.length);
    peer->written = 0;
}

/* Nothing waits to be written: there is room for more of what is sent from files. */
static void peer_feed(struct peer *peer)
{
    for (struct event_client *client = peer->clients; client; client = client->next)
        client_feed(client);
}

static void peer_flush(struct peer *peer)
{
    struct loop *loop = peer->transport->loop;

    while (peer->written < peer->out.length) {
        ssize_t n = write(peer->source.fd, peer->out.bytes + peer->written, peer->out.length - peer->written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            peer_end(peer);
            return;
        }
        if (n < 0) {
            if (!peer->stuck.position)
                loop_timer_set(loop, &peer->stuck, OUTPUT_STUCK);
            peer_compact(peer);
            peer_watch(peer, true);
            return;
        }
        peer->written += (size_t)n;
        loop_timer_clear(loop, &peer->stuck);
    }
    peer->written = peer->out.length = 0;
    if (peer->out.room > OUT_KEEP || !peer->count)
        buffer_free(&peer->out);
    if (!peer->count && (peer->closing || peer->ended || peer_is_drained(peer)))
        peer_end(peer);
    else
        peer_watch(peer, false);
    peer_feed(peer);
}

static void peer_later(struct deferred *deferred)
{
    struct peer *peer = OWNER(deferred, struct peer, later);

    if (!peer->dead)
        peer_flush(peer);
    if (peer->dead) {
        loop_undefer(peer->transport->loop, &peer->later);
        peer_free(peer);
    }
}

static void peer_stuck(struct timer *timer)
{
    peer_end(OWNER(timer, struct peer, stuck));
}

/* ---- records ---- */

static struct event_client *peer_client(const struct peer *peer, uint16_t id)
{
    struct event_client *client = peer->clients;

    while (client && client->id != id)
        client = client->next;
    return client;
}

static int peer_begin(struct peer *peer, const struct record *record)
{
    bool keep;
    int role;

    if (!record->id || record->length < sizeof(FCGI_BeginRequestBody) || peer_client(peer, record->id))
        return -EPROTO;
    role = record->content[0] << 8 | record->content[1];
    keep = record->content[2] & FCGI_KEEP_CONN;
    if (role != FCGI_RESPONDER || peer->count >= REQUESTS_MAX) {
        client_end_record(peer, record->id, role != FCGI_RESPONDER ? FCGI_UNKNOWN_ROLE : FCGI_OVERLOADED);
        if (!keep)
            peer->closing = true;
        return 0;
    }
    peer->used = true;
    loop_timer_clear(peer->transport->loop, &peer->stuck);
    client_new(peer, record->id, keep);
    return 0;
}

static int peer_params(struct peer *peer, const struct record *record)
{
    struct event_client *client = peer_client(peer, record->id);
    return client ? client_params(client, record->content, record->length) : 0;
}

static int peer_stdin(struct peer *peer, const struct record *record)
{
    struct event_client *client = peer_client(peer, record->id);
    return client ? client_stdin(client, record->content, record->length) : 0;
}

static int peer_abort(struct peer *peer, const struct record *record)
{
    struct event_client *client = peer_client(peer, record->id);

    if (client)
        client_abort(client);
    return 0;
}

static void pair_add(struct buffer *buffer, const char *name, const char *value)
{
    const unsigned char lengths[] = { (unsigned char)strlen(name), (unsigned char)strlen(value) };

    buffer_add(buffer, lengths, sizeof lengths);
    buffer_add(buffer, name, lengths[0]);
    buffer_add(buffer, value, lengths[1]);
}

static int peer_get_values(struct peer *peer, const struct record *record)
{
    char connections[16], requests[16];
    const struct {
        const char *name, *value;
    } known[] = {
        { FCGI_MAX_CONNS, connections },
        { FCGI_MAX_REQS, requests },
        { FCGI_MPXS_CONNS, "1" },
    };
    struct buffer answer = { 0 };
    struct pair pair;
    size_t at = 0;
    int r;

    snprintf(connections, sizeof connections, "%d", peer->transport->peers_max);
    snprintf(requests, sizeof requests, "%d", REQUESTS_MAX);
    while ((r = pair_next(record->content, record->length, &at, &pair)) > 0)
        for (size_t i = 0; i < ELEMENTS(known); i++)
            if (pair.name_length == strlen(known[i].name) && !memcmp(pair.name, known[i].name, pair.name_length) &&
                answer.length < PARAMS_MAX / 2)
                pair_add(&answer, known[i].name, known[i].value);
    record_add(&peer->out, FCGI_GET_VALUES_RESULT, 0, answer.bytes, answer.length);
    buffer_free(&answer);
    peer_flush_later(peer);
    return r;
}

static int peer_unknown(struct peer *peer, const struct record *record)
{
    const unsigned char content[8] = { (unsigned char)record->type };

    if (record->id) /* only management records are answered */
        return 0;
    record_add(&peer->out, FCGI_UNKNOWN_TYPE, 0, content, sizeof content);
    peer_flush_later(peer);
    return 0;
}

static int peer_record(struct peer *peer, const struct record *record)
{
    static int (*const take[])(struct peer *, const struct record *) = {
        [FCGI_BEGIN_REQUEST] = peer_begin, [FCGI_ABORT_REQUEST] = peer_abort,   [FCGI_PARAMS] = peer_params,
        [FCGI_STDIN] = peer_stdin,         [FCGI_GET_VALUES] = peer_get_values,
    };
    bool known = (size_t)record->type < ELEMENTS(take) && take[record->type];

    return known ? take[record->type](peer, record) : peer_unknown(peer, record);
}

/* ---- reading ---- */

/* Take the whole records among bytes, until it must pause; how many bytes they had. */
static long peer_process(struct peer *peer, const unsigned char *bytes, size_t n)
{
    struct record record;
    size_t at = 0;

    for (;;) {
        long whole = record_next(bytes + at, n - at, &record);

        peer->paused = whole > 0 && peer_must_pause(peer);
        if (peer->paused || whole == 0)
            break;
        if (whole < 0)
            return whole;
        if (peer_record(peer, &record) < 0)
            return -EPROTO;
        at += (size_t)whole;
    }
    return (long)at;
}

static void peer_take(struct peer *peer, const unsigned char *bytes, size_t n)
{
    long taken = n ? peer_process(peer, bytes, n) : 0;

    if (taken < 0)
        peer_end(peer);
    else if ((size_t)taken < n)
        buffer_add(&peer->in, bytes + taken, n - (size_t)taken);
}

/* No more will come. Requests that are whole are still answered. */
static void peer_read_end(struct peer *peer)
{
    struct event_client *client = peer->clients, *next;

    peer->ended = true;
    for (; client; client = next) {
        next = client->next;
        if (client->stage == GATHER_PARAMS || client->stage == GATHER_BODY)
            client_gone(client);
    }
    peer_flush_later(peer);
}

static void peer_read(struct peer *peer)
{
    unsigned char *shared = peer->transport->shared;
    size_t kept = peer->in.length;
    ssize_t n;

    if (kept)
        memcpy(shared, peer->in.bytes, kept);
    n = read(peer->source.fd, shared + kept, READ_SIZE - kept);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            peer_end(peer);
        return;
    }
    buffer_free(&peer->in);
    if (n == 0)
        peer_read_end(peer);
    else
        peer_take(peer, shared, (size_t)n + kept);
}

static void peer_ready(struct source *source, uint32_t events)
{
    struct peer *peer = OWNER(source, struct peer, source);

    if (events & (EPOLLHUP | EPOLLERR)) /* closed on both sides: nobody hears an answer any more */
        peer_end(peer);
    else if (events & EPOLLIN)
        peer_read(peer);
    if (!peer->dead && events & EPOLLOUT)
        peer_flush_later(peer);
}

void peer_hold(struct peer *peer)
{
    peer->holds++;
    peer_flush_later(peer); /* which also settles what is waited for */
}

void peer_release(struct peer *peer)
{
    peer->holds--;
    peer_flush_later(peer);
}

static void peer_resume_due(struct timer *timer)
{
    struct peer *peer = OWNER(timer, struct peer, resume);
    struct buffer before = peer->in;

    peer->in = (struct buffer){ 0 };
    peer_take(peer, before.bytes, before.length);
    buffer_free(&before);
    if (!peer->dead)
        peer_flush_later(peer);
}
