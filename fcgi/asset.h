/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is the same for everybody: the description of an API, from memory, and the pages that show it, of whose files
 * only the small ones are kept there. Clients may keep it, but ask each time whether it is still the same (ETag). */
#ifndef MILLRACE_ASSET_H
#define MILLRACE_ASSET_H
#include "fcgi/request.h"

enum { ETAG_SIZE = 2 + 32 + 1 };

struct asset {
    const char *name; /* of a page's file: "docs/index.html" */
    const char *media;
    const char *bytes; /* NULL: they are in the file */
    int fd;
    size_t length;
    char etag[ETAG_SIZE]; /* with its quotes */
};

/* bytes stay the caller's, and must live as long. */
struct asset asset_of(const char *media, const char *bytes, size_t length);
/* Open the files of the pages that folder has (make web), until the process ends; those that are not there are left
 * out. Told in the log is only what is there and cannot be read. Ends with a NULL name. */
struct asset *assets_load(void *ctx, const char *folder);

/* Answer with an asset, whose bytes live as long as the request, or with 304 when the client has it. The last call of a
 * handler. */
int answer_asset(struct request *rq, const struct asset *asset);

/* Handlers of the core's rows: the product's description; and the file of the pages that the path names. */
int asset_description(struct request *rq);
int asset_page(struct request *rq);
#endif
