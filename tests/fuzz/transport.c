/* SPDX-License-Identifier: GPL-3.0-or-later
 * A web server's connection, as bytes that may be anything: however they are cut, each request that begins is answered
 * once or given up, and what we write is well-formed. Input: seed of the pieces (4), which are answered at once (1), a
 * number (1); when that is even, bytes of the wire, else records told in brief, so that they may be long: type (1), id
 * (1), length (2), and the byte that all of it is; of beginnings and parameters, which are shorter than 256, the bytes.
 */
#include "common/memory.h"
#include "fcgi/wire/transport_event.h"
#include "tests/fuzz/shared/fuzz.h"
#include <fastcgi.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITING_MAX = 64, ROUNDS_MAX = 10000, BODY_LIMIT = 100000, WIRE_MAX = 1 << 20 };

/* What the handler holds: requests that it answers later. */
struct desk {
    struct loop *loop;
    struct transport *transport;
    unsigned how;
    struct waiting {
        struct client *client; /* NULL: free */
        struct incoming *incoming;
        struct desk *desk;
    } waiting[WAITING_MAX];
    int open;
};

/* With what came, and then a file: its body, or zeros. */
static void answer(struct waiting *waiting)
{
    const struct incoming *incoming = waiting->incoming;
    const char *body = incoming->body ? incoming->body : "";
    struct piece piece = { .fd =
                               incoming->body_fd < 0 ? open("/dev/zero", O_RDONLY | O_CLOEXEC) : dup(incoming->body_fd),
                           .length = (uint64_t)incoming->body_length * 3 };
    struct outgoing outgoing = { .status = 200, .headers = "X-Fuzz: 1\r\n", .body = body, .body_length = strlen(body) };
    struct client *client = waiting->client;

    if (incoming->count % 2)
        outgoing.file = &piece;
    else
        close(piece.fd);
    waiting->client = NULL;
    waiting->desk->open--;
    transport_reply(client, &outgoing);
    talloc_free(waiting->incoming->ctx);
}

static void hold_incoming(const struct incoming *incoming)
{
    for (int i = 0; i < incoming->count; i++)
        MUST(incoming->names[i] && incoming->values[i]);
    MUST(!incoming->body || incoming->body[incoming->body_length] == '\0');
    MUST(incoming->body || incoming->body_fd >= 0 || !incoming->body_length);
    MUST(incoming->body_length <= BODY_LIMIT);
}

static void *request(void *closure, struct incoming *incoming, struct client *client)
{
    struct desk *desk = closure;
    struct waiting *waiting = desk->waiting;

    hold_incoming(incoming);
    while (waiting < desk->waiting + WAITING_MAX - 1 && waiting->client)
        waiting++;
    if (waiting->client)
        answer(waiting);
    *waiting = (struct waiting){ client, incoming, desk };
    desk->open++;
    if (desk->how >> (desk->open % 8) & 1)
        answer(waiting);
    return waiting;
}

static void gone(void *closure, void *handle)
{
    struct waiting *waiting = handle;
    struct desk *desk = closure;

    MUST(waiting->client);
    waiting->client = NULL;
    desk->open--;
    talloc_free(waiting->incoming->ctx);
}

static size_t body_limit(void *closure, const struct incoming *incoming)
{
    (void)closure;
    (void)incoming;
    return BODY_LIMIT;
}

static struct desk *desk_get(void)
{
    static struct desk *desk;
    const struct transport_handler handler = { .request = request, .gone = gone, .body_limit = body_limit };
    struct transport_handler mine = handler;
    struct pool *pool;
    int pair[2];

    if (desk)
        return desk;
    desk = NEW(NULL, struct desk);
    mine.closure = desk;
    MUST(loop_new(desk, &desk->loop) == 0 && pool_new(desk, desk->loop, 1, 64, &pool) == 0);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0); /* nobody listens */
    MUST(transport_event_new(desk, desk->loop, pool, NULL, pair[0], &mine, &desk->transport) == 0);
    return desk;
}

/* ---- what the web server reads ---- */

struct stream {
    unsigned run; /* that it is of */
    bool over;
};
struct reader {
    struct buffer in;
    unsigned run;
    int ends;
};

static void take_record(struct reader *reader, const struct record *record)
{
    static struct stream streams[UINT16_MAX + 1];
    struct stream *stream = &streams[record->id];

    if (stream->run != reader->run)
        *stream = (struct stream){ .run = reader->run };
    switch (record->type) {
    case FCGI_STDOUT:
        MUST(record->id && !(stream->over && record->length));
        stream->over = !record->length;
        break;
    case FCGI_END_REQUEST:
        MUST(record->id && record->length == sizeof(FCGI_EndRequestBody));
        stream->over = false;
        reader->ends++;
        break;
    default:
        MUST(!record->id && (record->type == FCGI_GET_VALUES_RESULT || record->type == FCGI_UNKNOWN_TYPE));
    }
}

