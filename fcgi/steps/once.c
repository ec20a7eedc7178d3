/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/once.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/seal.h"
#include "common/statement.h"
#include "fcgi/serve.h"
#include "fcgi/steps/account.h"
#include "sql.h"
#include <sodium.h>
#include <unistd.h>

enum { KEY_LENGTH_MAX = 64, PIECE = 65536 };

static const struct sql begin_sql = { "core/begin", "begin" }, commit_sql = { "core/commit", "commit" };

struct once_statements {
    struct statement *begin, *commit, *claim, *store;
};

struct once {
    struct lease lease;
    struct request *rq;
    const char *key, *fingerprint;
    struct exchange exchange;
    const char *values[3][STATEMENT_PARAMETERS_MAX]; /* of each call */
};

struct once_statements *once_statements_new(void *ctx)
{
    struct once_statements *all = NEW(ctx, struct once_statements);
    const struct {
        const struct sql *sql;
        struct statement **to;
    } rows[] = { { &begin_sql, &all->begin },
                 { &commit_sql, &all->commit },
                 { &sql_core_once_claim, &all->claim },
                 { &sql_core_once_store, &all->store } };

    for (size_t i = 0; i < ELEMENTS(rows); i++)
        if (statement_compile(all, rows[i].sql, rows[i].to) < 0)
            return NULL;
    return all;
}

/* ---- whether ---- */

/* SHA-256 of what makes two requests the same. A body that was spooled lies in the page cache. */
static const char *fingerprint(struct request *rq)
{
    const struct incoming *in = rq->in;
    unsigned char digest[crypto_hash_sha256_BYTES];
    char *hex = memory_check(talloc_size(rq, DIGEST_HEX + 1));
    autotalloc char *piece = NULL;
    crypto_hash_sha256_state state;
    const char *path = request_path(rq);

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)path, strlen(path) + 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)rq->query, strlen(rq->query) + 1);
    if (in->body) {
        crypto_hash_sha256_update(&state, (const unsigned char *)in->body, in->body_length);
    } else if (in->body_length) {
        ssize_t n = 1;

        piece = memory_check(talloc_size(NULL, PIECE));
        for (size_t at = 0; at < in->body_length && n > 0; at += n > 0 ? (size_t)n : 0) {
            n = pread(in->body_fd, piece, PIECE, (off_t)at);
            if (n > 0)
                crypto_hash_sha256_update(&state, (const unsigned char *)piece, (unsigned long long)n);
        }
    }
    crypto_hash_sha256_final(&state, digest);
    return sodium_bin2hex(hex, DIGEST_HEX + 1, digest, sizeof digest);
}

bool once_may_be(const struct product *product, const struct endpoint *row)
{
    return row->method == POST && !product->root && !row->parts;
}

int once_wanted(struct request *rq)
{
    const char *key = request_param(rq, "HTTP_IDEMPOTENCY_KEY");
    size_t length = strlen(key);

    if (!*key || !rq->signed_in || !once_may_be(rq->product, rq->operation->row))
        return 0;
    for (const char *p = key; *p; p++)
        if (*p <= ' ' || *p > '~')
            length = KEY_LENGTH_MAX + 1;
    if (length > KEY_LENGTH_MAX)
        return fail(rq, E_MALFORMED, NULL, "The Idempotency-Key must have 1 to 64 printable characters");
    return 1;
}

/* ---- claim ---- */

static void once_send(struct once *once, int count)
{
    once->exchange.count = count;
    once->exchange.ctx = once->rq;
    lease_send(&once->lease, &once->exchange);
}

static void set_call(struct once *once, int i, const struct statement *statement, const struct param *params)
{
    const char *missing = NULL, **values = once->values[i];

    if (statement->count && statement_bind(statement, params, values, &missing) < 0)
        log_error("once.bind", "missing=%s", missing);
    once->exchange.calls[i] = (struct exchange_call){ .statement = statement, .values = values };
}

static bool is_true(const PGresult *rows, const char *name)
{
    const char *text = result_column(rows, name);
    return text && *text == 't';
}

