/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/upload.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "fcgi/input/multipart.h"
#include "fcgi/serve.h"
#include "fcgi/wire/pool.h"
#include <errno.h>
#include <magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 65536, KEY_SIZE = 96, TYPE_SIZE = 128, NAME_SIZE = 201, MAGIC_BYTES = 1 << 16 };

struct file_in {
    const struct field *field;
    int fd;
    size_t size;
    char key[KEY_SIZE], name[NAME_SIZE], type[TYPE_SIZE];
};

struct upload {
    struct task task;
    struct request *rq;
    step_fn *next;
    const char *content_type;
    const struct storage *storage;
    struct file_in files[UPLOADS_MAX];
    int count;
    /* of the part that is being read */
    struct file_in *file;
    char *text;
    size_t text_length;
    const char *text_name;
    /* what came of it; in is told as a refusal of that field */
    enum error error;
    const struct field *refused;
    const char *why;
    struct pairs form;
    bool kept;
};

/* ---- in a thread: touches its own upload only ---- */

static int refuse(struct upload *upload, enum error error, const struct field *field, const char *why)
{
    upload->error = error;
    upload->refused = field;
    upload->why = why;
    return -EPERM;
}

static const struct field *file_field(const struct upload *upload, const char *name)
{
    const struct field *field = field_find(upload->rq->operation->fields, name);

    return field && field->type == FILE_PART ? field : NULL;
}

/* What is left of a name in paths and headers: [A-Za-z0-9._-], not hidden, with its end. */
static void name_make(const char *sent, char *to)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t n = 0;

    for (; *sent && n < NAME_SIZE - 1; sent++)
        to[n++] = strchr(plain, *sent) ? *sent : '_';
    to[n] = '\0';
    if (!n || *to == '.')
        *to = '_';
    to[n ? n : 1] = '\0';
}

static int file_begin(struct upload *upload, const struct field *field, const struct part *part)
{
    struct file_in *file = &upload->files[upload->count];

    for (int i = 0; i < upload->count; i++)
        if (upload->files[i].field == field)
            return refuse(upload, E_INVALID, field, "must be sent once");
    if (upload->count == UPLOADS_MAX)
        return refuse(upload, E_MALFORMED, NULL, "There are too many files");
    *file = (struct file_in){ .field = field, .fd = storage_draft(upload->storage) };
    name_make(part->filename, file->name);
    if (file->fd < 0)
        return refuse(upload, E_UNAVAILABLE, NULL, NULL);
    upload->count++;
    upload->file = file;
    return 0;
}

static int part_begin(void *closure, const struct part *part)
{
    struct upload *upload = closure;
    const struct field *field = file_field(upload, part->name);

    upload->file = NULL;
    upload->text_name = NULL;
    if (field && part->file)
        return file_begin(upload, field, part);
    if (!field && !part->file) {
        upload->text_name = COPY(upload, part->name);
        upload->text_length = 0;
    }
    return 0; /* what the row does not know is passed over */
}

