/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where finished files are kept: in a folder, or in a bucket of S3 (common/provider/storage_s3.h). Keys are relative
 * paths of [A-Za-z0-9._/-] without empty, "." or ".." parts. A file is whole or not there, and never changes under its
 * key. Calls block; several threads may make them with one storage. */
#ifndef MILLRACE_STORAGE_H
#define MILLRACE_STORAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct storage;

/* What a link leads to; type and disposition are what the answer's headers are to say. */
struct storage_link {
    const char *key, *type, *disposition;
    bool head;   /* the link is for HEAD; else for GET */
    int seconds; /* how long it holds, from now on */
    time_t now;
};

/* A stored file; what it gives other than 0 ends the walk. */
typedef int storage_seen_fn(void *closure, const char *key, time_t changed_at);

/* A back end. Keys and prefixes have been checked. */
struct storage_ways {
    int (*open)(const struct storage *storage, const char *key);
    int (*keep)(const struct storage *storage, const char *key, int fd);
    int (*drop)(const struct storage *storage, const char *key);
    int (*take)(const struct storage *storage, const char *prefix, const char *folder);
    int (*drop_prefix)(const struct storage *storage, const char *prefix);
    int (*each)(const struct storage *storage, storage_seen_fn *seen, void *closure);
    char *(*link)(void *ctx, const struct storage *storage, const struct storage_link *link);
};

struct s3;

struct storage {
    const struct storage_ways *ways;
    const char *folder;  /* of the files, or of what is on its way to a bucket */
    const struct s3 *s3; /* NULL: in a folder */
};

/* In the folder root, which must live as long. */
struct storage storage_in_folder(const char *root);

/* True when files are on another machine: calls may take as long as the network does, so no loop may make them. */
bool storage_is_remote(const struct storage *storage);

/* True when key is one that storage accepts. */
bool storage_key_check(const char *key);

/* Open a stored file for reading: a descriptor at its begin. -ENOENT when key is no key or there is no such regular
 * file; else what open() says, or of a bucket the errors of common/provider/s3.h. */
int storage_open(const struct storage *storage, const char *key);

/* Take every regular file of the directory into storage under prefix/NAME. Links, files with a second name or one that
 * is no key, and anything else are left behind; of a folder, files are moved, with file and folder synced to disk; of a
 * bucket, they are copied. Number of files taken, or -errno; on a failure files already taken stay (nothing refers to
 * them). prefix: a valid key. */
int storage_take_folder(const struct storage *storage, const char *prefix, const char *folder);
/* Remove what storage_take_folder() has put there. 0 when nothing is left; of a bucket -ENOTSUP: that is left to
 * millrace files sweep. */
int storage_drop_prefix(const struct storage *storage, const char *prefix);

/* A file without a name, to be written: a descriptor, or -errno. It is gone when that is closed. */
int storage_draft(const struct storage *storage);
/* Give a draft its name: a key in some folder, that nothing has yet. 0 when it lasts, or -errno. */
int storage_keep(const struct storage *storage, const char *key, int fd);
/* Remove a file. 0 when it is gone (also when it never was), or -errno. */
int storage_drop(const struct storage *storage, const char *key);

/* An address where whoever has it may fetch the file for a while, on ctx; NULL when the back end has none to give. It
 * is not asked whether the file is there. Does not block. */
char *storage_link(void *ctx, const struct storage *storage, const struct storage_link *link);

/* Call back with each file that is stored under a key, in no order; others may come and go meanwhile. 0, -errno,
 * or what the callback gave. */
int storage_each(const struct storage *storage, storage_seen_fn *seen, void *closure);

/* Call back with each regular file of the directory that storage_take_folder() would take, opened; count and errors
 * are those of storage_take_folder(). What the callback gives other than 0 ends the walk. */
typedef int storage_file_fn(void *closure, int folder, const char *name, int fd);
int storage_each_file(const char *folder, storage_file_fn *take, void *closure);

/* Remove a folder and all that is in it, following no links. 0 when it is gone (also when it never was); -ENOTDIR when
 * path is something else, -ELOOP when it is deeper than 64 folders. */
int folder_remove(const char *path);
#endif