static void refuse_twin(struct request *rq)
{
    rq->retry_after = 1; /* it is over soon, or given up */
    fail(rq, E_CONFLICT, NULL, "A request with this Idempotency-Key is being worked on");
}

/* The first answer again. */
static void replay(struct request *rq, const PGresult *rows)
{
    static step_fn *const end[] = { NULL };
    const char *why;
    char *body = NULL;

    if (seal_open(rq, rq->server->seals, "once", result_column(rows, "answer"), &body, &why) < 0) {
        log_error("once.open", "request=%s why=%s", rq->request_id, why);
        fail(rq, E_INTERNAL, NULL, NULL);
        return;
    }
    rq->status = (int)strtol(result_column(rows, "status"), NULL, 10);
    rq->headers_length = (size_t)snprintf(rq->headers, sizeof rq->headers, "%s", result_column(rows, "headers"));
    header_add(rq, "Idempotent-Replayed", "true");
    rq->body = body;
    rq->body_length = strlen(body);
    rq->step = end;
}

static void claimed(struct exchange *exchange)
{
    struct once *once = OWNER(exchange, struct once, exchange);
    struct request *rq = once->rq;
    const PGresult *rows = exchange->error == E_NONE ? exchange->calls[exchange->count - 1].rows : NULL;

    if (!rows)
        exchange_refused(rq, exchange);
    else if (!is_true(rows, "held"))
        refuse_twin(rq);
    else if (is_true(rows, "fresh"))
        statement_send(rq, &once->lease);
    else if (!is_true(rows, "same"))
        fail(rq, E_CONFLICT, NULL, "This Idempotency-Key was used for another request");
    else
        replay(rq, rows);
    exchange_clear(exchange);
    complete(rq);
}

static void leased(struct lease *lease)
{
    struct once *once = OWNER(lease, struct once, lease);
    struct request *rq = once->rq;
    const struct once_statements *all = rq->server->once;

    if (lease->error != E_NONE) {
        fail(rq, lease->error, NULL, NULL);
        complete(rq);
        return;
    }
    once->exchange = (struct exchange){ .done = claimed };
    set_call(once, 0, all->begin, NULL);
    caller_call(rq, &once->exchange.calls[1], once->values[1]);
    set_call(once, 2, all->claim,
             PARAMS({ "account_id", rq->arguments[ARG_ACCOUNT_ID] }, { "key", once->key },
                    { "fingerprint", once->fingerprint }));
    once_send(once, 3);
}

int once_start(struct request *rq)
{
    struct once *once = NEW(rq, struct once);

    once->rq = rq;
    once->key = request_param(rq, "HTTP_IDEMPOTENCY_KEY");
    once->fingerprint = fingerprint(rq);
    once->lease = (struct lease){ .done = leased };
    rq->once = once;
    rq->pending++;
    lanes_lease(rq->server->lanes, &once->lease);
    return 0;
}

/* ---- settle ---- */

static void stored(struct exchange *exchange)
{
    struct once *once = OWNER(exchange, struct once, exchange);
    struct request *rq = once->rq;

    if (exchange->error != E_NONE) {
        rq->committed = false;
        exchange_refused(rq, exchange);
    }
    exchange_clear(exchange);
    complete(rq);
}

int once_settle(struct request *rq)
{
    struct once *once = rq->once;
    const struct once_statements *all = rq->server->once;

    if (!once)
        return 0;
    once->exchange = (struct exchange){ .done = stored };
    set_call(once, 0, all->store,
             PARAMS({ "account_id", rq->arguments[ARG_ACCOUNT_ID] }, { "key", once->key },
                    { "status", FORMAT(rq, "%d", rq->status) }, { "headers", COPY(rq, rq->headers) },
                    { "answer", seal_text(rq, rq->server->seals, "once", rq->body) }));
    set_call(once, 1, all->commit, NULL);
    rq->pending++;
    once_send(once, 2);
    return 0;
}

void once_end(struct request *rq)
{
    if (rq->once)
        lease_end(rq->server->lanes, &rq->once->lease);
}