static int file_data(struct upload *upload, const char *bytes, size_t n)
{
    struct file_in *file = upload->file;

    file->size += n;
    if (file->size > (size_t)file->field->max)
        return refuse(upload, E_TOO_LARGE, NULL, NULL);
    while (n > 0) {
        ssize_t written = write(file->fd, bytes, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return refuse(upload, E_UNAVAILABLE, NULL, NULL);
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static int part_data(void *closure, const char *bytes, size_t n)
{
    struct upload *upload = closure;

    if (upload->file)
        return file_data(upload, bytes, n);
    if (!upload->text_name)
        return 0;
    if (upload->text_length + n > UPLOAD_TEXT_MAX)
        return refuse(upload, E_TOO_LARGE, NULL, NULL);
    if (!upload->text)
        upload->text = memory_check(talloc_size(upload, UPLOAD_TEXT_MAX + 1));
    memcpy(upload->text + upload->text_length, bytes, n);
    upload->text_length += n;
    return 0;
}

static int text_end(struct upload *upload)
{
    char *value = memory_check(talloc_strndup(upload, upload->text ? upload->text : "", upload->text_length));

    if (strlen(value) < upload->text_length)
        return refuse(upload, E_MALFORMED, NULL, "The body is not valid: a part has a NUL byte");
    if (pairs_add(upload, &upload->form, upload->text_name, value) < 0)
        return refuse(upload, E_MALFORMED, NULL, "There are too many fields");
    return 0;
}

/* ---- a file is whole ---- */

static pthread_key_t magic_key;

static void magic_end(void *magic)
{
    magic_close(magic);
}

static void magic_key_make(void)
{
    if (pthread_key_create(&magic_key, magic_end) != 0)
        abort(); /* at the first upload of a process, with no key in use: cannot be */
}

/* Reading the table of types takes milliseconds: a thread keeps it until it ends. Handles are not for several threads.
 */
static magic_t magic_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    magic_t magic;

    pthread_once(&once, magic_key_make);
    magic = pthread_getspecific(magic_key);
    if (magic)
        return magic;
    magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF);
    if (magic && (magic_load(magic, NULL) < 0 || pthread_setspecific(magic_key, magic) != 0)) {
        magic_close(magic);
        return NULL;
    }
    return magic;
}

static const char *type_of(int fd)
{
    autotalloc char *bytes = memory_check(talloc_size(NULL, MAGIC_BYTES));
    ssize_t n = pread(fd, bytes, MAGIC_BYTES, 0);
    magic_t magic = magic_get();

    return magic && n >= 0 ? magic_buffer(magic, bytes, (size_t)n) : NULL;
}

static bool type_allowed(const struct field *field, const char *type)
{
    for (const char *const *value = field->values; value && *value; value++)
        if (!strcmp(*value, type))
            return true;
    return !field->values;
}

static int file_end(struct upload *upload)
{
    struct file_in *file = upload->file;
    const char *type;
    char random[JTI_HEX + 1];

    if (!file->size)
        return refuse(upload, E_INVALID, file->field, "must not be empty");
    type = type_of(file->fd);
    if (!type)
        return refuse(upload, E_UNAVAILABLE, NULL, NULL);
    if (!type_allowed(file->field, type))
        return refuse(upload, E_INVALID, file->field, FORMAT(upload, "must not be of the type %.100s", type));
    snprintf(file->type, sizeof file->type, "%s", type);
    token_jti(random);
    snprintf(file->key, sizeof file->key, "%s/uploads/%.2s/%s", upload->rq->product->name, random, random);
    return 0;
}

static int part_end(void *closure)
{
    struct upload *upload = closure;

    if (upload->file)
        return file_end(upload);
    return upload->text_name ? text_end(upload) : 0;
}

static int read_pieces(struct upload *upload, struct multipart *multipart)
{
    const struct incoming *in = upload->rq->in;
    autotalloc char *piece = NULL;
    size_t at = 0;
    int r = 0;

    if (in->body)
        return multipart_feed(multipart, in->body, in->body_length);
    piece = memory_check(talloc_size(NULL, PIECE));
    while (at < in->body_length && r == 0) {
        ssize_t n = pread(in->body_fd, piece, PIECE, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return refuse(upload, E_UNAVAILABLE, NULL, NULL);
        r = multipart_feed(multipart, piece, (size_t)n);
        at += (size_t)n;
    }
    return r;
}

static void store(struct upload *upload)
{
    for (int i = 0; i < upload->count && upload->error == E_NONE; i++) {
        int r = storage_keep(upload->storage, upload->files[i].key, upload->files[i].fd);

        if (r < 0) {
            log_error("upload.store", "error=%s", strerror(-r));
            refuse(upload, E_UNAVAILABLE, NULL, NULL);
        }
    }
}

static void upload_run(struct task *task)
{
    struct upload *upload = OWNER(task, struct upload, task);
    const struct multipart_told told = { upload, part_begin, part_data, part_end };
    struct multipart multipart;
    int r = multipart_begin(&multipart, upload->content_type, &told);

    if (r < 0)
        refuse(upload, E_MALFORMED, NULL, "The body must be multipart/form-data with a boundary");
    r = r < 0 ? r : read_pieces(upload, &multipart);
    r = r < 0 ? r : multipart_finish(&multipart);
    if (r < 0 && upload->error == E_NONE)
        refuse(upload, E_MALFORMED, NULL, "The body is not valid multipart/form-data");
    store(upload);
}

/* ---- in the loop ---- */

static int upload_destroy(struct upload *upload)
{
    for (int i = 0; i < upload->count; i++)
        memory_close(&upload->files[i].fd);
    return 0;
}

static void set_arguments(struct upload *upload)
{
    struct request *rq = upload->rq;

    for (int i = 0; i < upload->count; i++) {
        const struct file_in *file = &upload->files[i];
        const char *name = file->field->name;

        argument_set(rq, name, file->key);
        argument_set(rq, FORMAT(rq, "%s_name", name), file->name);
        argument_set(rq, FORMAT(rq, "%s_type", name), file->type);
        argument_set(rq, FORMAT(rq, "%s_size", name), FORMAT(rq, "%zu", file->size));
    }
}

static void upload_done(struct task *task)
{
    struct upload *upload = OWNER(task, struct upload, task);
    struct request *rq = upload->rq;

    rq->form = upload->form;
    if (upload->error != E_NONE) {
        fail(rq, upload->error, upload->refused ? upload->refused->name : NULL, upload->why);
    } else {
        set_arguments(upload);
        upload->next(rq);
    }
    complete(rq);
}

int upload_start(struct request *rq, step_fn *next)
{
    struct upload *upload = NEW(rq, struct upload);

    upload->task = (struct task){ .run = upload_run, .done = upload_done };
    upload->rq = rq;
    upload->next = next;
    upload->content_type = request_param(rq, "CONTENT_TYPE");
    upload->storage = rq->server->storage;
    talloc_set_destructor(upload, upload_destroy);
    rq->upload = upload;
    if (pool_submit(rq->server->storers, &upload->task) < 0)
        return fail(rq, E_UNAVAILABLE, NULL, NULL);
    rq->pending++;
    return 0;
}

/* ---- what is not kept is removed ---- */

struct removal {
    struct task task;
    const struct storage *storage;
    char keys[UPLOADS_MAX][KEY_SIZE];
    int count;
};

static void removal_run(struct task *task)
{
    struct removal *removal = OWNER(task, struct removal, task);

    for (int i = 0; i < removal->count; i++)
        storage_drop(removal->storage, removal->keys[i]);
}

static void removal_done(struct task *task)
{
    talloc_free(OWNER(task, struct removal, task));
}

void upload_end(struct request *rq, bool kept)
{
    const struct upload *upload = rq->upload;
    struct removal *removal;

    if (!upload || kept)
        return;
    removal = NEW(rq->server, struct removal);
    removal->task = (struct task){ .run = removal_run, .done = removal_done };
    removal->storage = upload->storage;
    for (int i = 0; i < upload->count; i++)
        if (*upload->files[i].key)
            memcpy(removal->keys[removal->count++], upload->files[i].key, KEY_SIZE);
    if (removal->count == 0 || pool_submit(rq->server->storers, &removal->task) < 0)
        removal_done(&removal->task); /* what stays then is swept with what crashes leave */
}

size_t upload_limit(const struct endpoint *row)
{
    size_t most = 0;

    for (const struct field *field = row->in; field && field->name; field++)
        if (field->type == FILE_PART)
            most += (size_t)field->max;
    return most ? most + UPLOAD_OVERHEAD : 0;
}
