/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/figureforge/figureforge.h"
#include "fcgi/steps/account.h"

int figureforge_sign_in(struct request *rq)
{
    argument_set(
        rq, "code_digests",
        code_digests(rq, request_keys(rq), "signin", rq->product->name, argument(rq, "email"), argument(rq, "code")));
    refresh_prepare(rq);
    return answer_from_sql(rq);
}
