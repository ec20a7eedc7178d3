/* SPDX-License-Identifier: GPL-3.0-or-later
 * What dialects write the parts of lists with. A link is the request's own path and query, as the product writes paths,
 * behind base: the product's public base makes it absolute, request_prefix() keeps it relative. */
#ifndef MILLRACE_PAGE_H
#define MILLRACE_PAGE_H
#include "fcgi/request.h"

/* To the part that begins at offset. */
char *page_link(struct request *rq, const char *base, const struct page *page, long long offset);
/* NULL when there is none. */
const char *page_next(struct request *rq, const char *base, const struct page *page);
const char *page_previous(struct request *rq, const char *base, const struct page *page);
#endif
