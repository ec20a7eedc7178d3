/* SPDX-License-Identifier: GPL-3.0-or-later
 * Replicate: https://replicate.com/docs/reference/http. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

static const struct said {
    const char *title, *detail;
} told[E_COUNT] = {
    [E_UNAUTHENTICATED] = { "Unauthenticated", "You did not pass an authentication token" },
    [E_BAD_TOKEN] = { "Unauthenticated", "You did not pass a valid authentication token" },
    [E_NOT_FOUND] = { "Not Found", "The requested resource could not be found." },
    [E_RATE_LIMITED] = { "Too Many Requests", "Request was throttled." },
    [E_INTERNAL] = { "Internal Server Error", NULL },
};

static char *replicate_error(struct request *rq, enum error error, const char *message)
{
    const char *title = told[error].title, *detail = told[error].detail;

    return FORMAT(rq, "{\"title\":%s,\"detail\":%s,\"status\":%d}", json_quote(rq, title ? title : "Bad Request"),
                  json_quote(rq, detail ? detail : message), rq->status);
}

const struct service replicate_service = {
    .dialect = SANDBOX_DIALECT,
    .proof = PROOF_BEARER,
    .schema = &sql_sandbox_replicate_schema,
    .error = replicate_error,
};

/* clang-format off */
#define MODEL SANDBOX_PART("owner"), SANDBOX_PART("name")

const struct endpoint replicate_endpoints[] = {
    ENDPOINT(sandbox, replicate_predict, SANDBOX, .method = POST, .path = "/v1/predictions",
        .doc = "Run a version of a model."),
    ENDPOINT(sandbox, replicate_predict_model, SANDBOX, .method = POST, .path = "/v1/models/{owner}/{name}/predictions",
        .doc = "Run a model.", .in = FIELDS(MODEL)),
    ENDPOINT(sandbox, replicate_list, SANDBOX, .method = GET, .path = "/v1/predictions",
        .doc = "The predictions."),
    ENDPOINT(sandbox, replicate_get, SANDBOX, .method = GET, .path = "/v1/predictions/{id}",
        .doc = "One of them; it goes on a step each time.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, replicate_cancel, SANDBOX, .method = POST, .path = "/v1/predictions/{id}/cancel",
        .doc = "Cancel it.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, replicate_model_get, SANDBOX, .method = GET, .path = "/v1/models/{owner}/{name}",
        .doc = "A model.", .in = FIELDS(MODEL)),
    ENDPOINT(sandbox, replicate_version_list, SANDBOX, .method = GET, .path = "/v1/models/{owner}/{name}/versions",
        .doc = "Its versions.", .in = FIELDS(MODEL)),
    ENDPOINT(sandbox, replicate_version_get, SANDBOX, .method = GET, .path = "/v1/models/{owner}/{name}/versions/{id}",
        .doc = "One of them.", .in = FIELDS(MODEL, SANDBOX_PART("id"))),
    ENDPOINT(sandbox, replicate_account, SANDBOX, .method = GET, .path = "/v1/account",
        .doc = "Whose the token is."),
    ENDPOINT(sandbox, replicate_secret, SANDBOX, .method = GET, .path = "/v1/webhooks/default/secret",
        .doc = "What webhooks are signed with."),
    { .name = NULL },
};
/* clang-format on */
