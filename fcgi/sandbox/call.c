/* SPDX-License-Identifier: GPL-3.0-or-later
 * A call to a service: what was asked, what is to go wrong with it, the call's place in the log and the row's statement
 * in one transaction, the answer. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/sandbox.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { LOGGED_MAX = 65536, KEY_MAX = 512 };

const char *const sandbox_sets[] = { "input", "query", "headers", "key", "settings", NULL };

struct calling {
    struct request *rq;
    struct timer timer;
    struct fault fault;
    struct exchange replay; /* of an Idempotency-Key */
    const char *replay_values[STATEMENT_PARAMETERS_MAX];
    const char *idempotency; /* NULL: none counts */
    bool refused;            /* the proof does not hold: rq->denied says how */
    const char *values[2][STATEMENT_PARAMETERS_MAX];
};

static void call_send(struct calling *calling);

struct sandbox *sandbox_of(const struct request *rq)
{
    return talloc_get_type_abort(talloc_parent(rq->server), struct sandbox);
}

const struct service *sandbox_service(const struct request *rq)
{
    return service_of(rq->product);
}

/* All that is answered says whose it is; of the statistics none of it is a part. */
int sandbox_accept(struct request *rq)
{
    rq->apart = true;
    header_add(rq, "X-Sandbox", "millrace");
    return 0;
}

char *sandbox_error(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    (void)errors;
    header_add(rq, "X-Sandbox", "millrace");
    return sandbox_service(rq)->error(rq, error, message);
}

/* ---- what was asked ---- */

static bool is_proof(const char *name)
{
    return !strcmp(name, "HTTP_AUTHORIZATION") || !strcmp(name, "HTTP_X_GOOG_API_KEY") || !strcmp(name, "HTTP_COOKIE");
}

static const char *headers_json(struct request *rq)
{
    json_auto_t *headers = json_object();

    for (int i = 0; i < rq->in->count; i++) {
        char *name;

        if (strncmp(rq->in->names[i], "HTTP_", 5) != 0 || is_proof(rq->in->names[i]))
            continue;
        name = COPY(rq, rq->in->names[i] + 5);
        for (char *at = name; *at; at++)
            *at = *at == '_' ? '-' : (*at >= 'A' && *at <= 'Z') ? (char)(*at | 0x20) : *at;
        json_object_set_new(headers, name, json_string(rq->in->values[i]));
    }
    return json_text(rq, headers);
}

/* The name in Basic's NAME:KEY; NULL when it is none. */
static const char *basic_name(struct request *rq, const char *text)
{
    char *plain = memory_check(talloc_zero_size(rq, KEY_MAX + 1));
    size_t n;

    if (sodium_base642bin((unsigned char *)plain, KEY_MAX, text, strlen(text), NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) < 0)
        return NULL;
    plain[n] = '\0';
    plain[strcspn(plain, ":")] = '\0';
    return plain;
}

static const char *key_of(struct request *rq)
{
    const struct service *service = sandbox_service(rq);
    const char *header = request_param(rq, "HTTP_AUTHORIZATION");

    if (service->proof == PROOF_HEADER) {
        const char *key = request_param(rq, service->header);
        return *key || !service->query ? key : pairs_get(&rq->query_pairs, service->query);
    }
    if (!strncasecmp(header, "Basic ", 6)) /* Stripe takes its key so as well */
        return basic_name(rq, header + 6);
    if (service->proof == PROOF_BEARER && !strncasecmp(header, "Bearer ", 7))
        return header + 7;
    if (service->proof == PROOF_BEARER && !strncasecmp(header, "Token ", 6)) /* Replicate's older form */
        return header + 6;
    return NULL;
}

