/* SPDX-License-Identifier: GPL-3.0-or-later
 * The answer, in the product's own form. */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "fcgi/steps/poll.h"
#include <stdarg.h>

/* What is said when nothing more fitting is known. */
static const char *const messages[E_COUNT] = {
    [E_MALFORMED] = "The request is malformed",
    [E_INVALID] = "The request has invalid fields",
    [E_UNAUTHENTICATED] = "Authentication is required",
    [E_BAD_TOKEN] = "The access token is not valid",
    [E_QUOTA] = "The plan's allowance is used up",
    [E_PAYMENT] = "The payment was refused",
    [E_FORBIDDEN] = "You do not have permission to do this",
    [E_NOT_FOUND] = "There is no such resource",
    [E_METHOD] = "This method is not allowed here",
    [E_CONFLICT] = "This conflicts with what is there",
    [E_DUPLICATE] = "There is one of this name already",
    [E_TOO_LARGE] = "The body is too large",
    [E_RATE_LIMITED] = "Too many requests; try again later",
    [E_INTERNAL] = "Something went wrong on our side",
    [E_UNAVAILABLE] = "The service is not available at the moment; try again",
};

static const struct dialect *dialect_of(const struct request *rq)
{
    return rq->product ? rq->product->dialect : &plain_dialect;
}

static const char *message_of(const struct request *rq, enum error error)
{
    const char *own = dialect_of(rq)->messages[error];
    return own ? own : messages[error];
}

int fail(struct request *rq, enum error error, const char *field, const char *message)
{
    rq->error = error == E_NONE ? E_INTERNAL : error;
    rq->message = message && !field ? message : message_of(rq, rq->error);
    if (field)
        field_refuse(rq, &rq->errors, FIELD_INVALID, field, "%s", message ? message : rq->message);
    return -1;
}

void header_add(struct request *rq, const char *name, const char *format, ...)
{
    char *line = rq->headers + rq->headers_length, *value = line + strlen(name) + 2;
    ptrdiff_t room = rq->headers + HEADERS_SIZE - value;
    va_list arguments;
    int n;

    if (room <= 0)
        return;
    va_start(arguments, format);
    n = vsnprintf(value, (size_t)room, format, arguments);
    va_end(arguments);
    if (n < 0 || n + 2 >= room) {
        *line = '\0'; /* no room: the line is left out whole */
        return;
    }
    memcpy(mempcpy(line, name, strlen(name)), ": ", 2);
    while ((unsigned char)*value >= 0x20 && *value != 0x7f)
        value++;
    memcpy(value, "\r\n", 3);
    rq->headers_length = (size_t)(value + 2 - rq->headers);
}

static const char *media_of(const struct request *rq)
{
    const char *media = rq->media;

    if (!media && rq->operation && rq->error == E_NONE)
        media = rq->operation->row->media;
    return media ? media : "application/json";
}

/* What a caller may try, in a word. */
static const char *scheme_of(const struct dialect *dialect)
{
    if (dialect->ways & 1u << WAY_OPERATOR)
        return "Session";
    return dialect->ways & 1u << WAY_TOKEN ? "Token" : "Bearer";
}

static void write_error(struct request *rq)
{
    const struct dialect *dialect = dialect_of(rq);

    rq->headers[rq->headers_length = 0] = '\0';
    rq->status = dialect->statuses[rq->error] ? dialect->statuses[rq->error] : error_status(rq->error);
    if (rq->in->head_too_large)
        rq->status = 431;
    rq->body = dialect->error_body(rq, rq->error, rq->message, &rq->errors);
    rq->body_length = strlen(rq->body);
    rq->media = NULL;
    rq->lasting = false;
    *rq->tag = '\0';
    rq->applied = -1;
    if (rq->status == 401)
        header_add(rq, "WWW-Authenticate", "%s", scheme_of(dialect));
    if (rq->allow)
        header_add(rq, "Allow", "%s", rq->allow);
    if ((rq->error == E_UNAVAILABLE || rq->error == E_RATE_LIMITED) && !rq->retry_after)
        rq->retry_after = 1;
    if (rq->status >= 500)
        log_warning("request.error", "request=%s operation=%s status=%d", rq->request_id,
                    rq->operation ? rq->operation->row->name : "-", rq->status);
}

static void allowance_headers(struct request *rq)
{
    if (!rq->allowance.most)
        return;
    header_add(rq, "X-RateLimit-Limit", "%d", rq->allowance.most);
    header_add(rq, "X-RateLimit-Remaining", "%d", rq->allowance.left);
    header_add(rq, "X-RateLimit-Reset", "%lld", rq->allowance.resets_at);
}

/* Of an answer whose body is ours; 304 has none and says nothing of the one that the client has. */
static void body_headers(struct request *rq)
{
    uint64_t length = rq->piece && rq->error == E_NONE ? rq->piece->length : rq->body_length;

    if (length)
        header_add(rq, "Content-Type", "%s", media_of(rq));
    if (rq->status != 304)
        header_add(rq, "Content-Length", "%llu", (unsigned long long)length);
    header_add(rq, "Cache-Control", "%s", rq->lasting ? "no-cache" : *rq->tag ? "private, no-cache" : "no-store");
}

void respond(struct request *rq)
{
    struct outgoing outgoing;
    struct piece piece;

    if (rq->error != E_NONE)
        write_error(rq);
    if (rq->error != E_NONE || !rq->sends_file)
        body_headers(rq);
    poll_headers(rq);
    if (rq->retry_after)
        header_add(rq, "Retry-After", "%d", rq->retry_after);
    cors_headers(rq);
    allowance_headers(rq);
    header_add(rq, "X-Content-Type-Options", "nosniff");
    header_add(rq, "X-Request-ID", "%s", rq->request_id);
    outgoing = (struct outgoing){
        .status = rq->status,
        .headers = rq->headers,
        .body = rq->body,
        .body_length = rq->head ? 0 : rq->body_length,
    };
    if (rq->piece && rq->error == E_NONE && !rq->head) {
        piece = *rq->piece;
        rq->piece->fd = -1;
        outgoing.file = &piece;
    }
    log_debug("request", "request=%s operation=%s status=%d", rq->request_id,
              rq->operation ? rq->operation->row->name : "-", rq->status);
    transport_reply(rq->client, &outgoing);
}
