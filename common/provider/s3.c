/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/s3.h"
#include "common/memory.h"
#include "common/provider/s3_call.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PARTS_MAX = 10000, ANSWER_MAX = 8192, LIST_MAX = 4 << 20 };

/* ---- objects ---- */

int s3_get(const struct s3 *s3, const char *key, int fd)
{
    struct s3_object object;
    struct s3_call call = { .method = S3_GET, .key = key, .to = fd };
    int r = s3_head(s3, key, &object); /* how much time it is to be given */

    call.moved = r < 0 ? 0 : object.size;
    return r < 0 ? r : s3_do(NULL, s3, &call);
}

int s3_get_range(const struct s3 *s3, const char *key, uint64_t offset, uint64_t length, int fd)
{
    struct s3_call call = { .method = S3_GET, .key = key, .to = fd, .range_offset = offset, .range_length = length };
    int r = s3_do(NULL, s3, &call);

    return r == 0 && call.object.size < length ? -ERANGE : r;
}

int s3_head(const struct s3 *s3, const char *key, struct s3_object *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct s3_call call = { .method = S3_HEAD, .key = key, .to = -1 };
    int r = s3_do(ctx, s3, &call);

    if (r == 0)
        *ret = call.object;
    return r;
}

static int object_delete(const struct s3 *s3, const char *key, const char *query)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct s3_call call = { .method = S3_DELETE, .key = key, .query = query, .to = -1, .text_max = ANSWER_MAX };
    int r = s3_do(ctx, s3, &call);

    return r == -ENOENT && strcmp(call.code, "NoSuchBucket") != 0 ? 0 : r;
}

int s3_delete(const struct s3 *s3, const char *key)
{
    return object_delete(s3, key, NULL);
}

/* ---- put ---- */

/* An object that goes in parts. */
struct parts {
    const struct s3 *s3;
    const char *key;
    int fd;
    uint64_t size, part;
    const char *upload; /* S3's name for it, encoded */
    char *list;         /* of the parts, for the end */
};

static int whole_put(const struct s3 *s3, const char *key, int fd, uint64_t size)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct s3_call call = {
        .method = S3_PUT, .key = key, .from = fd, .length = size, .to = -1, .text_max = ANSWER_MAX
    };

    return s3_do(ctx, s3, &call);
}

static int parts_begin(struct parts *parts)
{
    struct s3_call call = {
        .method = S3_POST, .key = parts->key, .query = "uploads=", .to = -1, .text_max = ANSWER_MAX
    };
    const char *at, *upload;
    int r = s3_do(parts, parts->s3, &call);

    if (r < 0)
        return r;
    at = call.answer;
    upload = s3_element(parts, &at, "UploadId");
    if (!upload || !*upload)
        return -EIO;
    parts->upload = s3_quote(parts, upload);
    parts->list = COPY(parts, "<CompleteMultipartUpload>");
    return 0;
}

static int part_put(struct parts *parts, int number, uint64_t offset)
{
    autotalloc void *ctx = talloc_new(NULL);
    uint64_t left = parts->size - offset;
    struct s3_call call = { .method = S3_PUT,
                            .key = parts->key,
                            .query = FORMAT(ctx, "partNumber=%d&uploadId=%s", number, parts->upload),
                            .from = parts->fd,
                            .offset = offset,
                            .length = left < parts->part ? left : parts->part,
                            .to = -1,
                            .text_max = ANSWER_MAX };
    int r = s3_do(ctx, parts->s3, &call);

    if (r == 0 && !*call.etag)
        r = -EIO;
    if (r == 0)
        parts->list = memory_check(talloc_strdup_append_buffer(
            parts->list, FORMAT(ctx, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number, call.etag)));
    return r;
}

/* S3 begins to answer before it knows: a refusal may come with 200. When no answer came it may be whole all the same.
 */
static int parts_end(struct parts *parts)
{
    struct s3_call call = { .method = S3_POST,
                            .key = parts->key,
                            .query = FORMAT(parts, "uploadId=%s", parts->upload),
                            .text = FORMAT(parts, "%s</CompleteMultipartUpload>", parts->list),
                            .moved = parts->size,
                            .to = -1,
                            .text_max = ANSWER_MAX };
    struct s3_object object;
    const char *at, *code;
    int r = s3_do(parts, parts->s3, &call);

    if (r == 0 && !strstr(call.answer, "CompleteMultipartUploadResult")) {
        at = call.answer;
        code = s3_element(parts, &at, "Code");
        r = s3_code_error(code ? code : "");
    }
    if (r == -EAGAIN && s3_head(parts->s3, parts->key, &object) == 0 && object.size == parts->size)
        r = 0;
    return r;
}

