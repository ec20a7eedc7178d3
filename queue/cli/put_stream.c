/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace put --jsonl: a job a line. Lines are read as they come, and written when there are enough of them, or no
 * more has come: so memory does not grow with the stream, and a slow producer need not wait. An id is printed when its
 * job is committed, not before. */
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/await.h"
#include "queue/cli/producer.h"
#include "queue/cli/put.h"
#include "sql.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 262144, PENDING_BYTES = 1048576 };

struct stream {
    struct operation *operation;
    const struct stream_options *options;
    struct producer *producer;
    const char *batch; /* id, or NULL */
    int fd;
    char *buffer; /* of LINE_MAX_BYTES; the first `length` bytes are not used up */
    size_t length;
    bool ended, skipping; /* skipping: the rest of a line that is too long */
    unsigned long long line, put, refused;
    void *pending; /* what hangs off the orders that are not written yet */
    struct order orders[ORDERS_MAX];
    unsigned long long lines[ORDERS_MAX];
    size_t count, bytes;
    int status; /* other than DONE: it is over */
};

static void refuse_line(struct stream *stream, unsigned long long line, const char *why)
{
    char where[48];

    snprintf(where, sizeof where, "line %llu", line);
    arguments_complain(where, why, 0);
    stream->refused++;
    if (stream->options->strict)
        stream->status = FAILED;
}

/* ---- writing ---- */

static void note_put(struct stream *stream, const struct order *orders, size_t n, const unsigned long long *lines)
{
    for (size_t i = 0; i < n; i++)
        if (!orders[i].id)
            refuse_line(stream, lines[i], "another job has its unique name, and is just ending");
        else if (stream->put++, !stream->batch)
            puts(orders[i].id);
    fflush(stdout);
}

/* Those that could not be written together, one by one, so that it is known which is to blame. */
static void flush_apart(struct stream *stream)
{
    for (size_t i = 0; i < stream->count && stream->status == DONE; i++) {
        const char *why = "";
        int r = producer_put(stream->pending, stream->producer, &stream->orders[i], 1, stream->batch, &why);

        if (r == 0)
            note_put(stream, &stream->orders[i], 1, &stream->lines[i]);
        else
            refuse_line(stream, stream->lines[i], why);
    }
}

static void flush(struct stream *stream)
{
    const char *why = "";
    int r;

    if (stream->count > 0 && stream->status == DONE) {
        r = producer_put(stream->pending, stream->producer, stream->orders, stream->count, stream->batch, &why);
        if (r == 0)
            note_put(stream, stream->orders, stream->count, stream->lines);
        else if (stream->options->strict || !database_handle(stream->operation->database))
            stream->status = arguments_complain("put", why, FAILED);
        else
            flush_apart(stream);
    }
    talloc_free_children(stream->pending);
    stream->count = stream->bytes = 0;
}

/* ---- a line ---- */

/* A member of a line as an order's field takes it. A delay may be a number of seconds. */
static bool read_member(struct stream *stream, int i, const json_t *object, const char **ret, const char **ret_why)
{
    struct field_errors errors = { 0 };
    const struct field *field = &order_fields[i];
    json_t *value = json_object_get(object, field->name);
    json_auto_t *text = NULL;

    if (i == O_DELAY && json_is_integer(value))
        value = text = memory_check(json_sprintf("%lld", (long long)json_integer_value(value)));
    if (field_check_json(stream->pending, field, field->name, value, &errors, ret))
        return true;
    *ret_why = FORMAT(stream->pending, "%s: %s", errors.list[0].field, errors.list[0].message);
    return false;
}

static int read_order(struct stream *stream, json_t *object, struct order *ret, const char **ret_why)
{
    const char *values[O_FIELDS], *name;
    json_t *member;

    if (!json_is_object(object)) {
        *ret_why = "is not an object";
        return -EINVAL;
    }
    json_object_foreach(object, name, member) if (strcmp(name, "args") != 0 && !field_find(order_fields, name))
    {
        *ret_why = FORMAT(stream->pending, "%s: a job has no such member", name);
        return -EINVAL;
    }
    for (int i = 0; i < O_FIELDS; i++)
        if (!read_member(stream, i, object, &values[i], ret_why))
            return -EINVAL;
    return order_complete(stream->pending, stream->producer, values, json_object_get(object, "args"), ret, ret_why);
}

static void take_line(struct stream *stream, const char *text, size_t length)
{
    json_auto_t *object = NULL;
    const char *why = "";

    stream->line++;
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        length--;
    if (length == 0)
        return;
    if (json_parse_strict(stream->pending, text, length, &object, &why) < 0 ||
        read_order(stream, object, &stream->orders[stream->count], &why) < 0) {
        refuse_line(stream, stream->line, why);
        return;
    }
    stream->lines[stream->count++] = stream->line;
    stream->bytes += length;
    if (stream->count == ORDERS_MAX || stream->bytes >= PENDING_BYTES)
        flush(stream);
}

/* ---- reading ---- */

