/* SPDX-License-Identifier: GPL-3.0-or-later
 * Input to arguments: every field of the row is checked, all refusals are told at once. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <strings.h>
#include <unistd.h>

static bool wants_body(const struct operation *operation)
{
    for (int i = 0; i < operation->field_count; i++)
        if (operation->fields[i].in == BODY)
            return true;
    return false;
}

/* The body's bytes. One that was spooled lies in the page cache and is at most front.body_limit long. */
static const char *body_text(struct request *rq)
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

/* The media type alone: what follows a semicolon is none of ours. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";

    return strcspn(type, "; \t") == sizeof json - 1 && !strncasecmp(type, json, sizeof json - 1);
}

/* The body as a JSON object; an empty one counts as {}. */
static int read_body(struct request *rq, json_t **ret)
{
    const char *type = request_param(rq, "CONTENT_TYPE"), *why = "";
    json_auto_t *value = NULL;
    int r;

    if (rq->in->body_length == 0) {
        *ret = json_object();
        return 0;
    }
    if (!is_json(type))
        return fail(rq, E_MALFORMED, NULL, "The body must be application/json");
    r = json_parse_strict(rq, body_text(rq), rq->in->body_length, &value, &why);
    if (r == -ELOOP)
        return fail(rq, E_MALFORMED, NULL, "The body is nested too deeply");
    if (r < 0)
        return fail(rq, E_MALFORMED, NULL, FORMAT(rq, "The body is not valid JSON: %s", why));
    if (!json_is_object(value))
        return fail(rq, E_MALFORMED, NULL, "The body must be a JSON object");
    *ret = TAKE(value);
    return 0;
}

/* The decoded value of a query parameter, the first of its name; NULL when there is none. */
static const char *query_value(struct request *rq, const char *name)
{
    autotalloc char *query = COPY(NULL, rq->query);
    char *save = NULL;

    for (char *pair = strtok_r(query, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
        char *equals = strchr(pair, '=');
        const char *value = equals ? equals + 1 : "";
        if (equals)
            *equals = '\0';
        if (url_decode(pair, true) < 0 || strcmp(pair, name) != 0)
            continue;
        char *copy = COPY(rq, value);
        return url_decode(copy, true) < 0 ? "\x01" : copy; /* what no field accepts */
    }
    return NULL;
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

static int check_fields(struct request *rq, json_t *body)
{
    const struct operation *operation = rq->operation;

    for (int i = 0; i < operation->field_count; i++) {
        const struct field *field = &operation->fields[i];
        const char **value = &rq->arguments[FIXED_COUNT + i];

        if (field->in == BODY)
            field_check_json(rq, field, field->name, json_object_get(body, field->name), &rq->errors, value);
        else if (field->in == QUERY)
            field_check_text(rq, field, field->name, query_value(rq, field->name), &rq->errors, value);
        else if (!field_check_text(rq, field, field->name, *value, &rq->errors, value))
            return fail(rq, E_NOT_FOUND, NULL, NULL); /* no object has such an id */
    }
    if (rq->errors.count)
        return fail(rq, E_INVALID, NULL, NULL);
    if (body)
        keep_said(rq, body);
    page_arguments(rq);
    return 0;
}

int validate(struct request *rq)
{
    json_auto_t *body = NULL;
    int r;

    if (rq->in->body_state == BODY_TOO_LARGE)
        return fail(rq, E_TOO_LARGE, NULL, NULL);
    if (rq->in->body_state == BODY_CUT)
        return fail(rq, E_MALFORMED, NULL, "The body is shorter than its Content-Length says");
    if (wants_body(rq->operation)) {
        r = read_body(rq, &body);
        if (r < 0)
            return r;
    }
    return check_fields(rq, body);
}
