/* SPDX-License-Identifier: GPL-3.0-or-later
 * GET /api/media/{media_id}/stream: by its owner, or by a link, whose token is checked here; file and generation are
 * the statement's to compare. */
#include "common/memory.h"
#include "fcgi/ailice/ailice.h"
#include "fcgi/request.h"

static int token_take(struct request *rq, const char *token)
{
    struct link link;

    if (link_verify(request_keys(rq), token, time(NULL), &link) < 0 || strcmp(link.product, rq->product->name) != 0)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    rq->file_until = (time_t)link.expires_at;
    argument_set(rq, "file_id", FORMAT(rq, "%lld", link.file_id));
    argument_set(rq, "generation", FORMAT(rq, "%d", link.generation));
    return 0;
}

int ailice_media_stream(struct request *rq)
{
    const char *token = argument(rq, "token");

    if (!token && !rq->signed_in)
        return fail(rq, E_UNAUTHENTICATED, NULL, NULL);
    if (argument(rq, "quality") && !argument(rq, "format"))
        return fail(rq, E_INVALID, "quality", "is of a format, which is not named");
    if (token && token_take(rq, token) < 0)
        return -1;
    return answer_from_sql(rq);
}
