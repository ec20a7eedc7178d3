/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's envelope: {"status", "data" | "error", "meta"}, on lists with meta.pagination and links. */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/fields.h"
#include <strings.h>

#define API_VERSION "1.0"

static const char *const reasons[] = {
    [FIELD_REQUIRED] = "REQUIRED",
    [FIELD_INVALID] = "INVALID_VALUE",
    [FIELD_FORMAT] = "INVALID_FORMAT",
    [FIELD_TOO_LONG] = "TOO_LONG",
    [FIELD_UNKNOWN_REFERENCE] = "UNKNOWN_REFERENCE",
};

static char *meta(struct request *rq, const char *more)
{
    return FORMAT(rq, "{\"timestamp\":\"%s\",\"request_id\":\"%s\",\"version\":\"" API_VERSION "\"%s}", time_now(rq),
                  rq->request_id, more);
}

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    char *details = COPY(rq, "");

    for (int i = 0; i < errors->count; i++)
        details = memory_check(talloc_asprintf_append(details, "%s{\"field\":%s,\"message\":%s,\"code\":\"%s\"}",
                                                      i ? "," : "", json_quote(rq, errors->list[i].field),
                                                      json_quote(rq, errors->list[i].message),
                                                      reasons[errors->list[i].reason]));
    return FORMAT(rq, "{\"status\":\"error\",\"error\":{\"code\":\"%s\",\"message\":%s,\"details\":[%s]},\"meta\":%s}",
                  expenses_dialect.codes[error], json_quote(rq, message), details, meta(rq, ""));
}

static char *success_body(struct request *rq, const char *body, const char *message)
{
    const char *said = message ? FORMAT(rq, "\"message\":%s,", json_quote(rq, message)) : "";
    const char *data = *body ? FORMAT(rq, "\"data\":%s,", body) : "";

    return FORMAT(rq, "{\"status\":\"success\",%s%s\"meta\":%s}", data, said, meta(rq, ""));
}

/* The tokens are a member of the body. */
static char *signed_in(struct request *rq, const char *body, const char *access, const char *refresh)
{
    return FORMAT(rq, "%.*s,\"tokens\":{\"access\":\"%s\",\"refresh\":\"%s\",\"expires_in\":%d}}",
                  (int)strlen(body) - 1, body, access, refresh, expenses_dialect.access_seconds);
}

/* Links are relative, and have no slash before the question mark. */
static char *list_body(struct request *rq, const struct page *page)
{
    const char *base = request_prefix(rq), *next = page_next(rq, base, page), *previous = page_previous(rq, base, page);
    long long pages = (page->total + page->limit - 1) / page->limit, last = pages > 0 ? (pages - 1) * page->limit : 0;
    const char *more = page->meta ? FORMAT(rq, ",%.*s", (int)strlen(page->meta) - 2, page->meta + 1) : "";
    char *pagination = FORMAT(rq,
                              "%s,\"pagination\":{\"page\":%lld,\"page_size\":%lld,\"total_pages\":%lld,"
                              "\"total_items\":%lld,\"has_next\":%s,\"has_previous\":%s}",
                              more, page->offset / page->limit + 1, page->limit, pages, page->total,
                              next ? "true" : "false", previous ? "true" : "false");

    return FORMAT(rq,
                  "{\"status\":\"success\",\"data\":%s,\"meta\":%s,"
                  "\"links\":{\"first\":%s,\"last\":%s,\"next\":%s,\"previous\":%s}}",
                  page->items, meta(rq, pagination), link_json(rq, page_link(rq, base, page, 0)),
                  link_json(rq, page_link(rq, base, page, last)), link_json(rq, next), link_json(rq, previous));
}

/* One media range of the Accept header: whether it asks for a version that there is not. */
static bool asks_for_another(const char *range, size_t length)
{
    static const char vendor[] = "application/vnd.expensetracker.", ours[] = "application/vnd.expensetracker.v1+json";

    if (length < sizeof vendor - 1 || strncasecmp(range, vendor, sizeof vendor - 1) != 0)
        return false;
    return length != sizeof ours - 1 || strncasecmp(range, ours, length) != 0;
}

/* application/json, any type and no word at all mean version 1. */
static int accept_version(struct request *rq)
{
    const char *accept = request_param(rq, "HTTP_ACCEPT");

    for (size_t n; *accept; accept += n + (accept[n] != '\0')) {
        accept += strspn(accept, " \t");
        n = strcspn(accept, ",");
        if (asks_for_another(accept, strcspn(accept, ",; \t")))
            return fail(rq, E_MALFORMED, NULL, "This version of the API is not known; there is v1");
    }
    return 0;
}

