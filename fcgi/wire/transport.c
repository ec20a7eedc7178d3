/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/transport.h"
#include "common/memory.h"
#include "fcgi/wire/record.h"
#include "fcgi/wire/transport_private.h"
#include <errno.h>
#include <unistd.h>

const char *incoming_param(const struct incoming *incoming, const char *name)
{
    for (int i = 0; i < incoming->count; i++) /* of duplicates the first wins, as in libfcgi */
        if (!strcmp(incoming->names[i], name))
            return incoming->values[i];
    return NULL;
}

void transport_reply(struct client *client, const struct outgoing *outgoing)
{
    client->reply(client, outgoing);
}

void transport_handle(struct client *client, void *handle)
{
    client->handle = handle;
}

/* What a status is called (RFC 9110): web servers copy the line. An unknown one is named by its class. */
static const char *status_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 206, "Partial Content" },
        { 302, "Found" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 402, "Payment Required" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 416, "Range Not Satisfiable" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 503, "Service Unavailable" },
    };

    for (size_t i = 0; i < ELEMENTS(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 400 ? "OK" : "Error";
}

char *outgoing_head(const struct outgoing *outgoing, size_t *ret_length)
{
    char *head;
    int n = asprintf(&head, "Status: %d %s\r\n%s\r\n", outgoing->status, status_reason(outgoing->status),
                     outgoing->headers ? outgoing->headers : "");

    memory_check(n < 0 ? NULL : head);
    *ret_length = (size_t)n;
    return head;
}

size_t piece_read(struct piece *piece, char *bytes)
{
    size_t want = piece->length < PIECE_SIZE ? (size_t)piece->length : PIECE_SIZE;
    ssize_t n = want ? pread(piece->fd, bytes, want, (off_t)piece->offset) : 0;

    if (n <= 0) {
        close(piece->fd);
        piece->fd = -1;
        return 0;
    }
    piece->offset += (size_t)n;
    piece->length -= (size_t)n;
    return (size_t)n;
}

/* Copy length bytes and a NUL to *at, and move it on. */
static const char *put_text(char **at, const char *text, size_t length)
{
    const char *here = *at;

    memcpy(*at, text, length);
    (*at)[length] = '\0';
    *at += length + 1;
    return here;
}

int incoming_params_read(struct incoming *incoming, const unsigned char *bytes, size_t n)
{
    size_t at = 0, size = 0;
    const char **texts;
    struct pair pair;
    int r, count = 0;
    char *to;

    while ((r = pair_next(bytes, n, &at, &pair)) > 0) {
        if (memchr(pair.name, '\0', pair.name_length + pair.value_length))
            return -EPROTO;
        count++;
        size += pair.name_length + pair.value_length + 2;
    }
    if (r < 0)
        return r;
    texts = memory_check(talloc_array(incoming->ctx, const char *, (unsigned)count * 2));
    to = memory_check(talloc_size(texts, size + 1));
    at = 0;
    for (int i = 0; pair_next(bytes, n, &at, &pair) > 0; i++) {
        texts[i] = put_text(&to, pair.name, pair.name_length);
        texts[count + i] = put_text(&to, pair.value, pair.value_length);
    }
    incoming->names = texts;
    incoming->values = texts + count;
    incoming->count = count;
    return 0;
}
