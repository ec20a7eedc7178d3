/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/form.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include <errno.h>

int pairs_add(void *ctx, struct pairs *pairs, const char *name, const char *value)
{
    if (pairs->count == PAIRS_MAX)
        return -E2BIG;
    if (pairs->count % 16 == 0)
        pairs->list = memory_check(talloc_realloc(ctx, pairs->list, struct pair, pairs->count + 16));
    pairs->list[pairs->count++] = (struct pair){ name, value };
    return 0;
}

static int pair_parse(void *ctx, char *text, struct pairs *ret)
{
    char *value = strchr(text, '=');

    if (value)
        *value++ = '\0';
    else
        value = text + strlen(text);
    if (url_decode(text, true) < 0 || url_decode(value, true) < 0)
        return -EINVAL;
    return pairs_add(ctx, ret, text, value);
}

int pairs_parse(void *ctx, const char *text, size_t length, struct pairs *ret)
{
    char *copy = memory_check(talloc_strndup(ctx, text, length)), *save = NULL;
    int r = strlen(copy) < length ? -EINVAL : 0;

    *ret = (struct pairs){ 0 };
    for (char *pair = strtok_r(copy, "&", &save); pair && r == 0; pair = strtok_r(NULL, "&", &save))
        r = pair_parse(ctx, pair, ret);
    return r;
}

const char *pairs_get(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (!strcmp(pairs->list[i].name, name))
            return pairs->list[i].value;
    return NULL;
}