static bool below(const struct request *rq, const char *first)
{
    return rq->segment_count > 1 && !strcmp(rq->segments[1], first);
}

/* By the route's kind: signing in, analytics, else reading or writing. */
static const char *rate_of(const struct request *rq)
{
    if (below(rq, "auth"))
        return "auth";
    if (below(rq, "analytics"))
        return "analytics";
    return rq->method == GET ? "read" : "write";
}

/* clang-format off */
#define META_OUT OUT(TEXT, "timestamp"), OUT(TEXT, "request_id"), OUT(TEXT, "version")

static const struct field error_out[] = {
    OUT(TEXT, "status"),
    OUT_OBJECT("error", OUT(TEXT, "code"), OUT(TEXT, "message"),
               OUT_OBJECTS("details", OUT(TEXT, "field"), OUT(TEXT, "message"), OUT(TEXT, "code"))),
    OUT_OBJECT("meta", META_OUT), { .name = NULL },
};
static const struct field success_out[] = {
    OUT(TEXT, "status"), BODY_HERE("data"), { .name = "message", .type = TEXT }, OUT_OBJECT("meta", META_OUT), { .name = NULL },
};
static const struct field list_out[] = {
    OUT(TEXT, "status"), BODY_HERE("data"),
    OUT_OBJECT("meta", META_OUT, { .name = "unread_count", .type = INTEGER, .doc = "Of notifications, on any page." },
               OUT_OBJECT("pagination", OUT(INTEGER, "page"), OUT(INTEGER, "page_size"), OUT(INTEGER, "total_pages"),
                          OUT(INTEGER, "total_items"), OUT(BOOLEAN, "has_next"), OUT(BOOLEAN, "has_previous"))),
    OUT_OBJECT("links", OUT_NULLABLE(TEXT, "first"), OUT_NULLABLE(TEXT, "last"), OUT_NULLABLE(TEXT, "next"),
               OUT_NULLABLE(TEXT, "previous")),
    { .name = NULL },
};

const struct rate expenses_rates[] = {
    { "read", 3600, { { "", 100 }, { "premium", 5000 }, { "*", 1000 } } },
    { "write", 3600, { { "", 50 }, { "premium", 2000 }, { "*", 500 } } },
    { "auth", 60, { { "", 5 }, { "premium", 20 }, { "*", 10 } } },
    { "analytics", 3600, { { "premium", 1000 }, { "*", 100 } } },
    { .name = NULL },
};
/* clang-format on */

const struct dialect expenses_dialect = {
    .statuses = { [E_INVALID] = 422, [E_QUOTA] = 422, [E_PAYMENT] = 422 },
    .codes = {
        [E_MALFORMED] = "VALIDATION_ERROR",
        [E_INVALID] = "VALIDATION_ERROR",
        [E_UNAUTHENTICATED] = "AUTH_REQUIRED",
        [E_BAD_TOKEN] = "INVALID_TOKEN",
        [E_QUOTA] = "INSUFFICIENT_FUNDS",
        [E_PAYMENT] = "PAYMENT_FAILED",
        [E_FORBIDDEN] = "PERMISSION_DENIED",
        [E_NOT_FOUND] = "RESOURCE_NOT_FOUND",
        [E_METHOD] = "METHOD_NOT_ALLOWED",
        [E_CONFLICT] = "CONFLICT",
        [E_DUPLICATE] = "DUPLICATE_RESOURCE",
        [E_TOO_LARGE] = "PAYLOAD_TOO_LARGE",
        [E_RATE_LIMITED] = "RATE_LIMIT_EXCEEDED",
        [E_INTERNAL] = "INTERNAL_ERROR",
        [E_UNAVAILABLE] = "SERVICE_UNAVAILABLE",
    },
    .messages = {
        [E_INVALID] = "Invalid input data",
        [E_DUPLICATE] = "It is there already",
    },
    .access_seconds = 3600,
    .refresh_seconds = 7 * 24 * 3600,
    .ways = 1u << WAY_JWT,
    .paging = { .size = "page_size", .place = "page", .pages = true, .body = list_body, .out = list_out },
    .error_body = error_body,
    .error_out = error_out,
    .success_body = success_body,
    .success_out = success_out,
    .signed_in = signed_in,
    .rate_of = rate_of,
    .accept = accept_version,
};
