/* SPDX-License-Identifier: GPL-3.0-or-later
 * The row's statement and what its columns mean: body (JSON text, passed through untouched), status, error with
 * message, field and retry_after (a refusal that is committed), total, meta and keys (of a list, whose body is the
 * array of the page: page.c), message (of a success, for dialects that have one), jobs (tickets to hand to Redis),
 * signin (an account to make tokens for), renew (one to make an access token for), etag (of what matters in the
 * answer: a GET that the client has already is 304), pending and retry_after (of a poll: fcgi/steps/poll.h),
 * api_generation with account, session and session_end (fcgi/steps/account.h), settings (of a queue, for its Redis),
 * file with file_type, file_name, file_attachment (a file, sent by the web server or by us). */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/once.h"
#include "fcgi/steps/poll.h"
#include "scripts.h"
#include <errno.h>

/* ---- run ---- */

static void statement_done(struct exchange *exchange)
{
    complete(OWNER(exchange, struct request, exchange));
}

void bound_call(const struct request *rq, const struct bound *bound, struct exchange_call *call, const char **values)
{
    for (int i = 0; i < bound->statement->count; i++)
        values[i] = rq->arguments[bound->sources[i]];
    *call = (struct exchange_call){ .statement = bound->statement, .values = values };
}

static void add_call(struct request *rq, const struct bound *bound)
{
    int call = rq->exchange.count++;

    bound_call(rq, bound, &rq->exchange.calls[call], rq->values[call]);
}

void caller_call(struct request *rq, struct exchange_call *call, const char **values)
{
    bound_call(rq, &rq->server->callers[rq->way], call, values);
}

void statement_send(struct request *rq, struct lease *lease)
{
    rq->exchange = (struct exchange){ .done = statement_done, .ctx = rq };
    add_call(rq, &rq->operation->bound);
    rq->pending++;
    lease_send(lease, &rq->exchange);
}

int answer_from_sql(struct request *rq)
{
    const struct operation *operation = rq->operation;
    int r = job_args_compose(rq);

    if (r == 0)
        r = once_wanted(rq);
    if (r != 0)
        return r < 0 ? r : once_start(rq);
    rq->exchange = (struct exchange){ .done = statement_done, .ctx = rq, .idempotent = rq->method == GET };
    if (rq->signed_in && operation->guarded[rq->way].statement) {
        add_call(rq, &operation->guarded[rq->way]);
    } else {
        if (rq->signed_in)
            add_call(rq, &rq->server->callers[rq->way]);
        add_call(rq, &operation->bound);
    }
    rq->pending++;
    lanes_send(rq->server->lanes, page_lane(rq), &rq->exchange);
    return 0;
}

/* ---- take the answer ---- */

const char *result_column(const PGresult *rows, const char *name)
{
    int i = PQfnumber(rows, name);
    return i < 0 || PQgetisnull(rows, 0, i) ? NULL : PQgetvalue(rows, 0, i);
}

int exchange_refused(struct request *rq, const struct exchange *exchange)
{
    bool ours = !strncmp(exchange->sqlstate, "MR", 2);

    rq->unsure = exchange->error == E_UNAVAILABLE && !*exchange->sqlstate;
    if (exchange->error == E_INTERNAL || (exchange->error == E_UNAVAILABLE && *exchange->sqlstate && !ours))
        log_error("request.sql", "request=%s operation=%s sqlstate=%s message=%s", rq->request_id,
                  rq->operation->row->name, exchange->sqlstate, exchange->message ? exchange->message : "");
    fail(rq, exchange->error, ours && exchange->field && *exchange->field ? exchange->field : NULL,
         ours ? exchange->message : NULL);
    if (!strcmp(exchange->sqlstate, "MR42R") && rq->errors.count > 0)
        rq->errors.list[rq->errors.count - 1].reason = FIELD_UNKNOWN_REFERENCE;
    return -1;
}

int refusal_take(struct request *rq, const PGresult *rows, const char *name)
{
    const char *after = result_column(rows, "retry_after");

    rq->retry_after = after ? (int)strtol(after, NULL, 10) : 0;
    return fail(rq, error_by_name(name), result_column(rows, "field"), result_column(rows, "message"));
}

/* ---- who calls: asked alone where an administrator is wanted, who may not is to be told that before what is wrong
 * with his input; and once a minute for each account, for its tier. Else it is asked together with the row's statement.
 * ---- */

