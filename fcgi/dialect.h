/* SPDX-License-Identifier: GPL-3.0-or-later
 * What several dialects have in common. All text is on the request's memory. */
#ifndef MILLRACE_DIALECT_H
#define MILLRACE_DIALECT_H
#include "fcgi/input/page.h"

/* {"email": ["is required", ...], ...}: what is wrong with each field, in the order it was found. */
char *field_lists(struct request *rq, const struct field_errors *errors);
/* {"count", "next", "previous", "results"} with absolute links; total of -1 counts as what is known. */
char *counted_page(struct request *rq, const struct page *page);
extern const struct field counted_out[]; /* its members */
/* Now, as the products write it: 2024-01-20T15:30:00Z. */
const char *time_now(struct request *rq);
/* A link as JSON: null when there is none. */
const char *link_json(struct request *rq, const char *link);
#endif
