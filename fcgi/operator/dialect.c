/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plain JSON; errors are {"error": {"code", "message", "fields"}}, also where no product is known. */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/operator/operator.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    return FORMAT(rq, "{\"error\":{\"code\":%s,\"message\":%s,\"fields\":%s}}", json_quote(rq, error_name(error)),
                  json_quote(rq, message), field_lists(rq, errors));
}

static const struct field error_out[] = {
    OUT_OBJECT("error", OUT(TEXT, "code"), OUT(TEXT, "message"),
               { .name = "fields", .type = OBJECT, .doc = "What is wrong with each field." }),
    { .name = NULL },
};

const struct dialect operator_dialect = {
    .ways = 1u << WAY_OPERATOR,
    .session = { OPERATOR_COOKIE, OPERATOR_ROOT, "Strict" },
    .error_body = error_body,
    .error_out = error_out,
};

const struct dialect plain_dialect = { .error_body = error_body, .error_out = error_out };
