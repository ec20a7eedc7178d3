/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pictures that services have drawn, for whoever has the link. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/services.h"

static char *pictures_error(struct request *rq, enum error error, const char *message)
{
    return FORMAT(rq, "{\"error\":{\"code\":%s,\"message\":%s}}", json_quote(rq, error_name(error)),
                  json_quote(rq, message));
}

const struct service pictures_service = {
    .dialect = SANDBOX_DIALECT,
    .proof = PROOF_NONE,
    .error = pictures_error,
};

/* clang-format off */
const struct endpoint pictures_endpoints[] = {
    ENDPOINT(sandbox, picture_get, SANDBOX, .method = GET, .path = "/{seed}/{size}",
        .doc = "One of them.", .in = FIELDS(SANDBOX_PART("seed"), SANDBOX_PART("size"))),
    { .name = NULL },
};
/* clang-format on */