static void take(struct reader *reader, int fd)
{
    struct record record;
    long whole = 0;
    size_t at = 0;
    ssize_t n;

    do {
        n = read(fd, buffer_room(&reader->in, 65536), 65536);
        reader->in.length += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    while (reader->in.length > at &&
           (whole = record_next(reader->in.bytes + at, reader->in.length - at, &record)) > 0) {
        take_record(reader, &record);
        at += (size_t)whole;
    }
    MUST(whole >= 0);
    reader->in.length -= at;
    memmove(reader->in.bytes, reader->in.bytes + at, reader->in.length);
}

/* ---- what it writes ---- */

/* How many records begin a request; each may end once at most. */
static int count_begins(const unsigned char *bytes, size_t n)
{
    struct record record;
    long whole;
    int count = 0;

    for (size_t at = 0; at < n && (whole = record_next(bytes + at, n - at, &record)) > 0; at += (size_t)whole)
        count += record.type == FCGI_BEGIN_REQUEST;
    return count;
}

static void answer_all(struct desk *desk)
{
    for (int i = 0; i < WAITING_MAX; i++)
        if (desk->waiting[i].client)
            answer(&desk->waiting[i]);
}

static void round_once(struct desk *desk, struct reader *reader, int fd)
{
    const struct peer *peer = desk->transport->peers;
    bool wait = peer ? peer->holds > 0 : transport_open_requests(desk->transport) > 0; /* for the pool */

    for (const struct event_client *client = peer ? peer->clients : NULL; client; client = client->next)
        wait |= client->writing;
    MUST(loop_round(desk->loop, wait) == 0);
    take(reader, fd);
}

/* Until it has hung up, and what the pool still writes of its requests has ended; all that waits is answered in each
 * round. */
static void settle(struct desk *desk, struct reader *reader, int fd)
{
    for (int rounds = 0; desk->transport->peers || transport_open_requests(desk->transport); rounds++) {
        MUST(rounds < ROUNDS_MAX);
        round_once(desk, reader, fd);
        answer_all(desk);
    }
}

/* A web server that reads what it can while it writes. */
static void send_all(struct desk *desk, struct reader *reader, int fd, const struct buffer *bytes, uint32_t seed)
{
    for (size_t at = 0; at < bytes->length && desk->transport->peers;) {
        ssize_t n = write(fd, bytes->bytes + at, piece_next(&seed, bytes->length - at));

        at += n > 0 ? (size_t)n : 0;
        round_once(desk, reader, fd);
        if (n < 0)
            answer_all(desk); /* it reads no more until some are answered */
    }
}

/* Records that were told in brief. */
static void expand(struct input *input, struct buffer *ret)
{
    static unsigned char filled[UINT16_MAX];

    while (input->left && ret->length < WIRE_MAX) {
        int type = (int)input_byte(input) % (FCGI_MAXTYPE + 1);
        uint16_t id = (uint16_t)input_byte(input);
        size_t length = input_number(input, 2);

        if (type == FCGI_BEGIN_REQUEST || type == FCGI_PARAMS || type == FCGI_GET_VALUES) {
            length = length % 256 < input->left ? length % 256 : input->left;
            record_add(ret, type, id, input->at, length);
            input->at += length;
            input->left -= length;
        } else {
            memset(filled, (int)input_byte(input), length);
            record_add(ret, type, id, filled, length);
        }
    }
}

FUZZ(transport)
{
    static unsigned runs;
    struct input input = INPUT(data, size);
    uint32_t seed = input_number(&input, 4);
    struct desk *desk = desk_get();
    struct reader reader = { .run = ++runs };
    struct buffer wire = { 0 };
    int pair[2];

    desk->how = input_byte(&input);
    if (input_byte(&input) & 1)
        expand(&input, &wire);
    else
        buffer_add(&wire, input.at, input.left);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    peer_new(desk->transport, pair[0]);
    send_all(desk, &reader, pair[1], &wire, seed);
    shutdown(pair[1], SHUT_WR);
    settle(desk, &reader, pair[1]);
    take(&reader, pair[1]);
    MUST(!desk->open);
    MUST(reader.ends <= (wire.length ? count_begins(wire.bytes, wire.length) : 0));
    close(pair[1]);
    buffer_free(&reader.in);
    buffer_free(&wire);
}
