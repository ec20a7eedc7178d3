/* SPDX-License-Identifier: GPL-3.0-or-later
 * The SMS agent's errors: {"error", "detail", "fields", "timestamp", "request_id"}; at a rate limit the reference has a
 * sentence for `error` and retry_after instead of the rest. */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/smsagent/smsagent.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    if (error == E_RATE_LIMITED)
        return FORMAT(rq, "{\"error\":\"%s\",\"detail\":%s,\"retry_after\":%d}", smsagent_dialect.codes[error],
                      json_quote(rq, message), rq->retry_after);
    return FORMAT(rq, "{\"error\":\"%s\",\"detail\":%s,\"fields\":%s,\"timestamp\":\"%s\",\"request_id\":\"%s\"}",
                  smsagent_dialect.codes[error], json_quote(rq, message), field_lists(rq, errors), time_now(rq),
                  rq->request_id);
}

static const char *rate_said(struct request *rq)
{
    return FORMAT(rq, "You have exceeded the rate limit of %d requests per hour", rq->allowance.most);
}

/* clang-format off */
static const struct field error_out[] = {
    OUT(TEXT, "error"), OUT(TEXT, "detail"), { .name = "fields", .type = OBJECT, .doc = "What is wrong with each field." },
    { .name = "timestamp", .type = TEXT }, { .name = "request_id", .type = TEXT },
    { .name = "retry_after", .type = INTEGER, .doc = "Seconds, at a rate limit." }, { .name = NULL },
};

const struct rate smsagent_rates[] = {
    { "general", 3600, { { "", 100 }, { "*", 1000 } } },
    { .name = NULL },
};
/* clang-format on */

const struct dialect smsagent_dialect = {
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
        [E_RATE_LIMITED] = "Rate limit exceeded",
        [E_INTERNAL] = "internal_server_error",
        [E_UNAVAILABLE] = "service_unavailable",
    },
    .messages = {
        [E_INVALID] = "The provided data is invalid",
        [E_DUPLICATE] = "The provided data is invalid",
    },
    .ways = 1u << WAY_TOKEN | 1u << WAY_SESSION,
    .session = { "millrace_session", "/", "Lax" },
    .slashed = true,
    .paging = { .size = "page_size", .place = "page", .pages = true, .body = counted_page, .out = counted_out },
    .error_body = error_body,
    .error_out = error_out,
    .rate_said = rate_said,
};
