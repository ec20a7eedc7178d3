/* SPDX-License-Identifier: GPL-3.0-or-later
 * Input to arguments: every field of the row is checked, all refusals are told at once. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/input/upload.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <strings.h>
#include <unistd.h>

const char *request_bytes(struct request *rq)
{
    char *text;
    size_t have = 0;
    ssize_t n = 1;

    if (rq->in->body)
        return rq->in->body;
    text = memory_check(talloc_zero_size(rq, rq->in->body_length + 1));
    while (n > 0 && have < rq->in->body_length) {
        n = pread(rq->in->body_fd, text + have, rq->in->body_length - have, (off_t)have);
        if (n > 0)
            have += (size_t)n;
    }
    return text;
}

/* Whether the body is of that media type; what follows a semicolon is none of ours. */
static bool is_of(const struct request *rq, const char *media)
{
    const char *type = request_param(rq, "CONTENT_TYPE");

    return strcspn(type, "; \t") == strlen(media) && !strncasecmp(type, media, strlen(media));
}

/* ---- bodies: an empty one has no members ---- */

static int read_json(struct request *rq, json_t **ret)
{
    json_auto_t *value = NULL;
    const char *why = "";
    int r;

    if (!is_of(rq, "application/json"))
        return fail(rq, E_MALFORMED, NULL, "The body must be application/json");
    r = json_parse_strict(rq, request_bytes(rq), rq->in->body_length, &value, &why);
    if (r == -ELOOP)
        return fail(rq, E_MALFORMED, NULL, "The body is nested too deeply");
    if (r < 0)
        return fail(rq, E_MALFORMED, NULL, FORMAT(rq, "The body is not valid JSON: %s", why));
    if (!json_is_object(value))
        return fail(rq, E_MALFORMED, NULL, "The body must be a JSON object");
    *ret = TAKE(value);
    return 0;
}

static int read_form(struct request *rq)
{
    if (!is_of(rq, "application/x-www-form-urlencoded"))
        return fail(rq, E_MALFORMED, NULL, "The body must be application/x-www-form-urlencoded");
    if (pairs_parse(rq, request_bytes(rq), rq->in->body_length, &rq->form) < 0)
        return fail(rq, E_MALFORMED, NULL, "The body is not a valid form");
    return 0;
}

/* What the row's fields of the body are taken from: *ret, or rq->form. */
static int read_body(struct request *rq, json_t **ret)
{
    const struct operation *operation = rq->operation;

    if (!operation->has_body)
        return 0;
    if (rq->in->body_length > 0)
        return operation->row->form ? read_form(rq) : read_json(rq, ret);
    if (!operation->row->form)
        *ret = json_object();
    return 0;
}

/* ---- fields ---- */

/* The query taken apart, when it is first asked for. A malformed pair ends it: no field accepts what is there then. */
static const struct pairs *query_pairs(struct request *rq)
{
    if (!rq->query_read) {
        rq->query_read = true;
        rq->query_bad = pairs_parse(rq, rq->query, strlen(rq->query), &rq->query_pairs) < 0;
    }
    return &rq->query_pairs;
}

/* {"bio","timezone"}: of the row's fields those that the body has, null or not. Names need no quoting but have it. */
static void keep_said(struct request *rq, json_t *body)
{
    const struct operation *operation = rq->operation;
    char *said = COPY(rq, "{");

    for (int i = 0; i < operation->field_count; i++)
        if (operation->fields[i].in == BODY && json_object_get(body, operation->fields[i].name))
            said =
                memory_check(talloc_asprintf_append(said, "%s\"%s\"", said[1] ? "," : "", operation->fields[i].name));
    rq->arguments[ARG_SAID] = memory_check(talloc_strdup_append(said, "}"));
}

/* A form has no null and no way to leave an empty field out: empty and not required, it is missing. */
static const char *form_value(const struct request *rq, const struct field *field)
{
    const char *text = pairs_get(&rq->form, field_sent_as(field));

    return text && !*text && !(field->flags & REQUIRED) ? NULL : text;
}

static void check_file(struct request *rq, const struct field *field, const char *key)
{
    if (!key && field->flags & REQUIRED)
        field_refuse(rq, &rq->errors, FIELD_REQUIRED, field->name, "is required");
}

static int check_fields(struct request *rq, json_t *body)
{
    const struct operation *operation = rq->operation;

    for (int i = 0; i < operation->field_count; i++) {
        const struct field *field = &operation->fields[i];
        const char **value = &rq->arguments[FIXED_COUNT + i];

        if (field->type == FILE_PART)
            check_file(rq, field, *value);
        else if (field->in == BODY && (operation->row->form || (operation->row->parts && !body)))
            field_check_text(rq, field, field_sent_as(field), form_value(rq, field), &rq->errors, value);
        else if (field->in == BODY)
            field_check_json(rq, field, field->name, json_object_get(body, field->name), &rq->errors, value);
        else if (field->in == QUERY)
            field_check_text(rq, field, field->name, pairs_get(query_pairs(rq), field_sent_as(field)), &rq->errors,
                             value);
        else if (!field_check_text(rq, field, field->name, *value, &rq->errors, value))
            return fail(rq, E_NOT_FOUND, NULL, NULL); /* no object has such an id */
    }
    if (rq->query_bad)
        return fail(rq, E_MALFORMED, NULL, "The query is malformed");
    if (rq->errors.count)
        return fail(rq, E_INVALID, NULL, NULL);
    if (body)
        keep_said(rq, body);
    page_arguments(rq);
    return 0;
}

/* The files are there, and the other parts. */
static int check_unpacked(struct request *rq)
{
    return check_fields(rq, NULL);
}

/* A row of parts that needs no file takes a JSON body as well. */
static bool takes_json(const struct request *rq)
{
    const struct operation *operation = rq->operation;

    for (int i = 0; i < operation->field_count; i++)
        if (operation->fields[i].type == FILE_PART && operation->fields[i].flags & REQUIRED)
            return false;
    return is_of(rq, "application/json");
}

int validate(struct request *rq)
{
    json_auto_t *body = NULL;
    int r;

    if (rq->in->body_state == BODY_TOO_LARGE)
        return fail(rq, E_TOO_LARGE, NULL, NULL);
    if (rq->in->body_state == BODY_CUT)
        return fail(rq, E_MALFORMED, NULL, "The body is shorter than its Content-Length says");
    if (rq->operation->row->parts && !takes_json(rq))
        return upload_start(rq, check_unpacked);
    if (rq->operation->row->parts && rq->in->body_length > (size_t)request_config(rq)->front_body_limit)
        return fail(rq, E_TOO_LARGE, NULL, NULL);
    r = read_body(rq, &body);
    if (r < 0)
        return r;
    return check_fields(rq, body);
}
