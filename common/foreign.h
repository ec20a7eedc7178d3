/* SPDX-License-Identifier: GPL-3.0-or-later
 * Calls to addresses that users give. They lead to nobody but the public network: each address is looked at when the
 * connection is made, whatever its name said before; only https; no redirects are followed, no proxy is asked, and of
 * an answer 64 KiB are taken at most. */
#ifndef MILLRACE_FOREIGN_H
#define MILLRACE_FOREIGN_H
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* What keeps a URL from being called, as who gave it is told; NULL: nothing. It is https, or http where allow is not
 * empty, has a host and no user. Whether it leads to the public network is not asked. */
const char *foreign_url_trouble(const char *url, const char *allow);

struct foreign_request {
    const char *url;
    const char *allow; /* addresses that are not public and may be called all the same, also by http: ADDRESS:PORT,
                        * comma-separated, * at an end stands for anything (text_listed_prefix()) */
    const char *const *headers; /* lines, up to a NULL */
    const char *body;           /* POSTed */
    size_t length;
    int timeout; /* milliseconds, all in all */
};

/* A call that is prepared. Freeing it cleans up; remove it from its transfers first. */
struct foreign_call {
    CURL *easy;
    char why[192]; /* of a connection that was refused here: what it would have led to; "" */
    struct curl_slist *headers;
    const char *allow;
    char *body;
    size_t received;
    bool plain; /* http */
};

/* On ctx. -EINVAL: the URL is not of that form, or a header has a control byte in it. */
int foreign_prepare(void *ctx, const struct foreign_request *request, struct foreign_call **ret);
/* What became of it, for people: NULL when the answer's status is of success. On ctx. */
const char *foreign_trouble(void *ctx, const struct foreign_call *call, CURLcode code, long status);
#endif
