/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/describe/openapi.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/describe/openapi_of.h"
#include "fcgi/describe/schema.h"
#include "fcgi/serve.h"
#include "fcgi/steps/poll.h"
#include <ctype.h>
#include <errno.h>

#define JSON_MEDIA "application/json"

/* ---- what may come back ---- */

/* Refusals that a row's own shape foretells; all others are its `default`. Of those with the same status the first
 * stands. */
static const struct refusal {
    enum error error;
    const char *name, *doc, *header;
    bool (*foretold)(const struct of *of);
} refusals[] = {
    { E_INVALID, "Invalid", "Something breaks a rule; every field that does is named.", NULL, of_has_input },
    { E_MALFORMED, "Malformed", "The body cannot be read.", NULL, of_has_body },
    { E_UNAUTHENTICATED, "Unauthenticated", "Credentials are missing, or do not hold.", "WWW-Authenticate",
      of_knows_caller },
    { E_FORBIDDEN, "Forbidden", "The caller may not do this.", NULL, of_may_forbid },
    { E_NOT_FOUND, "NotFound", "There is no such thing, or it is not the caller's to see.", NULL, of_has_path },
    { E_TOO_LARGE, "TooLarge", "The body is larger than allowed.", NULL, of_has_body },
    { E_RATE_LIMITED, "RateLimited", "Too many requests.", "Retry-After", of_is_counted },
    { E_UNAVAILABLE, "Unavailable", "Not at the moment; try again.", "Retry-After", of_asks_database },
    { E_CONFLICT, "Conflict",
      "It conflicts with what is there; or the Idempotency-Key was sent with another request, or with one that is still "
      "being worked on.",
      NULL, of_may_repeat },
};

/* Headers of answers. */
static const struct header {
    const char *name, *type, *doc;
    bool (*sent)(const struct of *of); /* NULL: only where a refusal names it */
} headers[] = {
    { "X-RateLimit-Limit", "integer", "Requests that the caller may make.", of_is_counted },
    { "X-RateLimit-Remaining", "integer", "Those that are left.", of_is_counted },
    { "X-RateLimit-Reset", "integer", "When it begins anew, in seconds since 1970.", of_is_counted },
    { "Retry-After", "integer", "Seconds to wait.", of_may_wait },
    { "ETag", "string", "Of what matters in the answer: send it back as If-None-Match.", of_is_tagged },
    { "Preference-Applied", "string", "The preference that was followed: wait=N, respond-async.", of_may_wait },
    { "Idempotent-Replayed", "string", "true: the first answer to this Idempotency-Key, once more.", of_may_repeat },
    { "WWW-Authenticate", "string", "How to say who one is.", NULL },
};

/* How a caller says who he is; and what goes along when he changes something. */
static const struct scheme {
    const char *name, *type, *doc;
    const char *scheme, *format;  /* of type http */
    const char *place, *key;      /* of type apiKey; a cookie's key is the dialect's */
    const struct scheme *changes; /* NULL: nothing more */
} csrf = { .name = "csrf",
           .type = "apiKey",
           .place = "header",
           .key = "X-CSRF-Token",
           .doc = "Goes along with the session where something is changed; the answer that opens the session has it." },
  schemes[WAY_COUNT] = {
      [WAY_JWT] = { .name = "bearer", .type = "http", .scheme = "bearer", .format = "JWT", .doc = "An access token." },
      [WAY_TOKEN] = { .name = "token",
                      .type = "apiKey",
                      .place = "header",
                      .key = "Authorization",
                      .doc = "The word Token, a blank, and the API token." },
      [WAY_SESSION] = { .name = "session",
                        .type = "apiKey",
                        .place = "cookie",
                        .changes = &csrf,
                        .doc = "The cookie of a session." },
      [WAY_OPERATOR] = { .name = "operator",
                         .type = "apiKey",
                         .place = "cookie",
                         .changes = &csrf,
                         .doc = "The cookie of an operator's session." },
  };

static const struct {
    int status;
    const char *said;
} statuses[] = {
    { 200, "Done." }, { 201, "Made." }, { 202, "Taken up; it is done later." }, { 204, "Done; nothing to say." }
};

