/* SPDX-License-Identifier: GPL-3.0-or-later
 * The services, one row each, and the realm of those who steer the sandbox. */
#include "fcgi/sandbox/services.h"
#include "common/json.h"
#include "common/memory.h"

/* clang-format off */
#define SERVICE(id, said) \
    { .name = #id, .title = said, .dialect = &id##_service.dialect, .endpoints = id##_endpoints, .url = offsetof(struct config, sandbox_url) }
const struct product products[] = {
    { .name = "control", .title = "Control of the sandbox", .dialect = &control_dialect, .endpoints = control_endpoints,
      .url = offsetof(struct config, sandbox_url), .root = "/-/control" },
    SERVICE(pictures, "Pictures that services have drawn"),
    SERVICE(openai, "OpenAI"),
    SERVICE(gemini, "Google Gemini"),
    SERVICE(replicate, "Replicate"),
    SERVICE(google_drive, "Google Drive"),
    SERVICE(dropbox, "Dropbox"),
    SERVICE(onedrive, "OneDrive"),
    SERVICE(github, "GitHub"),
    SERVICE(gitlab, "GitLab"),
    SERVICE(slack, "Slack"),
    SERVICE(discord, "Discord"),
    SERVICE(twitter, "Twitter"),
    SERVICE(linkedin, "LinkedIn"),
    SERVICE(twilio, "Twilio"),
    SERVICE(stripe, "Stripe"),
    { .name = NULL },
};
/* clang-format on */

/* No service has rows that every product has. */
const struct endpoint core_endpoints[] = { { .name = NULL } };

static char *plain_error(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    (void)errors;
    return FORMAT(rq, "{\"error\":{\"code\":%s,\"message\":%s}}", json_quote(rq, error_name(error)),
                  json_quote(rq, message));
}

const struct dialect plain_dialect = { .error_body = plain_error };
