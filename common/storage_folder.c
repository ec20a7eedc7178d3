/* SPDX-License-Identifier: GPL-3.0-or-later
 * Storage in a folder: keys are paths below it. */
#include "common/memory.h"
#include "common/storage.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0755, KEY_ROOM = 1026 };
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define autodir __attribute__((cleanup(close_dir)))

static int file_open(const struct storage *storage, const char *key)
{
    autoclose int folder = -1, fd = -1;
    struct stat is;

    folder = open(storage->folder, FOLDER & ~O_NOFOLLOW);
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

/* The folder root/prefix, made as needed. Only root itself may be a link: it is the operator's word. A descriptor, or
 * -errno. */
static int prefix_open(const char *root, const char *prefix)
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

/* ---- what a job has left ---- */

/* Open a file that is one to take: -ENOENT when it is none. A file with a second name is left too: whoever has that one
 * could go on writing to it. */
static int file_look(int folder, const char *name)
{
    struct stat status;
    int fd;

    if (strchr(name, '/') || !storage_key_check(name))
        return -ENOENT;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        return -ENOENT;
    fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int files_walk(DIR *folder, storage_file_fn *take, void *closure)
{
    const struct dirent *entry;
    int count = 0, r;

    while (errno = 0, (entry = readdir(folder))) {
        autoclose int fd = file_look(dirfd(folder), entry->d_name);

        if (fd == -ENOENT)
            continue;
        r = fd < 0 ? fd : take(closure, dirfd(folder), entry->d_name, fd);
        if (r < 0)
            return r;
        count++;
    }
    return errno ? -errno : count;
}

int storage_each_file(const char *folder, storage_file_fn *take, void *closure)
{
    autoclose int from = open(folder, FOLDER);
    autodir DIR *dir = from < 0 ? NULL : fdopendir(from);

    if (!dir)
        return -errno;
    (void)TAKE_FD(from); /* the directory's now */
    return files_walk(dir, take, closure);
}

static int file_move(void *closure, int folder, const char *name, int fd)
{
    const int *to = closure;
    struct stat status;

    if (fsync(fd) < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (renameat(folder, name, *to, name) == 0)
        return 0;
    return errno == EXDEV ? file_copy(fd, folder, *to, name, &status) : -errno;
}

static int folder_take(const struct storage *storage, const char *prefix, const char *folder)
{
    autoclose int from = open(folder, FOLDER), to = -1;
    int count;

    if (from < 0) /* before anything is made */
        return -errno;
    to = prefix_open(storage->folder, prefix);
    if (to < 0)
        return TAKE_FD(to);
    count = storage_each_file(folder, file_move, &to);
    if (count > 0 && fsync(to) < 0)
        return -errno;
    return count;
}

static int prefix_drop(const struct storage *storage, const char *prefix)
{
    autotalloc char *path = FORMAT(NULL, "%s/%s", storage->folder, prefix);

    return folder_remove(path);
}

/* ---- single files ---- */

static int draft_keep(const struct storage *storage, const char *key, int fd)
{
    const char *name = strrchr(key, '/');
    autotalloc char *prefix = memory_check(talloc_strndup(NULL, key, (size_t)(name - key)));
    autoclose int folder = prefix_open(storage->folder, prefix);
    char path[64];

    if (folder < 0)
        return TAKE_FD(folder);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fsync(fd) < 0 || linkat(AT_FDCWD, path, folder, name + 1, AT_SYMLINK_FOLLOW) < 0 || fsync(folder) < 0)
        return -errno;
    return 0;
}

static int file_drop(const struct storage *storage, const char *key)
{
    autoclose int at = open(storage->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (at < 0)
        return -errno;
    return unlinkat(at, key, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- all files ---- */

/* A walk, and the folder that it is in: its key, and a slash behind it unless it is the root. */
struct walk {
    storage_seen_fn *seen;
    void *closure;
    char key[KEY_ROOM];
    size_t length;
};

static int folder_walk(struct walk *walk, int fd);

static int entry_walk(struct walk *walk, int at, const char *name)
{
    size_t before = walk->length, length = strlen(name);
    struct stat is;
    int fd, r = 0;

    if (before + length + 2 > sizeof walk->key)
        return 0;
    memcpy(walk->key + before, name, length + 1);
    if (!storage_key_check(walk->key))
        return 0;
    if (fstatat(at, name, &is, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISREG(is.st_mode))
        return walk->seen(walk->closure, walk->key, is.st_mtime);
    if (!S_ISDIR(is.st_mode))
        return 0;
    fd = openat(at, name, FOLDER);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    walk->length = before + length + 1;
    walk->key[walk->length - 1] = '/';
    r = folder_walk(walk, fd);
    walk->length = before;
    return r;
}

/* Owns fd. */
static int folder_walk(struct walk *walk, int fd)
{
    autodir DIR *folder = fdopendir(fd);
    const struct dirent *entry;
    int r = 0;

    if (!folder) {
        r = -errno;
        close(fd);
        return r;
    }
    while (!r && (errno = 0, (entry = readdir(folder))))
        r = entry_walk(walk, dirfd(folder), entry->d_name);
    return r || !errno ? r : -errno;
}

static int files_each(const struct storage *storage, storage_seen_fn *seen, void *closure)
{
    struct walk walk = { .seen = seen, .closure = closure };
    int fd = open(storage->folder, FOLDER & ~O_NOFOLLOW);

    return fd < 0 ? -errno : folder_walk(&walk, fd);
}

static const struct storage_ways folder_ways = {
    .open = file_open,
    .keep = draft_keep,
    .drop = file_drop,
    .take = folder_take,
    .drop_prefix = prefix_drop,
    .each = files_each,
};

struct storage storage_in_folder(const char *root)
{
    return (struct storage){ .ways = &folder_ways, .folder = root };
}
