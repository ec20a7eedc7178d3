/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/shared/form.h"
#include "common/memory.h"
#include "fcgi/input/form.h"
#include "tests/fuzz/shared/fuzz.h"

void form_hold_same(void *ctx, const char *one, const char *other, size_t length)
{
    struct pairs pairs, again;

    MUST(pairs_parse(ctx, one, length, &pairs) == pairs_parse(ctx, other, length, &again));
    MUST(pairs.count == again.count);
    for (size_t i = 0; i < pairs.count; i++)
        MUST(!strcmp(pairs.list[i].name, again.list[i].name) && !strcmp(pairs.list[i].value, again.list[i].value));
}
