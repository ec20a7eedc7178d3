/* SPDX-License-Identifier: GPL-3.0-or-later
 * What both back ends have in common. */
#include "common/storage.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_MAX = 1024, PART_MAX = 200 };

static bool is_part(const char *part, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    if (!length || length > PART_MAX || strspn(part, letters) < length)
        return false;
    return part[0] != '.' || (length > 1 && (length > 2 || part[1] != '.')); /* neither "." nor ".." */
}

bool storage_key_check(const char *key)
{
    if (strlen(key) > KEY_MAX)
        return false;
    for (const char *part = key;; part++) {
        size_t length = strcspn(part, "/");
        if (!is_part(part, length))
            return false;
        part += length;
        if (!*part)
            return true;
    }
}

bool storage_is_remote(const struct storage *storage)
{
    return storage->s3 != NULL;
}

int storage_open(const struct storage *storage, const char *key)
{
    return storage_key_check(key) ? storage->ways->open(storage, key) : -ENOENT;
}

int storage_take_folder(const struct storage *storage, const char *prefix, const char *folder)
{
    return storage_key_check(prefix) ? storage->ways->take(storage, prefix, folder) : -EINVAL;
}

int storage_drop_prefix(const struct storage *storage, const char *prefix)
{
    return storage_key_check(prefix) ? storage->ways->drop_prefix(storage, prefix) : -EINVAL;
}

int storage_each(const struct storage *storage, storage_seen_fn *seen, void *closure)
{
    return storage->ways->each(storage, seen, closure);
}

int storage_draft(const struct storage *storage)
{
    int fd = open(storage->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

    return fd < 0 ? -errno : fd;
}

int storage_keep(const struct storage *storage, const char *key, int fd)
{
    return storage_key_check(key) && strchr(key, '/') ? storage->ways->keep(storage, key, fd) : -EINVAL;
}

int storage_drop(const struct storage *storage, const char *key)
{
    return storage_key_check(key) ? storage->ways->drop(storage, key) : -EINVAL;
}

char *storage_link(void *ctx, const struct storage *storage, const struct storage_link *link)
{
    return storage->ways->link && storage_key_check(link->key) ? storage->ways->link(ctx, storage, link) : NULL;
}
