/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pages of other origins (CORS, the Fetch standard), and OPTIONS. Only a product's answers may be read by them. */
#include "common/memory.h"
#include "common/text.h"
#include "fcgi/serve.h"

#define EXPOSED                                                                                                        \
    "X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Location, Link, "         \
    "ETag, Idempotent-Replayed, Preference-Applied, Content-Range, Content-Disposition"
#define ACCEPTED                                                                                                       \
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, Range, X-CSRF-Token, X-Request-ID"

/* None of what is no product's: the machine's health, its metrics, the operators' realm. */
static const char *origins_of(const struct request *rq)
{
    return rq->product && !rq->product->root ? request_config(rq)->front_origins : "";
}

static bool origin_allowed(const char *list, const char *origin)
{
    return *origin && (!strcmp(list, "*") || text_listed(list, origin));
}

void cors_headers(struct request *rq)
{
    const char *list = origins_of(rq), *origin = request_param(rq, "HTTP_ORIGIN");

    if (!*list)
        return;
    if (strcmp(list, "*") != 0)
        header_add(rq, "Vary", "Origin");
    if (!origin_allowed(list, origin))
        return;
    header_add(rq, "Access-Control-Allow-Origin", "%s", strcmp(list, "*") ? origin : "*");
    header_add(rq, "Access-Control-Expose-Headers", EXPOSED);
    if (strcmp(list, "*") != 0)
        header_add(rq, "Access-Control-Allow-Credentials", "true");
}

void options_answer(struct request *rq, const char *allow)
{
    rq->status = 204;
    header_add(rq, "Allow", "%s", allow);
    if (!*request_param(rq, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") ||
        !origin_allowed(origins_of(rq), request_param(rq, "HTTP_ORIGIN")))
        return;
    header_add(rq, "Access-Control-Allow-Methods", "%s", allow);
    header_add(rq, "Access-Control-Allow-Headers", ACCEPTED);
    header_add(rq, "Access-Control-Max-Age", "86400");
}