/* How a stored file is answered besides whole (fcgi/steps/send_file.c); the web server that sends it says so as well.
 */
static const struct {
    int status;
    bool bytes;
    const char *said;
} file_answers[] = {
    { 206, true, "The part that was asked for." },
    { 302, false, "It is in a bucket: it comes from there." },
    { 304, false, "It is still the same." },
    { 416, false, "It has no such part." },
};

static json_t *reference(const char *kind, const char *name)
{
    return json_pack("{so}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* ---- one row ---- */

/* The first part of the path below /api and its version. */
static char *tag_of(void *ctx, const struct endpoint *row)
{
    const char *at = row->path;

    if (strncmp(at, "/api/", 5) != 0)
        return COPY(ctx, "service");
    at += 5;
    if (*at == 'v' && isdigit((unsigned char)at[1]) && strchr(at, '/'))
        at = strchr(at, '/') + 1;
    return memory_check(talloc_strndup(ctx, at, strcspn(at, "/")));
}

static void add_parameters(json_t *list, const struct field *fields)
{
    for (; fields && fields->name; fields++) {
        json_t *one, *schema;

        if (fields->in == BODY)
            continue;
        schema = field_schema(fields, SCHEMA_INPUT);
        json_object_del(schema, "description");
        one = json_pack("{ss ss}", "name", field_sent_as(fields), "in", fields->in == PATH ? "path" : "query");
        if (fields->doc)
            json_put(one, "description", json_string(fields->doc));
        if (fields->in == PATH || fields->flags & REQUIRED)
            json_put(one, "required", json_true());
        if (fields->type == OBJECT || fields->type == LIST) /* as text it is its JSON */
            json_put(one, "content", json_pack("{s{so}}", JSON_MEDIA, "schema", schema));
        else
            json_put(one, "schema", schema);
        json_array_append_new(list, memory_check(one));
    }
}

static void add_header(json_t *list, const char *name, const char *doc)
{
    json_array_append_new(list, json_pack("{ss ss ss s{ss}}", "name", name, "in", "header", "description", doc,
                                          "schema", "type", "string"));
}

static json_t *parameters_of(const struct of *of)
{
    autotalloc void *scratch = talloc_new(NULL);
    const struct field wait[] = { wait_field, { .name = NULL } };
    json_t *list = json_array();

    add_parameters(list, of->row->in);
    if (of->row->polls)
        add_parameters(list, wait);
    if (of_may_wait(of))
        add_header(list, "Prefer", "wait=N: seconds that the answer may wait for the job. respond-async: it does not.");
    if (of_is_tagged(of))
        add_header(list, "If-None-Match", "Tags of answers that are known: 304 when it is still one of them.");
    if (of_sends_file(of))
        add_header(list, "Range", "bytes=FIRST-LAST: only these, counted from 0.");
    if (of_may_repeat(of))
        add_header(list, "Idempotency-Key",
                   "1 to 64 printable characters: sent again with the same key within a day, the "
                   "request is not carried out again, and its first answer comes once more.");
    if (of->row->list)
        add_parameters(list, page_fields(scratch, of->product->dialect, of->row));
    return list;
}

static json_t *content(const char *media, json_t *schema)
{
    return json_pack("{s{so}}", media, "schema", memory_check(schema));
}

static json_t *request_body(const struct endpoint *row)
{
    json_t *schema = fields_schema(row->in, SCHEMA_INPUT);
    bool required = json_object_get(schema, "required");
    const char *media = row->parts  ? "multipart/form-data"
                        : row->form ? "application/x-www-form-urlencoded"
                                    : JSON_MEDIA;

    return json_pack("{sb so}", "required", required, "content", content(media, schema));
}

/* What is sent when all went well: the row's members in what its dialect puts around them. NULL: nothing. */
static json_t *success_schema(const struct of *of)
{
    const struct dialect *dialect = of->product->dialect;
    const struct endpoint *row = of->row;
    json_t *body = row->out ? fields_schema(row->out, SCHEMA_ANSWER) : NULL;

    if (row->list) {
        body = json_pack("{ss so}", "type", "array", "items", body);
        return dialect->paging.out ? wrapped_schema(dialect->paging.out, body) : body;
    }
    if (row->status == 204 || row->bare || !dialect->success_out)
        return body;
    return wrapped_schema(dialect->success_out, body);
}

static json_t *headers_of(const struct of *of)
{
    json_t *list = json_pack("{so}", "X-Request-ID", reference("headers", "X-Request-ID"));

    for (size_t i = 0; i < ELEMENTS(headers); i++)
        if (headers[i].sent && headers[i].sent(of))
            json_put(list, headers[i].name, reference("headers", headers[i].name));
    return list;
}

static json_t *success_response(const struct of *of, int status)
{
    const char *said = "Done.";
    json_t *response, *schema = of->row->media ? NULL : success_schema(of);

    for (size_t i = 0; i < ELEMENTS(statuses); i++)
        if (statuses[i].status == status)
            said = statuses[i].said;
    response = json_pack("{ss so}", "description", said, "headers", headers_of(of));
    if (of->row->media)
        json_put(response, "content", json_pack("{s{}}", of->row->media));
    else if (schema)
        json_put(response, "content", content(JSON_MEDIA, schema));
    return response;
}

/* What a web server says of a file that it sends has none of our headers for certain. */
static void add_file_answers(json_t *responses, const struct of *of)
{
    char name[16];

    for (size_t i = 0; i < ELEMENTS(file_answers); i++) {
        json_t *response = json_pack("{ss}", "description", file_answers[i].said);

        if (file_answers[i].bytes)
            json_put(response, "content", json_pack("{s{}}", of->row->media));
        snprintf(name, sizeof name, "%d", file_answers[i].status);
        json_put(responses, name, response);
    }
}

static int status_of(const struct dialect *dialect, enum error error)
{
    return dialect->statuses[error] ? dialect->statuses[error] : error_status(error);
}

static json_t *responses_of(const struct of *of)
{
    json_t *responses = json_object();
    int status = of->row->status ? of->row->status : 200;
    char name[16];

    snprintf(name, sizeof name, "%d", status);
    json_put(responses, name, success_response(of, status));
    if (of->row->after && status != 200)
        json_put(responses, "200", success_response(of, 200));
    if (of_is_tagged(of))
        json_put(responses, "304",
                 json_pack("{ss so}", "description", "It is still the same.", "headers", headers_of(of)));
    if (of_sends_file(of))
        add_file_answers(responses, of);
    for (size_t i = 0; i < ELEMENTS(refusals); i++) {
        snprintf(name, sizeof name, "%d", status_of(of->product->dialect, refusals[i].error));
        if (refusals[i].foretold(of) && !json_object_get(responses, name))
            json_put(responses, name, reference("responses", refusals[i].name));
    }
    json_put(responses, "default", reference("responses", "Refused"));
    return responses;
}

static json_t *security_of(const struct of *of)
{
    json_t *list = json_array();

    for (int way = 0; way < WAY_COUNT && of->row->who != ANYONE; way++) {
        const struct scheme *scheme = &schemes[way];
        json_t *one;

        if (!(of->product->dialect->ways & 1u << way))
            continue;
        one = json_pack("{s[]}", scheme->name);
        if (scheme->changes && of->row->method != GET)
            json_put(one, scheme->changes->name, json_array());
        json_array_append_new(list, one);
    }
    if (of->row->who == OPTIONAL)
        json_array_append_new(list, json_object());
    return list;
}

static json_t *operation_of(const struct of *of)
{
    autotalloc void *scratch = talloc_new(NULL);
    json_t *operation = json_pack("{ss ss s[s]}", "operationId", of->row->name, "summary", of->row->doc, "tags",
                                  tag_of(scratch, of->row)),
           *parameters = parameters_of(of);

    if (of->row->who == ADMIN)
        json_put(operation, "description", json_string("For administrators."));
    if (json_array_size(parameters))
        json_put(operation, "parameters", parameters);
    else
        json_decref(parameters);
    if (of_has_body(of))
        json_put(operation, "requestBody", request_body(of->row));
    json_put(operation, "responses", responses_of(of));
    json_put(operation, "security", security_of(of));
    return operation;
}

/* ---- a product ---- */

static void add_tag(json_t *tags, const char *name)
{
    json_t *tag;
    size_t i;

    json_array_foreach(tags, i, tag) if (!strcmp(json_string_value(json_object_get(tag, "name")), name)) return;
    json_array_append_new(tags, json_pack("{ss}", "name", name));
}

static void add_rows(json_t *paths, json_t *tags, const struct product *product, const struct endpoint *rows)
{
    autotalloc void *scratch = talloc_new(NULL);

    for (; rows->name; rows = endpoint_next(rows)) {
        const struct of of = { product, rows };
        json_t *path = json_object_get(paths, rows->path);
        char *method = COPY(scratch, method_names[rows->method]);

        for (char *letter = method; *letter; letter++)
            *letter = (char)tolower((unsigned char)*letter);
        if (!path) {
            path = json_object();
            json_put(paths, rows->path, path);
        }
        json_put(path, method, operation_of(&of));
        add_tag(tags, tag_of(scratch, rows));
    }
}

static json_t *refused(const char *doc, const char *header)
{
    json_t *names = json_pack("{so}", "X-Request-ID", reference("headers", "X-Request-ID"));

    if (header)
        json_put(names, header, reference("headers", header));
    return json_pack("{ss so so}", "description", doc, "headers", names, "content",
                     content(JSON_MEDIA, reference("schemas", "Error")));
}

static json_t *header_components(void)
{
    json_t *all = json_pack("{s{ss s{ss}}}", "X-Request-ID", "description",
                            "The request's name: the one that was sent, or a new one.", "schema", "type", "string");

    for (size_t i = 0; i < ELEMENTS(headers); i++)
        json_put(all, headers[i].name,
                 json_pack("{ss s{ss}}", "description", headers[i].doc, "schema", "type", headers[i].type));
    return all;
}

static void add_scheme(json_t *all, const struct dialect *dialect, const struct scheme *scheme)
{
    bool cookie = scheme->place && !strcmp(scheme->place, "cookie");

    json_put(all, scheme->name,
             json_pack("{ss ss ss* ss* ss* ss*}", "type", scheme->type, "description", scheme->doc, "scheme",
                       scheme->scheme, "bearerFormat", scheme->format, "in", scheme->place, "name",
                       cookie ? dialect->session.name : scheme->key));
    if (scheme->changes)
        add_scheme(all, dialect, scheme->changes);
}

static json_t *components(const struct dialect *dialect)
{
    json_t *responses = json_object(), *ways = json_object();

    for (size_t i = 0; i < ELEMENTS(refusals); i++)
        json_put(responses, refusals[i].name, refused(refusals[i].doc, refusals[i].header));
    json_put(responses, "Refused", refused("Refused for another reason, or failed.", NULL));
    for (int way = 0; way < WAY_COUNT; way++)
        if (dialect->ways & 1u << way)
            add_scheme(ways, dialect, &schemes[way]);
    return json_pack("{s{so} so so so}", "schemas", "Error", wrapped_schema(dialect->error_out, NULL), "responses",
                     responses, "headers", header_components(), "securitySchemes", ways);
}

static json_t *document_of(const struct product *product, const char *base)
{
    json_t *paths = json_object(), *tags = json_array();

    add_rows(paths, tags, product, product->endpoints);
    if (!product->root)
        add_rows(paths, tags, product, core_endpoints);
    return memory_check(json_pack("{ss s{ss ss} s[{ss}] so so so}", "openapi", "3.1.0", "info", "title", product->title,
                                  "version", MILLRACE_VERSION, "servers", "url", base, "tags", tags, "paths", paths,
                                  "components", components(product->dialect)));
}

char *openapi_text(void *ctx, const struct product *product, const char *base)
{
    json_auto_t *document = document_of(product, base);

    return json_text(ctx, document);
}

int openapi_print(const char *name, const char *base, FILE *to)
{
    const struct product *product = products;
    json_auto_t *document = NULL;

    while (product->name && strcmp(product->name, name) != 0)
        product++;
    if (!product->name)
        return -ENOENT;
    document = document_of(product, base);
    if (json_dumpf(document, to, JSON_INDENT(2)) || fputc('\n', to) == EOF || fflush(to))
        return -EIO;
    return 0;
}
