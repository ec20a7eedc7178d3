/* SPDX-License-Identifier: GPL-3.0-or-later
 * A bucket of S3, or of what speaks as it does. Calls block: each has a time to connect, a time for the whole of it
 * (timeout, and a second for each 256 KiB it carries), and ends earlier when next to nothing comes through; what may be
 * done twice is tried up to four times, with growing pauses, unless time ran out. Several threads may call at once;
 * each keeps one connection until it ends.
 *
 * All fail with -ENOENT (no such object, or bucket), -EACCES (the key is wrong, or may not do this), -EAGAIN (no
 * connection, no time, or the service is too busy: later it may go well), -EIO (an answer that makes no sense, or a
 * refusal that will stay one), -ENOMEM, or what reading or writing the local file gives. */
#ifndef MILLRACE_S3_H
#define MILLRACE_S3_H
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct s3 {
    const char *endpoint; /* scheme and host, without a path */
    const char *bucket, *region, *access_key, *secret_key;
    bool path_style; /* the bucket is in the path, else in the host's name */
    int timeout;     /* milliseconds */
};

enum {
    S3_WHOLE_MAX = 64 << 20, /* bytes of an object that is sent in one call; beyond it goes in parts */
    S3_PART = 16 << 20,
    S3_RATE = 256 << 10, /* bytes a second that time is given for */
};

struct s3_object {
    uint64_t size;
    time_t changed_at;
};

/* Store the whole file, of any size: read in pieces, and never changed. Parts of an object that could not be completed
 * are removed where the service still answers; else the bucket's own rule should (docs/operating.md). */
int s3_put(const struct s3 *s3, const char *key, int fd);
/* Write the object to a file, at its begin. */
int s3_get(const struct s3 *s3, const char *key, int fd);
/* The same, of length bytes from offset on. -ERANGE when the object ends before. */
int s3_get_range(const struct s3 *s3, const char *key, uint64_t offset, uint64_t length, int fd);
int s3_head(const struct s3 *s3, const char *key, struct s3_object *ret);
/* 0 also when there was none. */
int s3_delete(const struct s3 *s3, const char *key);

/* One object of a listing; what it gives other than 0 ends that. */
typedef int s3_listed_fn(void *closure, const char *key, const struct s3_object *object);
/* Call back with each object of the bucket, in order. */
int s3_list(const struct s3 *s3, s3_listed_fn *listed, void *closure);

/* s3_sign.c: what signs a call by its URL, as Amazon's Signature Version 4. type and disposition: headers that the
 * answer is to have. */
struct s3_presigned {
    const char *method, *key;
    const char *type, *disposition; /* NULL: as the object has them */
    time_t now;
    int seconds; /* a week at most */
};
/* On ctx. Does not block. */
char *s3_presign(void *ctx, const struct s3 *s3, const struct s3_presigned *what);

/* Between s3*.c: */
/* The URL of an object, or of the bucket when key is "", without a query. */
char *s3_url(void *ctx, const struct s3 *s3, const char *key);
/* Everything but letters, digits and -._~ as %XX; also a slash. */
char *s3_quote(void *ctx, const char *text);
#endif