static int arguments_read(struct request *rq)
{
    json_auto_t *query = NULL;
    const char *input;
    int r = pairs_parse(rq, rq->query, strlen(rq->query), &rq->query_pairs);

    if (r == 0)
        r = nested_object(rq, &rq->query_pairs, &query);
    if (r < 0)
        return fail(rq, E_MALFORMED, NULL, "The query cannot be read");
    if (sandbox_input(rq, &input) < 0)
        return fail(rq, E_MALFORMED, NULL, "We could not parse the body of your request");
    argument_set(rq, "input", input);
    argument_set(rq, "query", json_text(rq, query));
    argument_set(rq, "headers", headers_json(rq));
    argument_set(rq, "key", key_of(rq));
    argument_set(rq, "settings", sandbox_of(rq)->settings);
    return 0;
}

/* ---- a repeated call of a service that knows such: the key is claimed before, and keeps what was answered ---- */

static void replay_send(struct calling *calling, const struct statement *statement, const struct param *params,
                        void (*done)(struct exchange *))
{
    struct request *rq = calling->rq;
    const char *missing;

    if (statement_bind(statement, params, calling->replay_values, &missing) < 0)
        abort();
    calling->replay = (struct exchange){
        .calls = { { .statement = statement, .values = calling->replay_values } }, .count = 1, .done = done, .ctx = rq
    };
    rq->pending++;
    lanes_send(rq->server->lanes, LANE_FAST, &calling->replay);
}

static void replay_ended(struct exchange *exchange)
{
    struct calling *calling = OWNER(exchange, struct calling, replay);

    exchange_clear(exchange);
    complete(calling->rq);
}

static void replay_keep(struct calling *calling, bool kept)
{
    struct request *rq = calling->rq;
    const struct sandbox *sandbox = sandbox_of(rq);
    const struct param params[] = { { "service", rq->product->name },
                                    { "key", calling->idempotency },
                                    { "status", FORMAT(rq, "%d", rq->status) },
                                    { "body", rq->body },
                                    { NULL, NULL } };

    replay_send(calling, kept ? sandbox->keep : sandbox->drop, params, replay_ended);
}

static void replay_claimed(struct exchange *exchange)
{
    struct calling *calling = OWNER(exchange, struct calling, replay);
    struct request *rq = calling->rq;
    const PGresult *rows = exchange->calls[0].rows;
    const char *body = exchange->error == E_NONE && PQntuples(rows) ? result_column(rows, "body") : NULL;

    if (exchange->error != E_NONE) {
        exchange_refused(rq, exchange);
    } else if (body) {
        header_add(rq, "Idempotent-Replayed", "true");
        rq->status = (int)strtol(result_column(rows, "status"), NULL, 10);
        rq->body = COPY(rq, body);
        rq->body_length = strlen(body);
        answered(rq);
    } else {
        call_send(calling);
    }
    exchange_clear(exchange);
    complete(rq);
}

static void replay_claim(struct calling *calling)
{
    struct request *rq = calling->rq;
    const struct param params[] = { { "service", rq->product->name },
                                    { "key", calling->idempotency },
                                    { "operation", request_path(rq) },
                                    { "input", argument(rq, "input") },
                                    { NULL, NULL } };

    replay_send(calling, sandbox_of(rq)->claim, params, replay_claimed);
}

/* ---- the walk of a call ---- */

static void took_effect(struct calling *calling)
{
    struct request *rq = calling->rq;
    const PGresult *rows = rq->exchange.calls[rq->exchange.count - 1].rows;
    const struct fault *fault = &calling->fault;

    if (PQntuples(rows) == 0 || (!result_column(rows, "body") && !result_column(rows, "status")))
        fail(rq, E_NOT_FOUND, NULL, NULL);
    else
        answer_rows(rq, rows);
    if (calling->idempotency)
        replay_keep(calling, rq->error == E_NONE && rq->status < 500);
    if (fault->kind == FAULT_CUT)
        answer_cut(rq);
    else if (fault->kind == FAULT_STATUS)
        answer_status(rq, fault);
    else if (fault->kind == FAULT_MALFORMED)
        rq->body_length /= 2;
}