static void authorize_done(struct exchange *exchange)
{
    struct request *rq = OWNER(exchange, struct request, exchange);
    const char *tier = NULL;

    if (exchange->error == E_NONE && exchange->count > 1 && PQntuples(exchange->calls[1].rows) > 0)
        tier = result_column(exchange->calls[1].rows, "tier");
    if (tier)
        limits_tier_set(rq->server->limits, strtoll(rq->arguments[ARG_ACCOUNT_ID], NULL, 10), tier, time(NULL));
    rq->tier = tier ? COPY(rq, tier) : rq->tier;
    if (exchange->error != E_NONE) {
        exchange_refused(rq, &rq->exchange);
        deny(rq);
    }
    exchange_clear(exchange);
    complete(rq);
}

int authorize(struct request *rq)
{
    if (!rq->signed_in)
        return 0;
    rq->tier = rq->product->rates
                   ? limits_tier(rq->server->limits, strtoll(rq->arguments[ARG_ACCOUNT_ID], NULL, 10), time(NULL))
                   : "";
    if (rq->operation->row->who != ADMIN && (rq->tier || rq->poll)) /* a poll that looks again is not counted */
        return 0;
    rq->exchange = (struct exchange){ .done = authorize_done, .ctx = rq, .idempotent = true };
    add_call(rq, &rq->server->callers[rq->way]);
    if (!rq->tier)
        add_call(rq, &rq->server->tier);
    rq->pending++;
    lanes_send(rq->server->lanes, LANE_FAST, &rq->exchange);
    return 0;
}

/* ---- what is asked first ---- */

const char *first_column(const struct request *rq, const char *name)
{
    return rq->first && PQntuples(rq->first) ? result_column(rq->first, name) : NULL;
}

static int take_first(struct request *rq)
{
    struct exchange_call *call = &rq->exchange.calls[rq->exchange.count - 1];
    const char *refused;

    if (rq->exchange.error != E_NONE)
        return exchange_refused(rq, &rq->exchange);
    rq->first = call->rows;
    call->rows = NULL;
    exchange_clear(&rq->exchange);
    refused = first_column(rq, "error");
    return refused ? refusal_take(rq, rq->first, refused) : rq->operation->row->handler(rq);
}

static void first_done(struct exchange *exchange)
{
    struct request *rq = OWNER(exchange, struct request, exchange);

    take_first(rq);
    complete(rq);
}

int run(struct request *rq)
{
    const struct operation *operation = rq->operation;

    poll_enter(rq);
    if (!operation->row->handler)
        return answer_from_sql(rq);
    if (!operation->row->first)
        return operation->row->handler(rq);
    rq->exchange = (struct exchange){ .done = first_done, .ctx = rq, .idempotent = true };
    if (rq->signed_in)
        add_call(rq, &rq->server->callers[rq->way]);
    add_call(rq, &operation->first);
    rq->pending++;
    lanes_send(rq->server->lanes, operation->row->lane, &rq->exchange);
    return 0;
}

/* ---- the answer ---- */

static void take_file(struct request *rq, const PGresult *rows)
{
    const char *attachment = result_column(rows, "file_attachment");

    send_file(rq, &(struct stored_file){ .key = result_column(rows, "file"),
                                         .type = result_column(rows, "file_type"),
                                         .name = result_column(rows, "file_name"),
                                         .attachment = attachment && *attachment == 't' });
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
    if (dialect->signed_in)
        rq->body = dialect->signed_in(rq, rq->body, access, refresh);
    else
        rq->body = FORMAT(rq, "{\"access\":\"%s\",\"refresh\":\"%s\",\"expires_in\":%d,%s", access, refresh,
                          dialect->access_seconds, rq->body + 1);
    rq->body_length = strlen(rq->body);
}

/* {"token": ...} in front of the body's own members. */
static void hand_out_api_token(struct request *rq, const char *account, const char *generation)
{
    const struct api_token token = { .account_id = strtoll(account, NULL, 10),
                                     .generation = (int)strtol(generation, NULL, 10) };
    char text[API_TOKEN_HEX + 1];

    api_token_make(request_keys(rq), rq->product->name, &token, text);
    rq->body = FORMAT(rq, "{\"token\":\"%s\",%s", text, rq->body + 1);
    rq->body_length = strlen(rq->body);
}