static int parts_put(const struct s3 *s3, const char *key, int fd, uint64_t size)
{
    autotalloc struct parts *parts = NEW(NULL, struct parts);
    uint64_t least = (size + PARTS_MAX - 1) / PARTS_MAX, offset = 0;
    int r;

    *parts = (struct parts){ .s3 = s3, .key = key, .fd = fd, .size = size, .part = S3_PART };
    if (parts->part < least)
        parts->part = least;
    r = parts_begin(parts);
    if (r < 0)
        return r;
    for (int number = 1; r == 0 && offset < size; number++) {
        r = part_put(parts, number, offset);
        offset += parts->part;
    }
    if (r == 0)
        r = parts_end(parts);
    if (r < 0)
        object_delete(s3, key, FORMAT(parts, "uploadId=%s", parts->upload));
    return r;
}

int s3_put(const struct s3 *s3, const char *key, int fd)
{
    struct stat is;

    if (fstat(fd, &is) < 0)
        return -errno;
    return is.st_size > S3_WHOLE_MAX ? parts_put(s3, key, fd, (uint64_t)is.st_size)
                                     : whole_put(s3, key, fd, (uint64_t)is.st_size);
}

/* ---- list ---- */

/* 2026-11-22T15:04:05.000Z */
static time_t time_parse(const char *text)
{
    struct tm at = { 0 };

    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &at) ? timegm(&at) : -1;
}

/* The objects of one answer. Keys that are not plain text are none of ours. *ret_last: the last key that is, on ctx. */
static int page_tell(void *ctx, const char *answer, s3_listed_fn *listed, void *closure, const char **ret_last)
{
    const char *at = answer, *end;
    int r = 0;

    while (r == 0 && (at = strstr(at, "<Contents>")) && (end = strstr(at, "</Contents>"))) {
        const char *item = memory_check(talloc_strndup(ctx, at, (size_t)(end - at)));
        const char *key_at = item, *time_at = item, *size_at = item;
        const char *key = s3_element(ctx, &key_at, "Key"), *size = s3_element(ctx, &size_at, "Size");
        struct s3_object object = { .changed_at = time_parse(s3_element(ctx, &time_at, "LastModified")) };

        at = end;
        if (!key || !size || object.changed_at < 0)
            continue;
        object.size = strtoull(size, NULL, 10);
        *ret_last = key;
        r = listed(closure, key, &object);
    }
    return r;
}

/* One answer's worth behind the key *after, which becomes the last one, on page. *ret_more: there are others. */
static int page_list(const struct s3 *s3, s3_listed_fn *listed, void *closure, void *page, const char **after,
                     bool *ret_more)
{
    struct s3_call call = { .method = S3_GET, .key = "", .to = -1, .text_max = LIST_MAX };
    const char *at, *last = NULL, *more;
    int r;

    call.query = *after ? FORMAT(page, "list-type=2&start-after=%s", s3_quote(page, *after)) : "list-type=2";
    r = s3_do(page, s3, &call);
    if (r < 0)
        return r;
    at = call.answer;
    more = s3_element(page, &at, "IsTruncated");
    if (!more || !strstr(call.answer, "ListBucketResult"))
        return -EIO;
    *ret_more = !strcmp(more, "true");
    r = page_tell(page, call.answer, listed, closure, &last);
    if (r == 0 && *ret_more && (!last || (*after && strcmp(last, *after) <= 0)))
        return -EIO; /* it would go on for ever */
    *after = last;
    return r;
}

int s3_list(const struct s3 *s3, s3_listed_fn *listed, void *closure)
{
    autotalloc void *before = NULL;
    const char *after = NULL;
    bool more = true;
    int r = 0;

    while (r == 0 && more) {
        void *page = talloc_new(NULL);

        r = page_list(s3, listed, closure, page, &after, &more);
        talloc_free(before);
        before = page;
    }
    return r;
}
