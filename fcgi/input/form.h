/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names and values, as in a query or in a body of application/x-www-form-urlencoded (WHATWG URL, form parsing). */
#ifndef MILLRACE_FORM_H
#define MILLRACE_FORM_H
#include <stddef.h>

enum { PAIRS_MAX = 256 };

struct pair {
    const char *name, *value;
};
struct pairs {
    struct pair *list; /* in the order sent */
    size_t count;
};

/* Text that is the caller's is taken apart and decoded on ctx. -E2BIG above PAIRS_MAX; -EINVAL when a percent sign is
 * not followed by two digits, or stands for a NUL. *ret has what was read until then. */
int pairs_parse(void *ctx, const char *text, size_t length, struct pairs *ret);
/* One more, at the end; both must live as long as ctx. -E2BIG. */
int pairs_add(void *ctx, struct pairs *pairs, const char *name, const char *value);
/* The first of its name; NULL when there is none. */
const char *pairs_get(const struct pairs *pairs, const char *name);
#endif
