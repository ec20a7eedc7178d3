/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a caller says in headers about the answer he wants: If-None-Match (RFC 9110) and Prefer (RFC 7240). */
#ifndef MILLRACE_CONDITIONS_H
#define MILLRACE_CONDITIONS_H
#include <stdbool.h>

/* Whether an If-None-Match names this tag (with its quotes, W/ in front or not): a list of tags or *, compared weakly.
 * What follows something that is no tag is not read. */
bool tag_is_listed(const char *list, const char *tag);

struct preferences {
    int wait; /* seconds; -1: nothing was said */
    bool respond_async;
};
/* Read a Prefer. Of what is said twice the first counts; what is not known, or malformed, says nothing. */
struct preferences preferences_read(const char *header);
#endif
