/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where finished files lie. The back end here is a directory; keys are relative paths of [A-Za-z0-9._/-] without
 * empty, "." or ".." parts. A file is whole or not there: it is moved in, never written in place. */
#ifndef MILLRACE_STORAGE_H
#define MILLRACE_STORAGE_H

/* True when key is one that storage accepts. */
int storage_key_check(const char *key);

/* Open a stored file for reading: a descriptor. -ENOENT when key is no key or there is no such regular file, or what
 * else open() says. */
int storage_open(const char *root, const char *key);

/* Move every regular file of the directory into storage under prefix/NAME, folders made as needed, with file and
 * folder synced to disk. Links, files with a second name or one that is no key, and anything else are left behind.
 * Number of files moved, or -errno; on a failure files already moved stay (nothing refers to them). root: config's
 * storage.folder; prefix: a valid key. */
int storage_take_folder(const char *root, const char *prefix, const char *folder);

/* A file without a name in storage, to be written: a descriptor, or -errno. It is gone when that is closed. */
int storage_draft(const char *root);
/* Give a draft its name: a key in some folder, that nothing has yet. File and folder are synced to disk. 0 or -errno.
 */
int storage_keep(const char *root, const char *key, int fd);
/* Remove a file. 0 when it is gone (also when it never was), or -errno. */
int storage_drop(const char *root, const char *key);

/* Remove a folder and all that is in it, following no links. 0 when it is gone (also when it never was); -ENOTDIR when
 * path is something else, -ELOOP when it is deeper than 64 folders. */
int folder_remove(const char *path);
#endif
