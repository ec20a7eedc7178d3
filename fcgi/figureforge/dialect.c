/* SPDX-License-Identifier: GPL-3.0-or-later
 * FigureForge's errors: {"error": {"code", "message", "details"}}, details a member per field. */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/figureforge/figureforge.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    char *details = COPY(rq, "");

    for (int i = 0; i < errors->count; i++)
        details =
            memory_check(talloc_asprintf_append(details, "%s%s:%s", i ? "," : "", json_quote(rq, errors->list[i].field),
                                                json_quote(rq, errors->list[i].message)));
    return FORMAT(rq, "{\"error\":{\"code\":\"%s\",\"message\":%s,\"details\":{%s}}}", figureforge_dialect.codes[error],
                  json_quote(rq, message), details);
}

static char *list_body(struct request *rq, const struct page *page)
{
    const char *base = request_prefix(rq);

    return FORMAT(rq, "{\"results\":%s,\"count\":%lld,\"next\":%s,\"previous\":%s}", page->items, page->total,
                  link_json(rq, page_next(rq, base, page)), link_json(rq, page_previous(rq, base, page)));
}

static const char *rate_of(const struct request *rq)
{
    return rq->signed_in ? "general" : "anyone";
}

/* clang-format off */
static const struct field error_out[] = {
    OUT_OBJECT("error", OUT(TEXT, "code"), OUT(TEXT, "message"), OUT(OBJECT, "details")), { .name = NULL },
};
static const struct field list_out[] = {
    BODY_HERE("results"), OUT(INTEGER, "count"), OUT_NULLABLE(TEXT, "next"), OUT_NULLABLE(TEXT, "previous"), { .name = NULL },
};

const struct rate figureforge_rates[] = {
    { "general", 3600, { { "*", 1000 } } },
    { "anyone", 60, { { "", 100 } } },
    { .name = NULL },
};
/* clang-format on */

const struct dialect figureforge_dialect = {
    .codes = {
        [E_MALFORMED] = "INVALID_REQUEST",
        [E_INVALID] = "INVALID_REQUEST",
        [E_UNAUTHENTICATED] = "AUTHENTICATION_REQUIRED",
        [E_BAD_TOKEN] = "AUTHENTICATION_REQUIRED",
        [E_QUOTA] = "INSUFFICIENT_QUOTA",
        [E_FORBIDDEN] = "PERMISSION_DENIED",
        [E_NOT_FOUND] = "NOT_FOUND",
        [E_METHOD] = "METHOD_NOT_ALLOWED",
        [E_PAYMENT] = "PAYMENT_FAILED",
        [E_CONFLICT] = "CONFLICT",
        [E_DUPLICATE] = "CONFLICT",
        [E_TOO_LARGE] = "PAYLOAD_TOO_LARGE",
        [E_RATE_LIMITED] = "RATE_LIMITED",
        [E_INTERNAL] = "INTERNAL_ERROR",
        [E_UNAVAILABLE] = "SERVICE_UNAVAILABLE",
    },
    .slashed = true,
    .access_seconds = 3600,
    .refresh_seconds = 30 * 24 * 3600,
    .ways = 1u << WAY_JWT,
    .paging = { .size = "limit", .place = "offset", .body = list_body, .out = list_out },
    .error_body = error_body,
    .error_out = error_out,
    .rate_of = rate_of,
};
