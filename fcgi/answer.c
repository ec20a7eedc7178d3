/* SPDX-License-Identifier: GPL-3.0-or-later
 * The row's statement and what its columns mean: body (JSON text, passed through untouched), status, error with
 * message, field and retry_after (a refusal that is committed), total (of a list, whose body is the array of the page),
 * message (of a success, for dialects that have one), jobs (tickets to hand to Redis), signin (an account to make
 * tokens for), file with file_type, file_name, file_attachment (a file the web server sends). */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "scripts.h"
#include <errno.h>

/* ---- run ---- */

static void statement_done(struct exchange *exchange)
{
    complete(OWNER(exchange, struct request, exchange));
}

static void add_call(struct request *rq, const struct bound *bound)
{
    int call = rq->exchange.count++;

    for (int i = 0; i < bound->statement->count; i++)
        rq->values[call][i] = rq->arguments[bound->sources[i]];
    rq->exchange.calls[call] = (struct exchange_call){ .statement = bound->statement, .values = rq->values[call] };
}

int answer_from_sql(struct request *rq)
{
    const struct operation *operation = rq->operation;
    int r = job_args_compose(rq);

    if (r < 0)
        return r;
    rq->exchange = (struct exchange){ .done = statement_done, .ctx = rq, .idempotent = rq->method == GET };
    if (rq->signed_in && operation->guarded.statement) {
        add_call(rq, &operation->guarded);
    } else {
        if (rq->signed_in)
            add_call(rq, &rq->server->caller);
        add_call(rq, &operation->bound);
    }
    rq->pending++;
    lanes_send(rq->server->lanes, operation->row->lane, &rq->exchange);
    return 0;
}

int run(struct request *rq)
{
    return rq->operation->row->handler ? rq->operation->row->handler(rq) : answer_from_sql(rq);
}

/* ---- take the answer ---- */

static const char *column(const PGresult *rows, const char *name)
{
    int i = PQfnumber(rows, name);
    return i < 0 || PQgetisnull(rows, 0, i) ? NULL : PQgetvalue(rows, 0, i);
}

static int take_error(struct request *rq)
{
    const struct exchange *exchange = &rq->exchange;
    bool ours = !strncmp(exchange->sqlstate, "MR", 2);

    if (exchange->error == E_INTERNAL || (exchange->error == E_UNAVAILABLE && *exchange->sqlstate && !ours))
        log_error("request.sql", "request=%s operation=%s sqlstate=%s message=%s", rq->request_id,
                  rq->operation->row->name, exchange->sqlstate, exchange->message ? exchange->message : "");
    return fail(rq, exchange->error, ours && exchange->field && *exchange->field ? exchange->field : NULL,
                ours ? exchange->message : NULL);
}

static int take_refusal(struct request *rq, const PGresult *rows, const char *name)
{
    const char *after = column(rows, "retry_after");

    rq->retry_after = after ? (int)strtol(after, NULL, 10) : 0;
    return fail(rq, error_by_name(name), column(rows, "field"), column(rows, "message"));
}

static void take_file(struct request *rq, const PGresult *rows)
{
    const char *attachment = column(rows, "file_attachment");

    header_add(rq, "X-Accel-Redirect", "/_files/%s", column(rows, "file"));
    header_add(rq, "Content-Type", "%s", column(rows, "file_type"));
    header_add(rq, "Content-Disposition", "%s; filename=\"%s\"",
               attachment && *attachment == 't' ? "attachment" : "inline", column(rows, "file_name"));
    header_add(rq, "Cache-Control", "private, max-age=3600");
}

