/* SPDX-License-Identifier: GPL-3.0-or-later
 * A call has put a job and waited for it: the row's `after` statement tells what has become of it. When that cannot be
 * asked, the first answer stands: the job is there. */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "fcgi/steps/poll.h"

enum { RETRY_AFTER = 5 /* seconds */ };

struct after {
    struct exchange exchange;
    struct request *rq;
    const char *values[2][STATEMENT_PARAMETERS_MAX];
};

static int after_free(struct after *after)
{
    exchange_clear(&after->exchange);
    return 0;
}

/* The first answer stands, where it is one. */
static int first_stands(struct request *rq)
{
    if (!rq->operation->row->wait_only)
        return 0;
    rq->retry_after = RETRY_AFTER;
    return fail(rq, E_UNAVAILABLE, NULL, "This takes too long now");
}

static void asked(struct exchange *exchange)
{
    complete(OWNER(exchange, struct after, exchange)->rq);
}

int ask_after(struct request *rq)
{
    const struct bound *bound = &rq->operation->after;
    struct after *after;
    int n = 0;

    if (!bound->statement || !rq->poll || rq->gone)
        return 0;
    after = NEW(rq, struct after);
    talloc_set_destructor(after, after_free);
    after->rq = rq;
    after->exchange = (struct exchange){ .done = asked, .ctx = rq, .idempotent = true };
    if (rq->signed_in)
        caller_call(rq, &after->exchange.calls[n++], after->values[0]);
    bound_call(rq, bound, &after->exchange.calls[n++], after->values[1]);
    after->exchange.count = n;
    rq->after = after;
    rq->pending++;
    lanes_send(rq->server->lanes, rq->operation->row->lane, &after->exchange);
    return 0;
}

int take_after(struct request *rq)
{
    const struct exchange *exchange = rq->after ? &rq->after->exchange : NULL;
    const PGresult *rows;
    const char *status, *pending, *refused;

    if (!exchange)
        return rq->tickets ? first_stands(rq) : 0;
    rows = exchange->error == E_NONE ? exchange->calls[exchange->count - 1].rows : NULL;
    if (!rows || !PQntuples(rows)) {
        log_warning("request.after", "request=%s operation=%s sqlstate=%s message=%s", rq->request_id,
                    rq->operation->row->name, exchange->sqlstate, exchange->message ? exchange->message : "no row");
        return first_stands(rq);
    }
    refused = result_column(rows, "error");
    if (refused)
        return refusal_take(rq, rows, refused);
    status = result_column(rows, "status");
    pending = result_column(rows, "pending");
    if (pending && *pending == 't' && poll_may_wait(rq)) { /* the news were of something else */
        talloc_free(rq->after);
        rq->after = NULL;
        rq->step -= 2; /* asked again, and this step again */
        return wait_for_job(rq);
    }
    if (pending && *pending == 't' && rq->operation->row->wait_only)
        return first_stands(rq);
    if (!pending || *pending != 't') {
        rq->status = 200;
        rq->retry_after = 0;
    }
    if (status)
        rq->status = (int)strtol(status, NULL, 10);
    rq->body = result_column(rows, "body") ? result_column(rows, "body") : "";
    rq->body_length = strlen(rq->body);
    return body_take(rq, rows);
}
