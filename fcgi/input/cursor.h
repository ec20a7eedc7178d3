/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cursors: where a page of a list begins, in the form that goes into links. Only what was written here, for the same
 * page of the same list, holds: it carries a MAC (BLAKE2b, 16 bytes) over itself and what it is bound to. It hides
 * nothing, and so may hold only what the caller sees anyway. */
#ifndef MILLRACE_CURSOR_H
#define MILLRACE_CURSOR_H
#include "common/token.h"

enum { CURSOR_MAX = 1024 }; /* letters: [A-Za-z0-9_-] */

struct cursor {
    bool up;         /* the page ends in front of the row; else it begins behind it */
    long long total; /* what was counted when the walk began; -1: nothing was */
    const char *key; /* the row's place in the list's order, as the list's statement writes it */
};

/* bound: any text that says which page of which list, of whom. On ctx; NULL when the key is too long for a link. */
char *cursor_write(void *ctx, const struct keys *keys, const char *bound, const struct cursor *cursor);
/* -EINVAL when it does not hold, whatever the reason. Its key is on ctx. */
int cursor_read(void *ctx, const struct keys *keys, const char *bound, const char *text, struct cursor *ret);
#endif
