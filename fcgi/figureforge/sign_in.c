/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/account.h"
#include "fcgi/figureforge/figureforge.h"

int figureforge_sign_in(struct request *rq)
{
    char digest[DIGEST_HEX + 1];

    code_digest(request_keys(rq), "signin", rq->product->name, argument(rq, "email"), argument(rq, "code"), digest);
    argument_set(rq, "code_digest", COPY(rq, digest));
    refresh_prepare(rq);
    return answer_from_sql(rq);
}
