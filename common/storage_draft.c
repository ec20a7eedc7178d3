/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/storage.h"
#include "common/storage_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int storage_draft(const char *root)
{
    int fd = open(root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

    return fd < 0 ? -errno : fd;
}

int storage_keep(const char *root, const char *key, int fd)
{
    const char *name = strrchr(key, '/');
    autotalloc char *prefix = NULL;
    autoclose int folder = -1;
    char path[64];

    if (!storage_key_check(key) || !name)
        return -EINVAL;
    prefix = memory_check(talloc_strndup(NULL, key, (size_t)(name - key)));
    folder = storage_folder_open(root, prefix);
    if (folder < 0)
        return TAKE_FD(folder);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fsync(fd) < 0 || linkat(AT_FDCWD, path, folder, name + 1, AT_SYMLINK_FOLLOW) < 0 || fsync(folder) < 0)
        return -errno;
    return 0;
}

int storage_drop(const char *root, const char *key)
{
    autoclose int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (!storage_key_check(key))
        return -EINVAL;
    if (at < 0)
        return -errno;
    return unlinkat(at, key, 0) < 0 && errno != ENOENT ? -errno : 0;
}
