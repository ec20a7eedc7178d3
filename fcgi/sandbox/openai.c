/* SPDX-License-Identifier: GPL-3.0-or-later
 * OpenAI: https://platform.openai.com/docs/api-reference */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

static const struct kind_of_error {
    const char *type, *code;
} kinds[E_COUNT] = {
    [E_UNAUTHENTICATED] = { "invalid_request_error", NULL },
    [E_BAD_TOKEN] = { "invalid_request_error", "invalid_api_key" },
    [E_RATE_LIMITED] = { "requests", "rate_limit_exceeded" },
    [E_INTERNAL] = { "server_error", NULL },
    [E_UNAVAILABLE] = { "server_error", NULL },
};

static char *openai_error(struct request *rq, enum error error, const char *message)
{
    const struct kind_of_error *kind = &kinds[error];

    if (error == E_UNAUTHENTICATED)
        message = "You didn't provide an API key. You need to provide your API key in an Authorization header using "
                  "Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
    if (error == E_BAD_TOKEN)
        message = "Incorrect API key provided.";
    return FORMAT(rq, "{\"error\":{\"message\":%s,\"type\":\"%s\",\"param\":null,\"code\":%s}}",
                  json_quote(rq, message), kind->type ? kind->type : "invalid_request_error",
                  kind->code ? json_quote(rq, kind->code) : "null");
}

const struct service openai_service = {
    .dialect = SANDBOX_DIALECT,
    .proof = PROOF_BEARER,
    .schema = &sql_sandbox_openai_schema,
    .error = openai_error,
};

/* clang-format off */
const struct endpoint openai_endpoints[] = {
    ENDPOINT(sandbox, openai_chat, SANDBOX, .method = POST, .path = "/v1/chat/completions",
        .doc = "Answer messages."),
    ENDPOINT(sandbox, openai_draw, SANDBOX, .method = POST, .path = "/v1/images/generations",
        .doc = "Draw pictures."),
    ENDPOINT(sandbox, openai_model_list, SANDBOX, .method = GET, .path = "/v1/models",
        .doc = "The models there are."),
    ENDPOINT(sandbox, openai_model_get, SANDBOX, .method = GET, .path = "/v1/models/{id}",
        .doc = "One of them.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_model_delete, SANDBOX, .method = DELETE, .path = "/v1/models/{id}",
        .doc = "Delete one that was fine-tuned here.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_file_create, SANDBOX, .method = POST, .path = "/v1/files",
        .doc = "Upload a file."),
    ENDPOINT(sandbox, openai_file_list, SANDBOX, .method = GET, .path = "/v1/files",
        .doc = "The files."),
    ENDPOINT(sandbox, openai_file_get, SANDBOX, .method = GET, .path = "/v1/files/{id}",
        .doc = "One file.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_file_content, SANDBOX, .method = GET, .path = "/v1/files/{id}/content",
        .doc = "What is in it.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_file_delete, SANDBOX, .method = DELETE, .path = "/v1/files/{id}",
        .doc = "Delete a file.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_tune_create, SANDBOX, .method = POST, .path = "/v1/fine_tuning/jobs",
        .doc = "Begin a fine-tuning."),
    ENDPOINT(sandbox, openai_tune_list, SANDBOX, .method = GET, .path = "/v1/fine_tuning/jobs",
        .doc = "The fine-tunings."),
    ENDPOINT(sandbox, openai_tune_get, SANDBOX, .method = GET, .path = "/v1/fine_tuning/jobs/{id}",
        .doc = "One of them; it goes on a step each time.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_tune_cancel, SANDBOX, .method = POST, .path = "/v1/fine_tuning/jobs/{id}/cancel",
        .doc = "Cancel it.", .in = FIELDS(SANDBOX_PART("id"))),
    ENDPOINT(sandbox, openai_tune_events, SANDBOX, .method = GET, .path = "/v1/fine_tuning/jobs/{id}/events",
        .doc = "What has happened in it.", .in = FIELDS(SANDBOX_PART("id"))),
    { .name = NULL },
};
/* clang-format on */
