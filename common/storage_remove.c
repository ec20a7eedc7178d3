/* SPDX-License-Identifier: GPL-3.0-or-later
 * Removing what a job has left. Its program may have been turned against us, so the tree may be anything that a user
 * without rights can make: links to elsewhere, folders without permissions, a great depth. */
#include "common/memory.h"
#include "common/storage.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each level holds a descriptor. */
enum { DEPTH_MAX = 64 };

static int folder_open(int at, const char *name)
{
    enum { HOW = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
    struct stat status;
    int fd = openat(at, name, HOW);

    /* Only its owner's permissions are missing: give them back. */
    if (fd < 0 && errno == EACCES && fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
        fchmodat(at, name, 0700, 0) == 0)
        fd = openat(at, name, HOW);
    return fd < 0 ? -errno : fd;
}

static int contents_remove(int fd, int depth);

static int entry_remove(int at, const char *name, int depth)
{
    int fd, r;

    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    fd = folder_open(at, name);
    if (fd < 0)
        return fd;
    r = contents_remove(fd, depth + 1);
    if (r < 0)
        return r;
    return unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Owns fd. */
static int contents_remove(int fd, int depth)
{
    const struct dirent *entry;
    DIR *folder;
    int r = 0;

    /* Without write permission in it nothing can be removed from it. */
    if (depth > DEPTH_MAX || fchmod(fd, 0700) < 0 || !(folder = fdopendir(fd))) {
        r = depth > DEPTH_MAX ? -ELOOP : -errno;
        close(fd);
        return r;
    }
    while (!r && (errno = 0, (entry = readdir(folder)))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        r = entry_remove(dirfd(folder), entry->d_name, depth);
    }
    if (!r && errno)
        r = -errno;
    closedir(folder);
    return r;
}

int folder_remove(const char *path)
{
    int fd = folder_open(AT_FDCWD, path), r;

    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return fd;
    r = contents_remove(fd, 0);
    if (r < 0)
        return r;
    return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}
