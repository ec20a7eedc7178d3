/* SPDX-License-Identifier: GPL-3.0-or-later
 * What AIlice integrates: the lists of nine services, at the paths that their public APIs have (TradingView has none).
 * All want a bearer token. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

/* ---- errors, in each service's form ---- */

static bool unproven(enum error error)
{
    return error == E_UNAUTHENTICATED || error == E_BAD_TOKEN;
}

static char *google_drive_error(struct request *rq, enum error error, const char *message)
{
    const char *status = unproven(error)           ? "UNAUTHENTICATED"
                         : error == E_NOT_FOUND    ? "NOT_FOUND"
                         : error == E_RATE_LIMITED ? "RESOURCE_EXHAUSTED"
                         : rq->status >= 500       ? "INTERNAL"
                                                   : "INVALID_ARGUMENT";
    const char *reason = unproven(error) ? "authError" : error == E_RATE_LIMITED ? "rateLimitExceeded" : "backendError";

    message = json_quote(rq, unproven(error) ? "Invalid Credentials" : message);
    return FORMAT(rq,
                  "{\"error\":{\"code\":%d,\"message\":%s,\"errors\":[{\"message\":%s,\"domain\":\"global\",\"reason\":"
                  "\"%s\"}],\"status\":\"%s\"}}",
                  rq->status, message, message, reason, status);
}

static char *dropbox_error(struct request *rq, enum error error, const char *message)
{
    const char *tag = unproven(error) ? "expired_access_token" : error == E_RATE_LIMITED ? "too_many_requests" : NULL;

    if (tag)
        return FORMAT(rq, "{\"error_summary\":\"%s/.\",\"error\":{\".tag\":\"%s\"}}", tag, tag);
    return FORMAT(rq, "{\"error_summary\":%s,\"error\":{\".tag\":\"other\"}}", json_quote(rq, message));
}

static char *onedrive_error(struct request *rq, enum error error, const char *message)
{
    const char *code = unproven(error)           ? "InvalidAuthenticationToken"
                       : error == E_NOT_FOUND    ? "itemNotFound"
                       : error == E_RATE_LIMITED ? "activityLimitReached"
                       : rq->status >= 500       ? "generalException"
                                                 : "invalidRequest";

    return FORMAT(rq, "{\"error\":{\"code\":\"%s\",\"message\":%s}}", code, json_quote(rq, message));
}

static char *github_error(struct request *rq, enum error error, const char *message)
{
    message = unproven(error) ? "Bad credentials" : error == E_NOT_FOUND ? "Not Found" : message;
    return FORMAT(rq, "{\"message\":%s,\"documentation_url\":\"https://docs.github.com/rest\",\"status\":\"%d\"}",
                  json_quote(rq, message), rq->status);
}

static char *gitlab_error(struct request *rq, enum error error, const char *message)
{
    if (error == E_BAD_TOKEN)
        return COPY(rq, "{\"error\":\"invalid_token\",\"error_description\":\"Token is expired. You can either do "
                        "re-authorization or token refresh.\"}");
    message = error == E_UNAUTHENTICATED ? "401 Unauthorized" : error == E_NOT_FOUND ? "404 Not Found" : message;
    return FORMAT(rq, "{\"message\":%s}", json_quote(rq, message));
}

/* Slack refuses with 200; what is not its own to say has a status. */
static char *slack_error(struct request *rq, enum error error, const char *message)
{
    const char *name = error == E_UNAUTHENTICATED ? "not_authed"
                       : error == E_BAD_TOKEN     ? "token_expired"
                       : error == E_RATE_LIMITED  ? "ratelimited"
                       : error == E_NOT_FOUND     ? "unknown_method"
                                                  : "fatal_error";
    (void)message;
    return FORMAT(rq, "{\"ok\":false,\"error\":\"%s\"}", name);
}

static char *discord_error(struct request *rq, enum error error, const char *message)
{
    if (unproven(error))
        return COPY(rq, "{\"message\":\"401: Unauthorized\",\"code\":0}");
    if (error == E_RATE_LIMITED)
        return FORMAT(rq, "{\"message\":\"You are being rate limited.\",\"retry_after\":%d.0,\"global\":false}",
                      rq->retry_after);
    return FORMAT(rq, "{\"message\":%s,\"code\":0}", json_quote(rq, message));
}