static void session_cookie(struct request *rq, const char *value, int seconds)
{
    const struct session_cookie *cookie = &rq->product->dialect->session;
    bool secure = !strncmp(argument(rq, "base_url"), "https:", 6), whole = !strcmp(cookie->path, "/");

    header_add(rq, "Set-Cookie", "%s=%s; Path=%s%s; Max-Age=%d; HttpOnly; SameSite=%s%s", cookie->name, value,
               whole ? "" : request_config(rq)->front_mount, cookie->path, seconds, cookie->same_site,
               secure ? "; Secure" : "");
}

/* The cookie, and {"csrf_token": ...} in front of the body's own members. */
static void hand_out_session(struct request *rq, const char *account)
{
    char csrf[DIGEST_HEX + 1];

    session_cookie(rq, FORMAT(rq, "%s.%s", account, rq->session), SESSION_SECONDS);
    csrf_token(request_keys(rq), rq->session, csrf);
    rq->body = FORMAT(rq, "{\"csrf_token\":\"%s\",%s", csrf, rq->body + 1);
    rq->body_length = strlen(rq->body);
}

/* Another access token, for the refresh token that was sent. */
static void renew_token(struct request *rq, const char *account)
{
    int seconds = rq->product->dialect->access_seconds;
    struct claims claims = { .account_id = strtoll(account, NULL, 10), .issued_at = time(NULL) };

    claims.expires_at = claims.issued_at + seconds;
    token_jti(claims.jti);
    rq->body = FORMAT(rq, "{\"access\":\"%s\",\"expires_in\":%d}",
                      token_sign(rq, request_keys(rq), TOKEN_ACCESS, rq->product->name, &claims), seconds);
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

    if (!request_config(rq)->sandbox || !rq->operation->row->out || !rq->body_length ||
        reply_check(rq, rq->operation->row, rq->body, rq->body_length, &why))
        return 0;
    log_error("request.reply", "request=%s operation=%s %s", rq->request_id, rq->operation->row->name, why);
    return fail(rq, E_INTERNAL, NULL, "The answer does not have its documented shape");
}

/* An answer without a body has nothing around it. */
int body_take(struct request *rq, const PGresult *rows)
{
    const struct dialect *dialect = rq->product->dialect;
    const char *body = rq->body, *message = result_column(rows, "message");

    if (check_body(rq) < 0)
        return -1;
    if (rq->operation->row->list)
        body = page_body(rq, body, rows);
    else if (dialect->success_body && !rq->operation->row->bare && (*body || message))
        body = dialect->success_body(rq, body, message);
    if (body != rq->body) {
        rq->body = body;
        rq->body_length = strlen(body);
    }
    return 0;
}

int hand_over(struct request *rq)
{
    wait_enter(rq);
    if (rq->tickets)
        hand_over_jobs(rq, rq->tickets);
    if (rq->settings)
        hand_over_settings(rq, rq->settings);
    return 0;
}

int take_answer(struct request *rq)
{
    const PGresult *rows;
    const char *text;

    if (!rq->operation->row->sql)
        return check_body(rq); /* its handler has answered */
    if (rq->exchange.error != E_NONE)
        return exchange_refused(rq, &rq->exchange);
    rows = rq->exchange.calls[rq->exchange.count - 1].rows;
    if (PQntuples(rows) == 0)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    text = result_column(rows, "error");
    if (text)
        return refusal_take(rq, rows, text);
    rq->committed = true;
    rq->status = rq->operation->row->status ? rq->operation->row->status : 200;
    if (result_column(rows, "file")) {
        take_file(rq, rows);
        return 0;
    }
    text = result_column(rows, "status");
    if (text)
        rq->status = (int)strtol(text, NULL, 10);
    rq->body = result_column(rows, "body") ? result_column(rows, "body") : "";
    rq->body_length = strlen(rq->body);
    text = result_column(rows, "signin");
    if (text)
        hand_out_tokens(rq, text);
    text = result_column(rows, "renew");
    if (text)
        renew_token(rq, text);
    text = result_column(rows, "api_generation");
    if (text)
        hand_out_api_token(rq, result_column(rows, "account"), text);
    text = result_column(rows, "session");
    if (text)
        hand_out_session(rq, text);
    if (result_column(rows, "session_end"))
        session_cookie(rq, "", 0);
    rq->tickets = result_column(rows, "jobs");
    rq->settings = result_column(rows, "settings");
    if (body_take(rq, rows) < 0)
        return -1;
    poll_answered(rq, rows);
    return 0;
}
