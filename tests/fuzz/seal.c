/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lies sealed: a text opens as what it was sealed for; what was made up, or changed in a bit, never does. Input:
 * which bit is changed (2), a line with the context, the text. */
#include "common/seal.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

static struct seal_ring *ring(void)
{
    static struct seal_ring *made;
    struct keys keys;
    const char *why;

    if (!made) {
        MUST(keys_derive("0123456789abcdef0123456789abcdef", &keys) == 0);
        MUST(seal_ring_new(NULL, "new:abcdefghijklmnopqrstuvwxyz0123456789", &keys, &made, &why) == 0);
    }
    return made;
}

static void hold_ring(void *ctx, const char *configured)
{
    struct seal_ring *made = NULL;
    const char *why = NULL;
    struct keys keys = { .kid = "01234567" };
    int r = seal_ring_new(ctx, configured, &keys, &made, &why);

    MUST(r == 0 ? made != NULL : r == -EINVAL && why && !made);
}

FUZZ(seal)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    unsigned bit = input_number(&input, 2);
    const char *context = input_line(ctx, &input), *text = input_rest(ctx, &input), *why = NULL;
    char *sealed, *opened = NULL;

    MUST(seal_open(ctx, ring(), context, text, &opened, &why) < 0 && !opened && why);
    hold_ring(ctx, text);
    sealed = seal_text(ctx, ring(), context, text);
    MUST(seal_is(sealed) && seal_open(ctx, ring(), context, sealed, &opened, &why) == 0 && !strcmp(opened, text));
    MUST(seal_open(ctx, ring(), FORMAT(ctx, "%s.", context), sealed, &opened, &why) == -EBADMSG);
    sealed[bit / 8 % strlen(sealed)] ^= (char)(1 << bit % 8);
    MUST(seal_open(ctx, ring(), context, sealed, &opened, &why) < 0);
}