static void call_done(struct exchange *exchange)
{
    struct request *rq = OWNER(exchange, struct request, exchange);
    struct calling *calling = rq->exchange.ctx;
    const struct fault *fault = &calling->fault;

    if (exchange->error != E_NONE) {
        exchange_refused(rq, exchange);
        if (calling->idempotency)
            replay_keep(calling, false);
    } else if (calling->refused)
        fail(rq, rq->denied, NULL, NULL);
    else if (exchange->count > 1)
        took_effect(calling);
    else if (fault->kind == FAULT_CUT)
        answer_cut(rq);
    else
        answer_status(rq, fault);
    complete(rq);
}

static const char *text_of_fault(const struct calling *calling)
{
    const struct fault *fault = &calling->fault;

    return calling->refused ? "refused"
           : fault->kind == FAULT_NONE
               ? NULL
               : FORMAT(calling->rq, "%s%s", fault_kind_names[fault->kind - 1], fault->after ? " after" : "");
}

/* The log, and the statement unless the fault is in front of it. */
static void call_send(struct calling *calling)
{
    struct request *rq = calling->rq;
    const struct fault *fault = &calling->fault;
    bool effect = !calling->refused && (fault->kind == FAULT_NONE || fault->after || fault->kind == FAULT_MALFORMED);
    const char *body = rq->in->body_length <= LOGGED_MAX ? argument(rq, "input") : NULL, *missing;
    const struct param params[] = { { "service", rq->product->name },
                                    { "operation", rq->operation->row->name },
                                    { "method", method_names[rq->method] },
                                    { "path",
                                      FORMAT(rq, "%s%s%s", request_path(rq), *rq->query ? "?" : "", rq->query) },
                                    { "headers", argument(rq, "headers") },
                                    { "input", body },
                                    { "fault", text_of_fault(calling) },
                                    { NULL, NULL } };
    struct exchange *exchange = &rq->exchange;

    if (statement_bind(sandbox_of(rq)->log, params, calling->values[0], &missing) < 0)
        abort();
    *exchange = (struct exchange){ .done = call_done, .ctx = calling };
    exchange->calls[exchange->count++] =
        (struct exchange_call){ .statement = sandbox_of(rq)->log, .values = calling->values[0] };
    if (effect)
        bound_call(rq, &rq->operation->bound, &exchange->calls[exchange->count++], calling->values[1]);
    rq->pending++;
    lanes_send(rq->server->lanes, LANE_FAST, exchange);
}

static void begin(struct calling *calling)
{
    if (calling->idempotency)
        replay_claim(calling);
    else
        call_send(calling);
}

static void waited(struct timer *timer)
{
    struct calling *calling = OWNER(timer, struct calling, timer);

    begin(calling);
    complete(calling->rq);
}

static void check_proof(struct calling *calling)
{
    struct request *rq = calling->rq;
    const char *key = argument(rq, "key");

    if (sandbox_service(rq)->proof == PROOF_NONE || (key && *key && strcmp(key, "expired") != 0))
        return;
    calling->refused = true;
    rq->denied = key && *key ? E_BAD_TOKEN : E_UNAUTHENTICATED;
}

int sandbox_call(struct request *rq)
{
    struct calling *calling = NEW(rq, struct calling);
    const char *idempotency = request_param(rq, "HTTP_IDEMPOTENCY_KEY");
    int r = arguments_read(rq), ms;

    if (r < 0)
        return r;
    calling->rq = rq;
    check_proof(calling);
    ms = faults_take(&sandbox_of(rq)->faults, rq->product->name, method_names[rq->method], request_path(rq),
                     &calling->fault);
    if (sandbox_service(rq)->replays && rq->method == POST && *idempotency && !calling->refused &&
        (calling->fault.kind == FAULT_NONE || calling->fault.after))
        calling->idempotency = idempotency;
    if (!ms) {
        begin(calling);
        return 0;
    }
    calling->timer.due = waited;
    rq->pending++;
    loop_timer_set(rq->server->loop, &calling->timer, (uint64_t)ms);
    return 0;
}
