/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a call brings, as one JSON object, however it was written. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/input/multipart.h"
#include "fcgi/sandbox/sandbox.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { NAMES_DEEP = 8 };

/* ---- nested names ---- */

/* Take "a[b][c]" apart in place. The number of parts; -EINVAL. */
static int name_split(char *name, const char *parts[NAMES_DEEP])
{
    char *bracket = strchr(name, '[');
    int n = 1;

    parts[0] = name;
    while (bracket) {
        char *end = strchr(bracket, ']');

        if (!end || bracket == name || n == NAMES_DEEP || (end[1] && end[1] != '['))
            return -EINVAL;
        *bracket = *end = '\0';
        parts[n++] = bracket + 1;
        bracket = end[1] ? end + 1 : NULL;
    }
    return *name ? n : -EINVAL;
}

/* A name that comes again makes a list of what it had. */
static int value_add(json_t *object, const char *name, const char *value)
{
    json_t *is = json_object_get(object, name), *list;

    if (!is)
        return json_object_set_new(object, name, json_string(value)) < 0 ? -EINVAL : 0;
    if (json_is_object(is))
        return -EINVAL;
    if (json_is_string(is)) {
        list = json_array();
        json_array_append(list, is);
        json_object_set_new(object, name, list);
        is = list;
    }
    return json_array_append_new(is, json_string(value)) < 0 ? -EINVAL : 0;
}

static int pair_add(void *ctx, json_t *object, const struct pair *pair)
{
    const char *parts[NAMES_DEEP];
    int n = name_split(COPY(ctx, pair->name), parts);

    for (int i = 0; i < n; i++) {
        const char *name = *parts[i] ? parts[i] : FORMAT(ctx, "%zu", json_object_size(object));
        json_t *inner = json_object_get(object, name);

        if (i == n - 1)
            return value_add(object, name, pair->value);
        if (!inner) {
            inner = json_object();
            json_object_set_new(object, name, inner);
        }
        if (!json_is_object(inner))
            return -EINVAL;
        object = inner;
    }
    return n;
}

/* Members 0, 1, 2 ... in this order. */
static bool is_list(json_t *object)
{
    const char *name;
    json_t *value;
    size_t n = 0;
    char wanted[24];

    json_object_foreach(object, name, value)
    {
        snprintf(wanted, sizeof wanted, "%zu", n++);
        if (strcmp(name, wanted) != 0)
            return false;
    }
    return n > 0;
}

/* The value with lists in the place of objects that are ones; takes over its reference. */
static json_t *lists_made(json_t *value)
{
    bool list = json_is_object(value) && is_list(value);
    json_t *made, *member;
    const char *name;

    if (!json_is_object(value))
        return value;
    made = list ? json_array() : json_object();
    json_object_foreach(value, name, member)
    {
        json_t *inner = lists_made(json_incref(member));

        if (list)
            json_array_append_new(made, inner);
        else
            json_object_set_new(made, name, inner);
    }
    json_decref(value);
    return made;
}

int nested_object(void *ctx, const struct pairs *pairs, json_t **ret)
{
    json_auto_t *object = json_object(), *made = json_object();
    const char *name;
    json_t *member;
    int r = 0;

    for (size_t i = 0; i < pairs->count && r >= 0; i++)
        r = pair_add(ctx, object, &pairs->list[i]);
    if (r < 0)
        return r;
    json_object_foreach(object, name, member) json_object_set_new(made, name, lists_made(json_incref(member)));
    *ret = TAKE(made);
    return 0;
}

/* ---- multipart: a file is an object of its name and its bytes ---- */

struct parts {
    void *ctx;
    json_t *object;
    struct part part;
    char *bytes;
    size_t length;
};

static int part_begin(void *closure, const struct part *part)
{
    struct parts *parts = closure;

    parts->part = *part;
    parts->length = 0;
    return 0;
}

static int part_data(void *closure, const char *bytes, size_t n)
{
    struct parts *parts = closure;

    parts->bytes = memory_check(talloc_realloc(parts->ctx, parts->bytes, char, parts->length + n + 1));
    memcpy(parts->bytes + parts->length, bytes, n);
    parts->length += n;
    return 0;
}

static int part_end(void *closure)
{
    struct parts *parts = closure;
    const char *bytes = parts->length ? parts->bytes : "";
    size_t room = sodium_base64_encoded_len(parts->length, sodium_base64_VARIANT_ORIGINAL);
    autotalloc char *text = memory_check(talloc_size(NULL, room));
    json_t *value;

    if (parts->part.file) {
        sodium_bin2base64(text, room, (const unsigned char *)bytes, parts->length, sodium_base64_VARIANT_ORIGINAL);
        value = json_pack("{s:s, s:I, s:s}", "filename", parts->part.filename, "bytes", (json_int_t)parts->length,
                          "base64", text);
    } else {
        value = json_stringn(bytes, parts->length);
    }
    return value && json_object_set_new(parts->object, parts->part.name, value) == 0 ? 0 : -EINVAL;
}

static int parts_read(struct request *rq, json_t **ret)
{
    json_auto_t *object = json_object();
    struct parts parts = { .ctx = rq, .object = object };
    struct multipart_told told = { .closure = &parts, .begin = part_begin, .data = part_data, .end = part_end };
    struct multipart multipart;
    int r = multipart_begin(&multipart, request_param(rq, "CONTENT_TYPE"), &told);

    if (r == 0)
        r = multipart_feed(&multipart, request_bytes(rq), rq->in->body_length);
    if (r == 0)
        r = multipart_finish(&multipart);
    if (r == 0)
        *ret = TAKE(object);
    return r;
}

/* ---- all of them ---- */

static int form_read(struct request *rq, json_t **ret)
{
    struct pairs pairs;
    int r = pairs_parse(rq, request_bytes(rq), rq->in->body_length, &pairs);

    return r < 0 ? r : nested_object(rq, &pairs, ret);
}

static int json_read(struct request *rq, json_t **ret)
{
    const char *why;
    json_auto_t *value = NULL;
    int r = json_parse_strict(rq, request_bytes(rq), rq->in->body_length, &value, &why);

    if (r == 0)
        *ret = TAKE(value);
    return r;
}

static const struct reader {
    const char *media;
    int (*read)(struct request *rq, json_t **ret);
} readers[] = {
    { "application/x-www-form-urlencoded", form_read },
    { "multipart/form-data", parts_read },
    { "", json_read },
};

int sandbox_input(struct request *rq, const char **ret)
{
    const char *type = request_param(rq, "CONTENT_TYPE");
    const struct reader *reader = readers;
    json_auto_t *value = NULL;
    int r;

    *ret = NULL;
    if (!rq->in->body_length)
        return 0;
    while (strncasecmp(type, reader->media, strlen(reader->media)) != 0)
        reader++;
    r = reader->read(rq, &value);
    if (r < 0)
        return -EINVAL;
    *ret = json_text(rq, value);
    return 0;
}
