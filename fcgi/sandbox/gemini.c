/* SPDX-License-Identifier: GPL-3.0-or-later
 * Google Gemini: https://ai.google.dev/api. Who has no key is refused with 403, one that does not hold with 400. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

static const char *const names[E_COUNT] = {
    [E_UNAUTHENTICATED] = "PERMISSION_DENIED", [E_NOT_FOUND] = "NOT_FOUND",
    [E_RATE_LIMITED] = "RESOURCE_EXHAUSTED",   [E_INTERNAL] = "INTERNAL",
    [E_UNAVAILABLE] = "UNAVAILABLE",
};

static char *gemini_error(struct request *rq, enum error error, const char *message)
{
    const char *details = "";

    if (error == E_UNAUTHENTICATED)
        message =
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
            "or other form of API consumer identity to call this API.";
    if (error == E_BAD_TOKEN) {
        message = "API key not valid. Please pass a valid API key.";
        details =
            ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\","
            "\"domain\":\"googleapis.com\"}]";
    }
    return FORMAT(rq, "{\"error\":{\"code\":%d,\"message\":%s,\"status\":\"%s\"%s}}", rq->status,
                  json_quote(rq, message), names[error] ? names[error] : "INVALID_ARGUMENT", details);
}

const struct service gemini_service = {
    .dialect = { .statuses = { [E_UNAUTHENTICATED] = 403, [E_BAD_TOKEN] = 400 },
                 .error_body = sandbox_error,
                 .accept = sandbox_accept },
    .proof = PROOF_HEADER,
    .header = "HTTP_X_GOOG_API_KEY",
    .query = "key",
    .schema = &sql_sandbox_gemini_schema,
    .error = gemini_error,
};

/* clang-format off */
const struct endpoint gemini_endpoints[] = {
    ENDPOINT(sandbox, gemini_model_list, SANDBOX, .method = GET, .path = "/v1beta/models",
        .doc = "The models there are."),
    ENDPOINT(sandbox, gemini_model_get, SANDBOX, .method = GET, .path = "/v1beta/models/{id}",
        .doc = "One of them.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, gemini_call, SANDBOX, .method = POST, .path = "/v1beta/models/{call}",
        .doc = "generateContent, streamGenerateContent, countTokens, behind the model's name and a colon.",
        .in = FIELDS(SANDBOX_PART("call"))),
    { .name = NULL },
};
/* clang-format on */
