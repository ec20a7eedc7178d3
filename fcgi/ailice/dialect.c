/* SPDX-License-Identifier: GPL-3.0-or-later
 * AIlice's errors: {"detail": text}, each refused field named in it; lists are bare arrays. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/ailice/ailice.h"
#include "fcgi/fields.h"
#include "fcgi/request.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    (void)error;
    for (int i = 0; i < errors->count; i++)
        message =
            FORMAT(rq, "%s%s%s %s", i ? message : "", i ? "; " : "", errors->list[i].field, errors->list[i].message);
    return FORMAT(rq, "{\"detail\":%s}", json_quote(rq, message));
}

/* There is no refresh token. */
static char *signed_in(struct request *rq, const char *body, const char *access, const char *refresh)
{
    (void)body;
    (void)refresh;
    return FORMAT(rq, "{\"access_token\":\"%s\",\"token_type\":\"bearer\"}", access);
}

static const struct field error_out[] = { OUT(TEXT, "detail"), { .name = NULL } };

/* clang-format off */
const struct rate ailice_rates[] = {
    { "general", 3600, { { "", 300 }, { "pro", 3000 }, { "*", 300 } } },
    { "predict", 3600, { { "pro", 500 }, { "*", 20 } } },
    { .name = NULL },
};
/* clang-format on */

const struct dialect ailice_dialect = {
    .statuses = { [E_QUOTA] = 403, [E_PAYMENT] = 400, [E_CONFLICT] = 400, [E_DUPLICATE] = 400 },
    .access_seconds = 24 * 3600,
    .ways = 1u << WAY_JWT,
    .paging = { .size = "limit", .place = "skip" },
    .error_body = error_body,
    .error_out = error_out,
    .signed_in = signed_in,
};
