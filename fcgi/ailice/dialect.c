/* SPDX-License-Identifier: GPL-3.0-or-later
 * AIlice's errors: {"detail": text}, the first refused field named in it; lists are bare arrays. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/ailice/ailice.h"
#include "fcgi/request.h"

static char *error_body(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    (void)error;
    for (int i = 0; i < errors->count; i++)
        message =
            FORMAT(rq, "%s%s%s %s", i ? message : "", i ? "; " : "", errors->list[i].field, errors->list[i].message);
    return FORMAT(rq, "{\"detail\":%s}", json_quote(rq, message));
}

const struct dialect ailice_dialect = {
    .statuses = { [E_QUOTA] = 403, [E_PAYMENT] = 400, [E_CONFLICT] = 400, [E_DUPLICATE] = 400 },
    .access_seconds = 24 * 3600,
    .paging = { .size = "limit", .place = "skip" },
    .error_body = error_body,
};
