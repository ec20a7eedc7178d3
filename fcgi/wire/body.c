/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/body.h"
#include "common/log.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void body_init(struct body *body, size_t limit)
{
    *body = (struct body){ .limit = limit, .fd = -1 };
}

void body_free(struct body *body)
{
    buffer_free(&body->memory);
    memory_close(&body->fd);
    body->fd = -1;
}

static void body_refuse(struct body *body)
{
    body->too_large = true;
    body_free(body);
}

void body_add(struct body *body, const void *bytes, size_t n)
{
    body->length += n;
    if (body->length > body->limit && !body->too_large)
        body_refuse(body);
    if (!body->too_large)
        buffer_add(&body->memory, bytes, n);
}

bool body_is_full(const struct body *body)
{
    return body->memory.length > BODY_MEMORY_MAX;
}

bool body_is_settled(const struct body *body)
{
    return body->fd < 0 ? !body_is_full(body) : !body->memory.length;
}

static int spool_open(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int fd;

    if (!folder || !*folder)
        folder = "/tmp";
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    if ((size_t)snprintf(path, sizeof path, "%s/millrace-XXXXXX", folder) >= sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

void body_write(struct body *body)
{
    struct buffer *from = &body->memory;
    size_t at = 0;
    ssize_t n = 0;

    if (body->fd < 0)
        body->fd = spool_open();
    /* At offsets, so that the descriptor's own position stays 0 for its reader. */
    while (body->fd >= 0 && n >= 0 && at < from->length) {
        n = pwrite(body->fd, from->bytes + at, from->length - at, (off_t)(body->written + at));
        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 0;
    }
    if (body->fd < 0 || n < 0) {
        log_error("body.spool", "error=%s", strerror(errno));
        body_refuse(body);
        return;
    }
    body->written += at;
    buffer_free(from);
}

/* A descriptor that is closed when its context is freed. */
struct kept_fd {
    int fd;
};

static int kept_fd_close(struct kept_fd *kept)
{
    close(kept->fd);
    return 0;
}

static int body_keep_fd(void *ctx, int fd)
{
    struct kept_fd *kept = NEW(ctx, struct kept_fd);

    kept->fd = fd;
    talloc_set_destructor(kept, kept_fd_close);
    return fd;
}

static char *body_keep_memory(void *ctx, struct buffer *memory)
{
    char *text = memory_check(talloc_size(ctx, memory->length + 1));

    if (memory->length)
        memcpy(text, memory->bytes, memory->length);
    text[memory->length] = '\0';
    return text;
}

static bool body_is_cut(const struct body *body, const char *expected)
{
    char *end;
    unsigned long long length;

    if (!expected || !*expected)
        return false;
    errno = 0;
    length = strtoull(expected, &end, 10);
    return errno || *end || length != body->length;
}

void body_finish(struct body *body, const char *expected, struct incoming *incoming)
{
    incoming->body = NULL;
    incoming->body_fd = -1;
    incoming->body_length = 0;
    incoming->body_state = body->too_large ? BODY_TOO_LARGE : body_is_cut(body, expected) ? BODY_CUT : BODY_WHOLE;
    if (!body->too_large) {
        incoming->body_length = body->length;
        if (body->fd >= 0)
            incoming->body_fd = body_keep_fd(incoming->ctx, TAKE_FD(body->fd));
        else
            incoming->body = body_keep_memory(incoming->ctx, &body->memory);
    }
    body_free(body);
}
