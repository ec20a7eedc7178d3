/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/job_args.h"
#include "common/json.h"
#include "common/memory.h"
#include <errno.h>

static const char whole[] = "sealed"; /* no kind has an argument of this name */

/* What a value is sealed for; name NULL: all arguments. Neither names of kinds nor of fields have blanks. */
static char *context_of(void *ctx, const struct job_kind *kind, const char *name)
{
    return name ? FORMAT(ctx, "job %s %s", kind->name, name) : FORMAT(ctx, "job %s", kind->name);
}

json_t *job_args_gather(const struct job_kind *kind, const struct field *given, const char *const *values)
{
    const unsigned must_be_null = REQUIRED | NULLABLE;
    json_t *args = memory_check(json_object());

    for (; given && given->name; given++, values++) {
        const struct field *field = field_find(kind->in, given->name);

        if (field && *values)
            json_object_set_new(args, field->name, field_json(field, *values));
        else if (field && (field->flags & must_be_null) == must_be_null)
            json_object_set_new(args, field->name, json_null());
    }
    return args;
}

/* ---- seal ---- */

static json_t *seal_value(const struct seal_ring *ring, const struct job_kind *kind, const char *name,
                          const json_t *value)
{
    autotalloc void *scratch = talloc_new(NULL);
    return json_string(seal_text(scratch, ring, context_of(scratch, kind, name), json_text(scratch, value)));
}

int job_args_seal(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, json_t *args, bool all,
                  char **ret)
{
    json_auto_t *sealed = memory_check(all ? json_object() : json_copy(args));
    char *text;

    if (all)
        json_object_set_new(sealed, whole, seal_value(ring, kind, NULL, args));
    for (const struct field *field = kind->in; !all && field->name; field++) {
        const json_t *value = json_object_get(args, field->name);

        if (value && field_secret(field))
            json_object_set_new(sealed, field->name, seal_value(ring, kind, field->name, value));
    }
    text = json_text(ctx, sealed);
    if (strlen(text) > JOB_ARGS_MAX) {
        talloc_free(text);
        return -E2BIG;
    }
    *ret = text;
    return 0;
}

/* ---- open ---- */

static bool is_sealed(const json_t *value)
{
    return json_is_string(value) && seal_is(json_string_value(value));
}

static int open_value(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, const char *name,
                      const json_t *sealed, json_t **ret, const char **ret_why)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *why;
    char *text;
    int r = seal_open(scratch, ring, context_of(scratch, kind, name), json_string_value(sealed), &text, &why);

    if (r == 0) /* whoever has the key wrote it: it cannot be anything but JSON */
        r = json_parse_strict(scratch, text, strlen(text), ret, &why);
    if (r < 0)
        *ret_why = COPY(ctx, why);
    return r;
}

/* Open the secret arguments of opened in their places. */
static int open_secrets(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, json_t *opened,
                        const char **ret_why)
{
    for (const struct field *field = kind->in; field->name; field++) {
        const json_t *value = json_object_get(opened, field->name);
        json_t *plain;
        int r;

        if (!field_secret(field) || !is_sealed(value))
            continue;
        r = open_value(ctx, ring, kind, field->name, value, &plain, ret_why);
        if (r < 0)
            return r;
        json_object_set_new(opened, field->name, plain);
    }
    return 0;
}

int job_args_open(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, json_t *args, json_t **ret,
                  const char **ret_why)
{
    json_auto_t *opened = memory_check(json_copy(args)), *said = NULL;
    int r = open_secrets(ctx, ring, kind, opened, ret_why);

    if (r == 0 && is_sealed(json_object_get(opened, whole))) {
        r = open_value(ctx, ring, kind, NULL, json_object_get(opened, whole), &said, ret_why);
        json_object_del(opened, whole);
    }
    if (r < 0)
        return r;
    if (said && json_object_update(said, opened) < 0) {
        *ret_why = COPY(ctx, "what was sealed is not an object");
        return -EINVAL;
    }
    *ret = said ? TAKE(said) : TAKE(opened);
    return 0;
}

/* ---- show ---- */

/* By the statement that has read it. */
static bool is_hidden(const json_t *value)
{
    return json_is_string(value) && !strcmp(json_string_value(value), "(sealed)");
}

char *job_args_shown(void *ctx, const struct job_kind *kind, const char *args)
{
    autotalloc void *scratch = talloc_new(NULL);
    json_auto_t *value = NULL;
    const char *why, *name;
    json_t *member;

    if (json_parse_strict(scratch, args, strlen(args), &value, &why) < 0 || !json_is_object(value))
        return COPY(ctx, "(not an object)");
    json_object_foreach(value, name, member)
    {
        const struct field *field = kind ? field_find(kind->in, name) : NULL;

        if (is_sealed(member) || is_hidden(member))
            json_object_set_new(value, name, json_string("(sealed)"));
        else if (field && field_secret(field))
            json_object_set_new(value, name, json_string("(secret)"));
    }
    return json_text(ctx, value);
}
