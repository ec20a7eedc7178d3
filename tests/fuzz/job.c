/* SPDX-License-Identifier: GPL-3.0-or-later
 * Arguments of jobs as they lie in the table, which a statement or another release may have written: opened they are
 * what was sealed, shown they give nothing away. Input: which kind (1), sealed as a whole or not (1), an object. */
#include "common/json.h"
#include "common/memory.h"
#include "queue/job_args.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

static const struct job_kind kinds[] = {
    { .name = "hook.call",
      .in = FIELDS(
          { .name = "count", .type = INTEGER }, { .name = "token", .type = TEXT, .flags = SECRET },
          { .name = "deep", .type = OBJECT, .fields = FIELDS({ .name = "key", .type = TEXT, .flags = SECRET }) }) },
    { .name = "mail.send", .in = FIELDS({ .name = "to", .type = EMAIL }) },
};

static struct seal_ring *ring(void)
{
    static struct seal_ring *made;
    struct keys keys;
    const char *why;

    if (!made) {
        MUST(keys_derive("0123456789abcdef0123456789abcdef", &keys) == 0);
        MUST(seal_ring_new(NULL, "", &keys, &made, &why) == 0);
    }
    return made;
}

/* What is secret stands nowhere in what is shown. */
static void hold_shown(void *ctx, const struct job_kind *kind, const char *text)
{
    const char *shown = job_args_shown(ctx, kind, text), *why;
    json_auto_t *value = NULL;

    if (!strcmp(shown, "(not an object)"))
        return;
    MUST(json_parse_strict(ctx, shown, strlen(shown), &value, &why) == 0 && json_is_object(value));
    for (const struct field *field = kind->in; field->name; field++) {
        const char *member = json_string_value(json_object_get(value, field->name));

        if (field_secret(field) && json_object_get(value, field->name))
            MUST(member && (!strcmp(member, "(secret)") || !strcmp(member, "(sealed)")));
    }
}

static void hold_sealed(void *ctx, const struct job_kind *kind, json_t *args, bool all)
{
    json_auto_t *lying = NULL, *opened = NULL;
    const char *why = NULL;
    char *text;
    int r = job_args_seal(ctx, ring(), kind, args, all, &text);

    MUST(r == 0 || r == -E2BIG);
    if (r < 0)
        return;
    MUST(json_parse_strict(ctx, text, strlen(text), &lying, &why) == 0);
    hold_shown(ctx, kind, text);
    MUST(job_args_open(ctx, ring(), kind, lying, &opened, &why) == 0 && json_is_object(opened));
    MUST(json_equal(opened, args));
}

/* Whether a producer may say so: none of the names and forms that sealing needs. */
static bool is_said(const json_t *args, const struct job_kind *kind)
{
    if (json_object_get(args, "sealed"))
        return false;
    for (const struct field *field = kind->in; field->name; field++) {
        const char *text = json_string_value(json_object_get(args, field->name));
        if (text && seal_is(text))
            return false;
    }
    return true;
}

FUZZ(job)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const struct job_kind *kind = &kinds[input_byte(&input) % ELEMENTS(kinds)];
    bool all = input_byte(&input) & 1;
    const char *text = input_rest(ctx, &input), *why = NULL;
    json_auto_t *args = NULL, *opened = NULL;
    int r;

    hold_shown(ctx, kind, text);
    if (json_parse_strict(ctx, text, input.left, &args, &why) < 0 || !json_is_object(args))
        return;
    r = job_args_open(ctx, ring(), kind, args, &opened, &why);
    MUST(r == 0 ? json_is_object(opened) : !opened && why);
    if (is_said(args, kind))
        hold_sealed(ctx, kind, args, all);
}