static char *twitter_error(struct request *rq, enum error error, const char *message)
{
    const char *title = unproven(error)           ? "Unauthorized"
                        : error == E_NOT_FOUND    ? "Not Found Error"
                        : error == E_RATE_LIMITED ? "Too Many Requests"
                                                  : "Invalid Request";

    return FORMAT(rq, "{\"title\":\"%s\",\"type\":\"about:blank\",\"status\":%d,\"detail\":%s}", title, rq->status,
                  json_quote(rq, unproven(error) ? title : message));
}

static char *linkedin_error(struct request *rq, enum error error, const char *message)
{
    int code = error == E_BAD_TOKEN ? 65601 : error == E_UNAUTHENTICATED ? 65600 : 100;

    message = error == E_BAD_TOKEN         ? "The token used in the request has expired"
              : error == E_UNAUTHENTICATED ? "Empty oauth2 access token"
                                           : message;
    return FORMAT(rq, "{\"serviceErrorCode\":%d,\"message\":%s,\"status\":%d}", code, json_quote(rq, message),
                  rq->status);
}

/* ---- services and rows ---- */

/* clang-format off */
#define INTEGRATION(id, ...) \
    const struct service id##_service = { .dialect = SANDBOX_DIALECT, .proof = PROOF_BEARER, .error = id##_error, __VA_ARGS__ }; \
    const struct endpoint id##_endpoints[]

INTEGRATION(google_drive, .schema = &sql_sandbox_integrations_schema) = {
    ENDPOINT(sandbox, google_drive_list, SANDBOX, .method = GET, .path = "/drive/v3/files", .doc = "The files."),
    { .name = NULL },
};
INTEGRATION(dropbox) = {
    ENDPOINT(sandbox, dropbox_list, SANDBOX, .method = POST, .path = "/2/files/list_folder", .doc = "What is in a folder."),
    ENDPOINT(sandbox, dropbox_continue, SANDBOX, .method = POST, .path = "/2/files/list_folder/continue", .doc = "More of it."),
    { .name = NULL },
};
INTEGRATION(onedrive) = {
    ENDPOINT(sandbox, onedrive_list, SANDBOX, .method = GET, .path = "/v1.0/me/drive/root/children", .doc = "What is in the root."),
    { .name = NULL },
};
INTEGRATION(github) = {
    ENDPOINT(sandbox, github_list, SANDBOX, .method = GET, .path = "/user/repos", .doc = "The repositories."),
    { .name = NULL },
};
INTEGRATION(gitlab) = {
    ENDPOINT(sandbox, gitlab_list, SANDBOX, .method = GET, .path = "/api/v4/projects", .doc = "The projects."),
    { .name = NULL },
};
const struct service slack_service = {
    .dialect = { .statuses = { [E_UNAUTHENTICATED] = 200, [E_BAD_TOKEN] = 200 }, .error_body = sandbox_error, .accept = sandbox_accept },
    .proof = PROOF_BEARER, .error = slack_error,
};
const struct endpoint slack_endpoints[] = {
    ENDPOINT(sandbox, slack_list, SANDBOX, .method = GET, .path = "/api/conversations.list", .doc = "The channels."),
    { .name = NULL },
};
INTEGRATION(discord) = {
    ENDPOINT(sandbox, discord_list, SANDBOX, .method = GET, .path = "/api/v10/users/@me/guilds", .doc = "The guilds."),
    { .name = NULL },
};
INTEGRATION(twitter) = {
    ENDPOINT(sandbox, twitter_me, SANDBOX, .method = GET, .path = "/2/users/me", .doc = "Whose the token is."),
    ENDPOINT(sandbox, twitter_list, SANDBOX, .method = GET, .path = "/2/users/{id}/tweets", .doc = "Somebody's posts.",
        .in = FIELDS(SANDBOX_PART("id"))),
    { .name = NULL },
};
INTEGRATION(linkedin) = {
    ENDPOINT(sandbox, linkedin_userinfo, SANDBOX, .method = GET, .path = "/v2/userinfo", .doc = "Whose the token is."),
    ENDPOINT(sandbox, linkedin_me, SANDBOX, .method = GET, .path = "/v2/me", .doc = "The profile."),
    { .name = NULL },
};
/* clang-format on */
