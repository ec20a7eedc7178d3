/* SPDX-License-Identifier: GPL-3.0-or-later
 * Twilio's Programmable Messaging: https://www.twilio.com/docs/messaging/api. The numbers that its test credentials
 * treat specially (https://www.twilio.com/docs/iam/test-credentials) are treated so here. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

/* The numbers of Twilio's error dictionary. */
static const int codes[E_COUNT] = {
    [E_MALFORMED] = 20001,    [E_INVALID] = 20001,   [E_UNAUTHENTICATED] = 20003, [E_BAD_TOKEN] = 20003,
    [E_FORBIDDEN] = 20008,    [E_NOT_FOUND] = 20404, [E_METHOD] = 20004,          [E_CONFLICT] = 20409,
    [E_RATE_LIMITED] = 20429, [E_INTERNAL] = 20500,  [E_UNAVAILABLE] = 20503,
};

static char *twilio_error(struct request *rq, enum error error, const char *message)
{
    int code = codes[error] ? codes[error] : 20001;

    if (error == E_UNAUTHENTICATED || error == E_BAD_TOKEN)
        message = "Authenticate";
    if (error == E_NOT_FOUND)
        message = FORMAT(rq, "The requested resource %s was not found", request_path(rq));
    return FORMAT(rq,
                  "{\"code\":%d,\"message\":%s,\"more_info\":\"https://www.twilio.com/docs/errors/%d\",\"status\":%d}",
                  code, json_quote(rq, message), code, rq->status);
}

const struct service twilio_service = {
    .dialect = SANDBOX_DIALECT,
    .proof = PROOF_BASIC,
    .schema = &sql_sandbox_twilio_schema,
    .error = twilio_error,
};

#define ACCOUNT "/2010-04-01/Accounts/{account}"

/* clang-format off */
const struct endpoint twilio_endpoints[] = {
    ENDPOINT(sandbox, twilio_account_get, SANDBOX, .method = GET, .path = ACCOUNT,
        .doc = "The account.", .in = FIELDS(SANDBOX_PART("account"))),
    ENDPOINT(sandbox, twilio_balance, SANDBOX, .method = GET, .path = ACCOUNT "/Balance.json",
        .doc = "What is left of the account's money.", .in = FIELDS(SANDBOX_PART("account"))),
    ENDPOINT(sandbox, twilio_message_create, SANDBOX, .method = POST, .path = ACCOUNT "/Messages.json", .status = 201,
        .doc = "Send a message.", .in = FIELDS(SANDBOX_PART("account"))),
    ENDPOINT(sandbox, twilio_message_list, SANDBOX, .method = GET, .path = ACCOUNT "/Messages.json",
        .doc = "Messages, the latest first.", .in = FIELDS(SANDBOX_PART("account"))),
    ENDPOINT(sandbox, twilio_message_get, SANDBOX, .method = GET, .path = ACCOUNT "/Messages/{message}",
        .doc = "A message.", .in = FIELDS(SANDBOX_PART("account"), SANDBOX_PART("message"))),
    ENDPOINT(sandbox, twilio_message_update, SANDBOX, .method = POST, .path = ACCOUNT "/Messages/{message}",
        .doc = "Take out a message's text.", .in = FIELDS(SANDBOX_PART("account"), SANDBOX_PART("message"))),
    ENDPOINT(sandbox, twilio_message_delete, SANDBOX, .method = DELETE, .path = ACCOUNT "/Messages/{message}",
        .doc = "Delete a message.", .in = FIELDS(SANDBOX_PART("account"), SANDBOX_PART("message"))),
    { .name = NULL },
};
/* clang-format on */
