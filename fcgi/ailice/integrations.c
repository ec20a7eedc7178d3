/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/integrations.h"
#include "common/memory.h"
#include "common/seal.h"
#include "fcgi/ailice/ailice.h"
#include "fcgi/serve.h"

static void seal(struct request *rq, const char *context, const char *from, const char *to)
{
    const char *token = argument(rq, from);

    argument_set(rq, to, token ? seal_text(rq, rq->server->seals, context, token) : NULL);
}

int ailice_integration(struct request *rq)
{
    if (!integration_find(argument(rq, "service")))
        return fail(rq, E_INVALID, "service", "is not one that can be connected");
    return answer_from_sql(rq);
}

int ailice_integration_connect(struct request *rq)
{
    const struct integration *row = integration_find(argument(rq, "service"));
    const char *context = FORMAT(rq, "integration %s %s", argument(rq, "account_id"), argument(rq, "service"));

    if (row && !row->given && !argument(rq, "access_token"))
        return fail(rq, E_INVALID, "access_token", "is required");
    seal(rq, context, "access_token", "access_sealed");
    seal(rq, context, "refresh_token", "refresh_sealed");
    return ailice_integration(rq);
}
