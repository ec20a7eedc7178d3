/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/foreign.h"
#include "common/memory.h"
#include "common/seal.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/serve.h"
#include <sodium.h>

enum { SECRET_BYTES = 32 };

int expenses_hook_create(struct request *rq)
{
    unsigned char bytes[SECRET_BYTES];
    char *secret = memory_check(talloc_size(rq, 2 * SECRET_BYTES + 1));
    const char *trouble, *context = FORMAT(rq, "hook %s %s", rq->product->name, argument(rq, "account_id"));

    trouble = foreign_url_trouble(argument(rq, "url"), request_config(rq)->hook_allow);
    if (trouble)
        return fail(rq, E_INVALID, "url", trouble);
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(secret, 2 * SECRET_BYTES + 1, bytes, sizeof bytes);
    argument_set(rq, "secret", secret);
    argument_set(rq, "sealed", seal_text(rq, rq->server->seals, context, secret));
    return answer_from_sql(rq);
}
