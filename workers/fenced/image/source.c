/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/source.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const struct source_ways *const ways_of[PICTURE_FORMATS] = {
    [PICTURE_JPEG] = &source_jpeg,
    [PICTURE_PNG] = &source_magick,
    [PICTURE_WEBP] = &source_magick,
    [PICTURE_GIF] = &source_magick,
};

int source_fail(struct source *source, int r, const char *why)
{
    if (!source->why)
        source->why = why;
    return r;
}

static int source_unmap(struct source *source)
{
    if (source->bytes)
        munmap((void *)(uintptr_t)source->bytes, source->length);
    return 0;
}

static int source_map(struct source *source)
{
    autoclose int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes;

    if (fd < 0 || fstat(fd, &status) < 0)
        return source_fail(source, -errno, "its file cannot be read");
    if (status.st_size == 0)
        return source_fail(source, -ENOTSUP, "it is empty");
    if (status.st_size > PICTURE_BYTES)
        return source_fail(source, -EFBIG, "it has more bytes than are taken");
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return source_fail(source, -errno, "its file cannot be read");
    source->bytes = bytes;
    source->length = (size_t)status.st_size;
    talloc_set_destructor(source, source_unmap);
    return 0;
}

static int source_identify(struct source *source)
{
    int r = picture_kind_of(source->bytes, source->length, &source->kind);

    if (r == -ENOTSUP)
        return source_fail(source, r, "it is neither JPEG nor PNG, WebP or GIF");
    if (r == -EFBIG)
        return source_fail(source, r, "it has more pixels than are taken");
    if (r < 0)
        return source_fail(source, r, "its header is broken");
    source->orientation = 1;
    source->width = source->kind.width;
    source->height = source->kind.height;
    source->ways = ways_of[source->kind.format];
    return source->ways->open(source);
}

int source_open(void *ctx, const char *path, struct source **ret, const char **ret_why)
{
    struct source *source = NEW(ctx, struct source);
    int r;

    source->path = COPY(source, path);
    r = source_map(source);
    if (r == 0)
        r = source_identify(source);
    if (r < 0) {
        *ret_why = COPY(ctx, source->why);
        talloc_free(source);
        return r;
    }
    *ret = source;
    return 0;
}

int source_start(struct source *source, double shrink)
{
    return source->ways->start(source, shrink);
}

int source_row(struct source *source, unsigned char *row)
{
    return source->ways->row(source, row);
}
