/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/storage.h"
#include "common/memory.h"
#include "common/storage_folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MAX = 1024, PART_MAX = 200, FOLDER_MODE = 0755 };
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define autodir __attribute__((cleanup(close_dir)))

static bool is_part(const char *part, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    if (!length || length > PART_MAX || strspn(part, letters) < length)
        return false;
    return part[0] != '.' || (length > 1 && (length > 2 || part[1] != '.')); /* neither "." nor ".." */
}

int storage_key_check(const char *key)
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

int storage_open(const char *root, const char *key)
{
    autoclose int folder = -1, fd = -1;
    struct stat is;

    if (!storage_key_check(key))
        return -ENOENT;
    folder = open(root, FOLDER & ~O_NOFOLLOW);
    fd = folder < 0 ? -1 : openat(folder, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR || errno == ELOOP ? -ENOENT : -errno;
    if (fstat(fd, &is) < 0)
        return -errno;
    return S_ISREG(is.st_mode) ? TAKE_FD(fd) : -ENOENT;
}

/* Open the folder name in the folder at, which is made when it is missing; then at is synced, so that it lasts. */
static int folder_enter(int at, const char *name)
{
    int fd;

    if (mkdirat(at, name, FOLDER_MODE) == 0) {
        if (fsync(at) < 0)
            return -errno;
    } else if (errno != EEXIST) {
        return -errno;
    }
    fd = openat(at, name, FOLDER);
    return fd < 0 ? -errno : fd;
}

int storage_folder_open(const char *root, const char *prefix)
{
    autofree char *parts = memory_check(strdup(prefix));
    autoclose int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *rest = parts, *part;

    if (at < 0)
        return -errno;
    while ((part = strsep(&rest, "/"))) {
        int next = folder_enter(at, part);
        if (next < 0)
            return next;
        close(at);
        at = next;
    }
    return TAKE_FD(at);
}

static int copy_bytes(int from, int to, off_t size)
{
    while (size > 0) {
        ssize_t n = sendfile(to, from, NULL, (size_t)size);
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO; /* it has become shorter */
        size -= n;
    }
    return fsync(to) < 0 ? -errno : 0;
}

/* What rename() does, between two file systems: a copy under a name that is no key, then moved into place. */
static int file_copy(int from, int folder, int to, const char *name, const struct stat *status)
{
    autoclose int copy = -1;
    char partial[NAME_MAX + 8];
    int r;

    snprintf(partial, sizeof partial, "%s~part", name);
    if (unlinkat(to, partial, 0) < 0 && errno != ENOENT)
        return -errno;
    copy = openat(to, partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0666);
    if (copy < 0)
        return -errno;
    r = copy_bytes(from, copy, status->st_size);
    if (!r && renameat(to, partial, to, name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(to, partial, 0);
    else if (unlinkat(folder, name, 0) < 0)
        r = -errno;
    return r;
}

/* 1 when the file was moved, 0 when it is not one to move. A file with a second name is left too: whoever has that one
 * could go on writing to it. */
static int file_take(int folder, const char *name, int to)
{
    autoclose int fd = -1;
    struct stat status;
    int r;

    if (!is_part(name, strlen(name)))
        return 0;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        return 0;
    fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    if (renameat(folder, name, to, name) == 0)
        return 1;
    if (errno != EXDEV)
        return -errno;
    r = file_copy(fd, folder, to, name, &status);
    return r < 0 ? r : 1;
}

static int files_take(DIR *folder, int to)
{
    const struct dirent *entry;
    int count = 0, r;

    while (errno = 0, (entry = readdir(folder))) {
        r = file_take(dirfd(folder), entry->d_name, to);
        if (r < 0)
            return r;
        count += r;
    }
    return errno ? -errno : count;
}

int storage_take_folder(const char *root, const char *prefix, const char *folder)
{
    autoclose int from = -1, to = -1;
    autodir DIR *dir = NULL;
    int count;

    if (!storage_key_check(prefix))
        return -EINVAL;
    from = open(folder, FOLDER);
    if (from < 0)
        return -errno;
    to = storage_folder_open(root, prefix);
    if (to < 0)
        return to;
    dir = fdopendir(from);
    if (!dir)
        return -errno;
    (void)TAKE_FD(from); /* the directory's now */
    count = files_take(dir, to);
    if (count > 0 && fsync(to) < 0)
        return -errno;
    return count;
}