/* {"access": ..., "refresh": ..., "expires_in": ...} in front of the body's own members. */
static void hand_out_tokens(struct request *rq, const char *account)
{
    const struct dialect *dialect = rq->product->dialect;
    struct claims claims = { .account_id = strtoll(account, NULL, 10), .issued_at = time(NULL) };
    char *access, *refresh;

    claims.expires_at = claims.issued_at + dialect->access_seconds;
    token_jti(claims.jti);
    access = token_sign(rq, request_keys(rq), TOKEN_ACCESS, rq->product->name, &claims);
    claims.expires_at = claims.issued_at + dialect->refresh_seconds;
    memcpy(claims.jti, rq->refresh_jti, sizeof claims.jti);
    refresh = token_sign(rq, request_keys(rq), TOKEN_REFRESH, rq->product->name, &claims);
    rq->body = FORMAT(rq, "{\"access\":\"%s\",\"refresh\":\"%s\",\"expires_in\":%d,%s", access, refresh,
                      dialect->access_seconds, rq->body + 1);
    rq->body_length = strlen(rq->body);
}

/* ---- jobs: after the commit, before the answer ---- */

static void put_done(struct ask *ask)
{
    /* What went wrong is the reconciler's to mend: the job is there. */
    complete(ask->owner);
}

static void hand_over_jobs(struct request *rq, const char *lines)
{
    struct ticket *tickets;
    size_t n, i = 0, to;
    int asks = 0;

    if (ticket_parse(rq, lines, &tickets, &n) < 0) {
        log_error("request.jobs", "request=%s operation=%s malformed", rq->request_id, rq->operation->row->name);
        return;
    }
    rq->asks = memory_check(talloc_zero_array(rq, struct ask, n));
    for (; i < n; i = to) {
        struct command command;

        for (to = i + 1; to < n && !strcmp(tickets[to].queue, tickets[i].queue);)
            to++;
        queue_put_command(rq, &command, tickets + i, to - i);
        rq->asks[asks] = (struct ask){ .done = put_done, .owner = rq };
        rq->pending++;
        redis_link_call(queue_links_get(rq->server->redis, tickets[i].queue), &rq->asks[asks++], &script_put, 1,
                        &command);
    }
}

static int check_body(struct request *rq)
{
    const char *why = "";

    if (!request_config(rq)->sandbox || !rq->operation->row->out ||
        reply_check(rq, rq->operation->row, rq->body, rq->body_length, &why))
        return 0;
    log_error("request.reply", "request=%s operation=%s %s", rq->request_id, rq->operation->row->name, why);
    return fail(rq, E_INTERNAL, NULL, "The answer does not have its documented shape");
}

/* What the dialect puts around it. An answer without a body has none. */
static void write_body(struct request *rq, const PGresult *rows)
{
    const struct dialect *dialect = rq->product->dialect;
    const char *body = rq->body;

    if (!rq->body_length)
        return;
    if (rq->operation->row->list)
        body = page_body(rq, body, column(rows, "total"));
    else if (dialect->success_body && !rq->operation->row->bare)
        body = dialect->success_body(rq, body, column(rows, "message"));
    if (body != rq->body) {
        rq->body = body;
        rq->body_length = strlen(body);
    }
}

int take_answer(struct request *rq)
{
    const PGresult *rows;
    const char *text;

    if (rq->exchange.error != E_NONE)
        return take_error(rq);
    rows = rq->exchange.calls[rq->exchange.count - 1].rows;
    if (PQntuples(rows) == 0)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    text = column(rows, "error");
    if (text)
        return take_refusal(rq, rows, text);
    rq->status = rq->operation->row->status ? rq->operation->row->status : 200;
    if (column(rows, "file")) {
        take_file(rq, rows);
        return 0;
    }
    text = column(rows, "status");
    if (text)
        rq->status = (int)strtol(text, NULL, 10);
    rq->body = column(rows, "body") ? column(rows, "body") : "";
    rq->body_length = strlen(rq->body);
    text = column(rows, "signin");
    if (text)
        hand_out_tokens(rq, text);
    text = column(rows, "jobs");
    if (text)
        hand_over_jobs(rq, text);
    if (check_body(rq) < 0)
        return -1;
    write_body(rq, rows);
    return 0;
}