/* Use up the whole lines of the buffer, and at the end what has no newline. */
static void take_lines(struct stream *stream)
{
    size_t from = 0;
    char *end;

    while (stream->status == DONE && (end = memchr(stream->buffer + from, '\n', stream->length - from)) != NULL) {
        if (stream->skipping)
            stream->skipping = false;
        else
            take_line(stream, stream->buffer + from, (size_t)(end - (stream->buffer + from)));
        from = (size_t)(end - stream->buffer) + 1;
    }
    memmove(stream->buffer, stream->buffer + from, stream->length - from);
    stream->length -= from;
    if (stream->skipping) {
        stream->length = 0;
    } else if (stream->length == LINE_MAX_BYTES) {
        refuse_line(stream, ++stream->line, "is longer than 256 KiB");
        stream->skipping = true;
        stream->length = 0;
    } else if (stream->ended && stream->length > 0 && stream->status == DONE) {
        take_line(stream, stream->buffer, stream->length);
        stream->length = 0;
    }
}

static void read_stream(struct stream *stream)
{
    struct pollfd from = { .fd = stream->fd, .events = POLLIN };

    while (!stream->ended && stream->status == DONE) {
        ssize_t n;

        if (poll(&from, 1, 0) == 0)
            flush(stream); /* who writes there may take his time */
        n = read(stream->fd, stream->buffer + stream->length, LINE_MAX_BYTES - stream->length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            stream->status = arguments_complain(stream->options->file, strerror(errno), FAILED);
        stream->ended = n <= 0;
        stream->length += n > 0 ? (size_t)n : 0;
        take_lines(stream);
    }
    flush(stream);
}

/* ---- the whole ---- */

static int open_batch(struct stream *stream)
{
    autoresult struct result made = { 0 };
    const struct stream_options *options = stream->options;
    const char *finally = NULL, *why = "", *product = options->product ? options->product : "";
    const char *tenant = options->tenant ? options->tenant : *product ? product : "operator";
    int r = 0;

    if (options->finally)
        r = order_follow(stream->operation->ctx, stream->producer, options->finally, &finally, &why);
    if (r < 0)
        return arguments_complain("--finally", why, status_of_order(r));
    if (database_run(stream->operation->database, &sql_queue_batch_open,
                     PARAMS({ "product", product }, { "tenant", tenant }, { "account_id", NULL },
                            { "name", options->batch ? options->batch : "" }, { "finally", finally }),
                     &made) < 0)
        return arguments_complain("PostgreSQL", made.message, FAILED);
    stream->batch = COPY(stream->operation->ctx, result_text(&made, 0, "id"));
    puts(stream->batch);
    fflush(stdout);
    return DONE;
}

static int close_batch(struct stream *stream)
{
    autoresult struct result closed = { 0 };

    if (stream->status != DONE)
        return arguments_complain(stream->batch, "the batch stays open: more may be put, or millrace batch ID --close",
                                  stream->status);
    if (database_run(stream->operation->database, &sql_queue_batch_close, PARAMS({ "batch_id", stream->batch }),
                     &closed) < 0)
        return arguments_complain(stream->batch, closed.message, FAILED);
    producer_tell(stream->producer, &closed);
    return DONE;
}

/* What became of the stream; then, if wanted, of its jobs. */
static int finish(struct stream *stream)
{
    const char *details =
        FORMAT(stream->operation->ctx, "{\"put\": %llu, \"refused\": %llu}", stream->put, stream->refused);
    int status = stream->status;

    if (stream->batch)
        status = close_batch(stream);
    producer_audit(stream->producer, "put.stream", stream->batch ? stream->batch : "", details);
    fprintf(stderr, "millrace: %llu jobs are put, %llu lines are refused\n", stream->put, stream->refused);
    if (status == DONE && stream->options->wait)
        status = await_batch(stream->operation, stream->batch, stream->options->timeout);
    return status == DONE && stream->refused ? REFUSED_LINES : status;
}

int put_stream(struct operation *operation, const struct stream_options *options)
{
    struct stream *stream = NEW(operation->ctx, struct stream);
    autoclose int opened = -1;

    if (!order_name_holds(options->tenant))
        return arguments_complain("--tenant", "has a blank or a |", USAGE);
    stream->operation = operation;
    stream->options = options;
    stream->producer = producer_new(stream, operation, options->product, options->tenant);
    stream->pending = talloc_new(stream);
    stream->buffer = memory_check(talloc_size(stream, LINE_MAX_BYTES));
    if (!stream->producer)
        return FAILED;
    producer_be_patient(stream->producer);
    if (strcmp(options->file, "-") != 0) {
        opened = open(options->file, O_RDONLY | O_CLOEXEC);
        if (opened < 0)
            return arguments_complain(options->file, strerror(errno), FAILED);
        stream->fd = opened;
    }
    if (options->batch || options->finally || options->wait)
        stream->status = open_batch(stream);
    if (stream->status != DONE)
        return stream->status;
    read_stream(stream);
    return finish(stream);
}
