/* SPDX-License-Identifier: GPL-3.0-or-later
 * A query, or a body of a form: what was read of it and written again is read the same. */
#include "common/memory.h"
#include "fcgi/input/form.h"
#include "fcgi/serve.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

/* Every byte as %XX. */
static char *escaped(char *to, const char *text)
{
    for (; *text; text++)
        to += snprintf(to, 4, "%%%02x", (unsigned char)*text);
    return to;
}

static char *pairs_write(void *ctx, const struct pairs *pairs)
{
    size_t room = 1;
    char *text, *to;

    for (size_t i = 0; i < pairs->count; i++)
        room += 3 * (strlen(pairs->list[i].name) + strlen(pairs->list[i].value)) + 2;
    text = to = memory_check(talloc_zero_size(ctx, room + 1));
    for (size_t i = 0; i < pairs->count; i++) {
        to = escaped(to, pairs->list[i].name);
        *to++ = '=';
        to = escaped(to, pairs->list[i].value);
        *to++ = '&';
    }
    return text;
}

static void hold_segment(void *ctx, const char *text)
{
    char *segment = url_segment(ctx, text);

    MUST(!strpbrk(segment, "/?#&% \"<>") || strchr(segment, '%'));
    MUST(url_decode(segment, false) == 0 && !strcmp(segment, text));
}

FUZZ(query)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct pairs pairs, again;
    int r = pairs_parse(ctx, (const char *)data, size, &pairs);

    MUST(r == 0 || r == -EINVAL || r == -E2BIG);
    MUST(pairs.count <= PAIRS_MAX && (r != -E2BIG || pairs.count == PAIRS_MAX));
    MUST(r == -EINVAL || !size || !memchr(data, '\0', size));
    for (size_t i = 0; i < pairs.count; i++) {
        MUST(strlen(pairs.list[i].name) + strlen(pairs.list[i].value) <= size);
        MUST(pairs_get(&pairs, pairs.list[i].name));
        hold_segment(ctx, pairs.list[i].value);
    }
    if (r < 0)
        return;
    const char *text = pairs_write(ctx, &pairs);
    MUST(pairs_parse(ctx, text, strlen(text), &again) == 0 && again.count == pairs.count);
    for (size_t i = 0; i < pairs.count; i++)
        MUST(!strcmp(pairs.list[i].name, again.list[i].name) && !strcmp(pairs.list[i].value, again.list[i].value));
}
