/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nutrition's errors: {"error", "message"}, with details (400), retry_after (429) or request_id (500). */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/nutrition/nutrition.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    const char *more = "";

    if (error == E_INVALID || error == E_MALFORMED || error == E_DUPLICATE || error == E_PAYMENT || error == E_QUOTA)
        more = FORMAT(rq, ",\"details\":%s", field_lists(rq, errors));
    else if (error == E_RATE_LIMITED)
        more = FORMAT(rq, ",\"retry_after\":%d", rq->retry_after);
    else if (error == E_INTERNAL)
        more = FORMAT(rq, ",\"request_id\":\"%s\"", rq->request_id);
    return FORMAT(rq, "{\"error\":\"%s\",\"message\":%s%s}", nutrition_dialect.codes[error], json_quote(rq, message),
                  more);
}

/* clang-format off */
static const struct field error_out[] = {
    OUT(TEXT, "error"), OUT(TEXT, "message"), { .name = "details", .type = OBJECT, .doc = "What is wrong with each field." },
    { .name = "retry_after", .type = INTEGER, .doc = "Seconds." }, { .name = "request_id", .type = TEXT }, { .name = NULL },
};

const struct rate nutrition_rates[] = {
    { "general", 3600, { { "", 100 }, { "premium", 5000 }, { "*", 1000 } } },
    { "ai", 3600, { { "premium", 500 }, { "*", 50 } } },
    { .name = NULL },
};
/* clang-format on */

const struct dialect nutrition_dialect = {
    .statuses = { [E_QUOTA] = 400, [E_PAYMENT] = 400, [E_DUPLICATE] = 400 },
    .codes = {
        [E_MALFORMED] = "validation_error",
        [E_INVALID] = "validation_error",
        [E_UNAUTHENTICATED] = "authentication_failed",
        [E_BAD_TOKEN] = "authentication_failed",
        [E_QUOTA] = "quota_exceeded",
        [E_PAYMENT] = "payment_failed",
        [E_FORBIDDEN] = "permission_denied",
        [E_NOT_FOUND] = "not_found",
        [E_METHOD] = "method_not_allowed",
        [E_CONFLICT] = "conflict",
        [E_DUPLICATE] = "validation_error",
        [E_TOO_LARGE] = "payload_too_large",
        [E_RATE_LIMITED] = "rate_limit_exceeded",
        [E_INTERNAL] = "internal_server_error",
        [E_UNAVAILABLE] = "service_unavailable",
    },
    .messages = {
        [E_INVALID] = "Invalid request data",
        [E_UNAUTHENTICATED] = "Invalid authentication credentials",
        [E_BAD_TOKEN] = "Invalid authentication credentials",
        [E_FORBIDDEN] = "You do not have permission to perform this action",
        [E_NOT_FOUND] = "The requested resource was not found",
        [E_RATE_LIMITED] = "Request rate limit exceeded",
        [E_INTERNAL] = "An unexpected error occurred",
    },
    .slashed = true,
    .access_seconds = 3600,
    .refresh_seconds = 7 * 24 * 3600,
    .ways = 1u << WAY_JWT,
    .paging = { .size = "page_size", .place = "page", .pages = true, .body = counted_page, .out = counted_out },
    .error_body = error_body,
    .error_out = error_out,
};
