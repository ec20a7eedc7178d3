/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call to S3: between s3.c and what is made of such calls. */
#ifndef MILLRACE_S3_CALL_H
#define MILLRACE_S3_CALL_H
#include "common/provider/s3.h"
#include <stddef.h>

enum s3_method { S3_GET, S3_HEAD, S3_PUT, S3_POST, S3_DELETE };

enum { S3_ETAG_SIZE = 128 };

struct s3_call {
    enum s3_method method;
    const char *key;   /* "": the bucket itself */
    const char *query; /* sorted, strictly encoded, each name with its =; NULL: none */
    /* what is sent: a piece of a file, or text */
    int from;
    uint64_t offset, length;
    const char *text;
    /* what is asked for and where it goes: to a file, or to text, of which more than text_max is refused */
    uint64_t range_offset, range_length; /* length 0: all */
    int to;                              /* a file; or -1 */
    size_t text_max;
    uint64_t moved; /* bytes that time is given for besides those: that come without a range, or move over there */
    /* set by the answer */
    char *answer; /* on the call's talloc context; NULL: none came */
    size_t answer_length;
    char etag[S3_ETAG_SIZE]; /* "" unless it is one of letters, digits and hyphens in quotes, or without */
    struct s3_object object;
    char code[64]; /* of a refusal: S3's word for it */
    int local;     /* -errno of our own file */
};

/* Make the call; ctx is for its answer. 0, or the errors of s3.h. */
int s3_do(void *ctx, const struct s3 *s3, struct s3_call *call);

/* The text between <name> and </name>, the first after *at, which is set behind it; on ctx. NULL when there is none, or
 * when it is not plain. */
char *s3_element(void *ctx, const char **at, const char *name);
/* What a refusal's word means. */
int s3_code_error(const char *code);
#endif
