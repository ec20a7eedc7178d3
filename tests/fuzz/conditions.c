/* SPDX-License-Identifier: GPL-3.0-or-later
 * If-None-Match and Prefer. Input: a line with a tag's text, the header. */
#include "fcgi/input/conditions.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"

static void hold_tags(void *ctx, const char *opaque, const char *header)
{
    const char *tag = FORMAT(ctx, "\"%s\"", opaque), *weak = FORMAT(ctx, "W/%s", tag);
    bool listed = tag_is_listed(header, tag);

    MUST(tag_is_listed(header, weak) == listed);
    MUST(!listed || strstr(header, tag) || header[strspn(header, " \t")] == '*');
    for (const char *p = opaque; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == 0x7f)
            return; /* no tag: nobody has such a one */
    MUST(tag_is_listed(tag, tag) && tag_is_listed(weak, tag));
    MUST(tag_is_listed(FORMAT(ctx, ", \"a\" ,W/\"b,c\",%s", tag), weak));
    MUST(tag_is_listed(FORMAT(ctx, "%s, %s", tag, header), tag));
}

static void hold_preferences(void *ctx, const char *header)
{
    struct preferences said = preferences_read(header), again;

    MUST(said.wait >= -1 && said.wait <= 1000000);
    MUST(said.wait < 0 || strcasestr(header, "wait"));
    MUST(!said.respond_async || strcasestr(header, "respond-async"));
    again = preferences_read(FORMAT(ctx, "%s%s, %s", said.respond_async ? "respond-async" : "other",
                                    said.wait < 0 ? "" : FORMAT(ctx, ", wait=%d", said.wait), header));
    MUST(again.respond_async == said.respond_async && again.wait == said.wait);
    again = preferences_read(FORMAT(ctx, "WAIT=\"7\";x=\"a,\\\"b\", %s", header)); /* the first counts */
    MUST(again.wait == 7 && again.respond_async == said.respond_async);
}

FUZZ(conditions)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const char *opaque = input_line(ctx, &input), *header = input_rest(ctx, &input);

    hold_tags(ctx, opaque, header);
    hold_preferences(ctx, header);
}
