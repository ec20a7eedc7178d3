/* SPDX-License-Identifier: GPL-3.0-or-later
 * The answer is a stored file: the web server sends it (nginx by X-Accel-Redirect, Apache and lighttpd by X-Sendfile),
 * we do, or the client is sent to the bucket that it is in. Files never change under their key. */
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "fcgi/input/conditions.h"
#include "fcgi/input/range.h"
#include "fcgi/serve.h"
#include "fcgi/wire/pool.h"
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REDIRECT_SECONDS = 900 };

/* A file on its way to be sent by us; on its request. */
struct sending {
    struct task task;
    struct request *rq;
    const struct storage *storage;
    const char *key;
    int opened; /* 0 or -errno */
    struct stat is;
    struct piece piece; /* its descriptor is -1 once the transport has it */
};

/* ---- what the caller wants of it ---- */

/* If-None-Match decides alone when it is there. */
static bool is_known(const struct request *rq, const char *tag, const char *changed)
{
    const char *tags = incoming_param(rq->in, "HTTP_IF_NONE_MATCH");
    return tags ? tag_is_listed(tags, tag) : !strcmp(request_param(rq, "HTTP_IF_MODIFIED_SINCE"), changed);
}

/* Set the piece and the status. */
static void choose_part(struct request *rq, struct piece *piece, const char *tag, const char *changed)
{
    const char *range = request_param(rq, "HTTP_RANGE"), *only_if = request_param(rq, "HTTP_IF_RANGE");
    uint64_t size = piece->length;
    int r = 0;

    if (*range && (!*only_if || !strcmp(only_if, tag) || !strcmp(only_if, changed)))
        r = range_parse(range, size, &piece->offset, &piece->length);
    if (r > 0) {
        rq->status = 206;
        header_add(rq, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)piece->offset,
                   (unsigned long long)(piece->offset + piece->length - 1), (unsigned long long)size);
    } else if (r < 0) {
        rq->status = 416;
        piece->length = 0;
        header_add(rq, "Content-Range", "bytes */%llu", (unsigned long long)size);
    }
}

static void answer_file(struct sending *sending)
{
    struct request *rq = sending->rq;
    struct tm at;
    char changed[64];
    const char *tag =
        FORMAT(rq, "\"%llx-%llx\"", (unsigned long long)sending->is.st_mtime, (unsigned long long)sending->is.st_size);

    strftime(changed, sizeof changed, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&sending->is.st_mtime, &at));
    header_add(rq, "ETag", "%s", tag);
    header_add(rq, "Last-Modified", "%s", changed);
    header_add(rq, "Accept-Ranges", "bytes");
    if (is_known(rq, tag, changed)) {
        rq->status = 304;
        return;
    }
    sending->piece.length = (uint64_t)sending->is.st_size;
    choose_part(rq, &sending->piece, tag, changed);
    header_add(rq, "Content-Length", "%llu", (unsigned long long)sending->piece.length);
    if (sending->piece.length)
        rq->piece = &sending->piece;
}

/* ---- opening it ---- */

static void open_run(struct task *task)
{
    struct sending *sending = OWNER(task, struct sending, task);
    int fd = storage_open(sending->storage, sending->key);

    sending->opened = fd < 0 ? fd : 0;
    if (fd >= 0 && fstat(fd, &sending->is) < 0)
        sending->opened = -errno;
    sending->piece.fd = fd;
}

static void open_done(struct task *task)
{
    struct sending *sending = OWNER(task, struct sending, task);
    struct request *rq = sending->rq;

    if (sending->opened == 0) {
        answer_file(sending);
    } else {
        log_error("request.file", "request=%s key=%s error=%s", rq->request_id, sending->key,
                  strerror(-sending->opened));
        fail(rq, sending->opened == -ENOENT ? E_NOT_FOUND : E_UNAVAILABLE, NULL, NULL);
    }
    complete(rq);
}

static int sending_free(struct sending *sending)
{
    if (sending->piece.fd >= 0)
        close(sending->piece.fd);
    return 0;
}

static void open_file(struct request *rq, const char *key)
{
    struct sending *sending = NEW(rq, struct sending);

    *sending = (struct sending){ .task = { .run = open_run, .done = open_done },
                                 .rq = rq,
                                 .storage = rq->server->storage,
                                 .key = key,
                                 .piece = { .fd = -1 } };
    if (pool_submit(rq->server->pool, &sending->task) < 0) {
        fail(rq, E_UNAVAILABLE, NULL, NULL);
        return;
    }
    talloc_set_destructor(sending, sending_free);
    rq->pending++;
}

/* ---- elsewhere ---- */

/* An address that holds for a short while, and never longer than the link that was followed. The bucket's host says
 * there what we would say here. */
static void redirect(struct request *rq, const struct stored_file *file)
{
    time_t now = time(NULL), left = rq->file_until ? rq->file_until - now : REDIRECT_SECONDS;
    const char *name = file->attachment ? "attachment" : "inline";
    struct storage_link link = { .key = file->key,
                                 .type = file->type,
                                 .disposition = FORMAT(rq, "%s; filename=\"%s\"", name, file->name),
                                 .head = rq->head,
                                 .seconds = left < REDIRECT_SECONDS ? (int)left : REDIRECT_SECONDS,
                                 .now = now };
    const char *url = left > 0 ? storage_link(rq, rq->server->storage, &link) : NULL;

    if (!url) {
        fail(rq, E_NOT_FOUND, NULL, NULL);
        return;
    }
    rq->status = 302;
    header_add(rq, "Location", "%s", url);
    header_add(rq, "Content-Length", "0");
    header_add(rq, "Cache-Control", "private");
}

void send_file(struct request *rq, const struct stored_file *file)
{
    const char *way = request_config(rq)->front_sendfile;

    rq->sends_file = true;
    if (storage_is_remote(rq->server->storage)) {
        redirect(rq, file);
        return;
    }
    header_add(rq, "Content-Type", "%s", file->type);
    header_add(rq, "Content-Disposition", "%s; filename=\"%s\"", file->attachment ? "attachment" : "inline",
               file->name);
    header_add(rq, "Cache-Control", "private, max-age=3600");
    if (!strcmp(way, "accel")) {
        header_add(rq, "X-Accel-Redirect", "/_files/%s", file->key);
        return;
    }
    /* What a user made is never a page of ours: no scripts, no frames, no forms, should a browser open it. */
    header_add(rq, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    if (!strcmp(way, "sendfile"))
        header_add(rq, "X-Sendfile", "%s/%s", request_config(rq)->storage_folder, file->key);
    else
        open_file(rq, file->key);
}
