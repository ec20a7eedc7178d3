/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/storage_s3.h"
#include "common/memory.h"
#include "common/provider/s3.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int object_open(const struct storage *storage, const char *key)
{
    autoclose int fd = storage_draft(storage);
    int r = fd < 0 ? fd : s3_get(storage->s3, key, fd);

    return r < 0 ? r : TAKE_FD(fd);
}

static int object_keep(const struct storage *storage, const char *key, int fd)
{
    return s3_put(storage->s3, key, fd);
}

static int object_drop(const struct storage *storage, const char *key)
{
    return s3_delete(storage->s3, key);
}

/* Where a folder's files go. */
struct taking {
    const struct storage *storage;
    const char *prefix;
};

static int object_take(void *closure, int folder, const char *name, int fd)
{
    const struct taking *taking = closure;
    autotalloc char *key = FORMAT(NULL, "%s/%s", taking->prefix, name);

    (void)folder;
    return s3_put(taking->storage->s3, key, fd);
}

static int objects_take(const struct storage *storage, const char *prefix, const char *folder)
{
    struct taking taking = { .storage = storage, .prefix = prefix };

    return storage_each_file(folder, object_take, &taking);
}

static int objects_drop(const struct storage *storage, const char *prefix)
{
    (void)storage;
    (void)prefix;
    return -ENOTSUP;
}

struct seeing {
    storage_seen_fn *seen;
    void *closure;
};

static int object_seen(void *closure, const char *key, const struct s3_object *object)
{
    const struct seeing *seeing = closure;

    return storage_key_check(key) ? seeing->seen(seeing->closure, key, object->changed_at) : 0;
}

static int objects_each(const struct storage *storage, storage_seen_fn *seen, void *closure)
{
    struct seeing seeing = { seen, closure };

    return s3_list(storage->s3, object_seen, &seeing);
}

static char *object_link(void *ctx, const struct storage *storage, const struct storage_link *link)
{
    return s3_presign(ctx, storage->s3,
                      &(struct s3_presigned){ .method = link->head ? "HEAD" : "GET",
                                              .key = link->key,
                                              .type = link->type,
                                              .disposition = link->disposition,
                                              .now = link->now,
                                              .seconds = link->seconds });
}

static const struct storage_ways s3_ways = {
    .open = object_open,
    .keep = object_keep,
    .drop = object_drop,
    .take = objects_take,
    .drop_prefix = objects_drop,
    .each = objects_each,
    .link = object_link,
};

const struct storage *storage_new(void *ctx, const struct config *config)
{
    struct storage *storage = NEW(ctx, struct storage);
    struct s3 *s3;

    *storage = storage_in_folder(config->storage_folder);
    if (strcmp(config->storage_backend, "s3") != 0)
        return storage;
    s3 = NEW(storage, struct s3);
    *s3 = (struct s3){ .endpoint = config->storage_endpoint,
                       .bucket = config->storage_bucket,
                       .region = config->storage_region,
                       .access_key = config->storage_access_key,
                       .secret_key = config->storage_secret_key,
                       .path_style = config->storage_path_style,
                       .timeout = config->storage_timeout };
    storage->ways = &s3_ways;
    storage->s3 = s3;
    return storage;
}
