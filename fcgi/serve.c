/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/serve.h"
#include "common/memory.h"
#include "common/provider/storage_s3.h"
#include "common/seal.h"
#include "common/token_cache.h"
#include "fcgi/health.h"
#include "fcgi/input/upload.h"
#include "fcgi/queue_links.h"
#include "fcgi/statistics.h"
#include "fcgi/steps/once.h"
#include "fcgi/steps/parking.h"
#include "fcgi/steps/poll.h"
#include "fcgi/usual.h"
#include "fcgi/wire/pool.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>

/* Odd, and near the golden ratio: ids do not come back and have nothing in common with those before. */
static const uint64_t STRIDE = 0x9e3779b97f4a7c15;

enum { POOL_QUEUE = 256, HASH_QUEUE = 64, SLOW_TIMEOUT_MS = 15000, FAST_TIMEOUT_MS = 3000 };

/* ---- the walk ---- */

static step_fn *const steps[] = { route,       authenticate, authorize,    limit,     validate,   run, take_answer,
                                  once_settle, hand_over,    wait_for_job, ask_after, take_after, NULL };

void request_end(struct request *rq)
{
    poll_leave(rq);
    upload_end(rq, rq->committed || rq->unsure);
    once_end(rq);
    exchange_clear(&rq->exchange);
    PQclear(rq->first);
    rq->server->open_requests--;
    talloc_free(rq->in->ctx);
}

/* Walk the steps until one waits (its answer calls complete()) or the request is decided. Of a client that has left,
 * too: what was committed for it is handed on like anybody's. */
void advance(struct request *rq)
{
    int r = 0;

    while (r == 0 && rq->pending == 0 && rq->error == E_NONE && *rq->step)
        r = (*rq->step++)(rq);
    if (r == STEP_PARKED || rq->pending > 0)
        return;
    if (!rq->gone)
        respond(rq);
    if (!rq->apart)
        statistics_note(rq->server->statistics, rq);
    request_end(rq);
}

void complete(struct request *rq)
{
    if (--rq->pending == 0)
        advance(rq);
}

/* ---- requests come in ---- */

static bool id_holds(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length < REQUEST_ID_SIZE &&
           !id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")];
}

static void request_gone(struct visitor *visitor)
{
    struct request *rq = OWNER(visitor, struct request, visitor);

    rq->gone = true; /* its answers are still on their way: complete() ends it */
    poll_gone(rq);
}

struct request *request_new(struct server *server, struct incoming *incoming, struct client *client)
{
    struct request *rq = NEW(incoming->ctx, struct request);
    const char *id = incoming_param(incoming, "HTTP_X_REQUEST_ID");

    rq->visitor.gone = request_gone;
    rq->server = server;
    rq->in = incoming;
    rq->client = client;
    rq->applied = -1;
    rq->step = steps;
    rq->began = statistics_clock();
    if (id && id_holds(id)) {
        snprintf(rq->request_id, sizeof rq->request_id, "%s", id);
    } else {
        server->request_number += STRIDE;
        snprintf(rq->request_id, sizeof rq->request_id, "req_%012" PRIx64, server->request_number >> 16);
    }
    server->open_requests++;
    return rq;
}

static void *request_in(void *closure, struct incoming *incoming, struct client *client)
{
    struct request *rq = request_new(closure, incoming, client);
    struct visitor *visitor = &rq->visitor;

    advance(rq);
    return visitor;
}

static void client_gone(void *closure, void *handle)
{
    struct visitor *visitor = handle;

    (void)closure;
    visitor->gone(visitor);
}

/* Only what is longer than usual is worth a look at where it goes. */
static size_t body_limit(void *closure, const struct incoming *incoming)
{
    struct server *server = closure;
    size_t limit = (size_t)server->config->front_body_limit, upload;
    const char *length = incoming_param(incoming, "CONTENT_LENGTH");
    autotalloc struct request *rq = NULL;
    struct incoming copy = *incoming;

    if (length && strtoull(length, NULL, 10) <= limit)
        return limit;
    rq = NEW(NULL, struct request);
    rq->server = server;
    rq->in = &copy;
    if (route(rq) < 0 || !rq->operation)
        return limit;
    upload = upload_limit(rq->operation->row);
    return upload > limit ? upload : limit;
}

struct transport_handler server_handler(struct server *server)
{
    return (struct transport_handler){
        .closure = server, .request = request_in, .gone = client_gone, .body_limit = body_limit
    };
}

/* ---- what handlers ask ---- */

const char *request_param(const struct request *rq, const char *name)
{
    const char *value = incoming_param(rq->in, name);
    return value ? value : "";
}

const struct config *request_config(const struct request *rq)
{
    return rq->server->config;
}

const struct keys *request_keys(const struct request *rq)
{
    return rq->server->keys;
}

const char *argument(const struct request *rq, const char *name)
{
    int i = operation_name(rq->operation, name);
    return i < 0 ? NULL : rq->arguments[i];
}

void argument_set(struct request *rq, const char *name, const char *value)
{
    int i = operation_name(rq->operation, name);
    if (i >= 0)
        rq->arguments[i] = value;
}

/* ---- start ---- */

static int add_rows(struct server *server, struct route_node *root, const struct dialect *dialect,
                    const struct endpoint *rows)
{
    for (; rows->name; rows = endpoint_next(rows)) {
        struct operation *operation = operation_new(server, dialect, rows);
        if (!operation)
            return -EINVAL;
        route_add(root, operation);
    }
    return 0;
}

static int compile_rows(struct server *server)
{
    int n = 0, r = 0;

    while (products[n].name)
        n++;
    server->routes = memory_check(talloc_zero_array(server, struct route_node *, n));
    server->paths = memory_check(talloc_zero_array(server, const char *, n));
    server->descriptions = memory_check(talloc_zero_array(server, struct asset *, n));
    for (int i = 0; i < n && r == 0; i++) {
        server->routes[i] = route_tree(server);
        server->paths[i] = route_paths(server, products[i].endpoints);
        r = products[i].root ? 0 : add_rows(server, server->routes[i], products[i].dialect, core_endpoints);
        if (r == 0)
            r = add_rows(server, server->routes[i], products[i].dialect, products[i].endpoints);
    }
    return r;
}

static int open_backends(struct server *server)
{
    const struct config *config = server->config;
    char *inner = memory_check(talloc_size(server, LINK_PAD_SIZE)),
         *outer = memory_check(talloc_size(server, LINK_PAD_SIZE));
    const char *const settings[] = { "millrace.link_inner", inner, "millrace.link_outer", outer,
                                     /* an answer is over before a plan is compiled */
                                     "jit", "off", NULL };
    const struct lanes_options options = {
        .conninfo = config->database_url,
        .connections = { [LANE_FAST] = config->front_connections_fast,
                         [LANE_SLOW] = config->front_connections_slow,
                         [LANE_LEASED] = config->front_connections_leased },
        .statement_timeout = { [LANE_FAST] = FAST_TIMEOUT_MS,
                               [LANE_SLOW] = SLOW_TIMEOUT_MS,
                               [LANE_LEASED] = SLOW_TIMEOUT_MS },
        .queue_limit = config->front_queue_limit,
        .queue_age = config->front_queue_age,
        .settings = memory_check(talloc_memdup(server, settings, sizeof settings)),
    };
    int r;

    link_pads(server->keys, inner, outer);
    r = lanes_new(server, server->loop, &options, &server->lanes);
    if (r == 0)
        r = statistics_new(server, server->loop, server->lanes, &server->statistics);
    if (r == 0)
        r = queue_links_new(server, server->loop, config, &server->redis);
    if (r == 0)
        server->usual = usual_new(server, server->loop, server->redis);
    if (r == 0)
        r = pool_new(server, server->loop, config->front_threads, POOL_QUEUE, &server->pool);
    if (r == 0)
        r = pool_new(server, server->loop, config->password_threads, HASH_QUEUE, &server->hashers);
    server->storage = storage_new(server, config);
    server->storers = server->pool;
    if (r == 0 && storage_is_remote(server->storage))
        r = pool_new(server, server->loop, config->front_threads, POOL_QUEUE, &server->storers);
    if (r == 0)
        r = hash_cost_init(&server->hash_cost, config->password_operations, config->password_memory);
    return r;
}

int server_new(void *ctx, const struct config *config, struct loop *loop, struct server **ret)
{
    struct server *server = NEW(ctx, struct server);
    const char *why;
    int r;

    server->config = config;
    server->keys = config->keys;
    server->loop = loop;
    server->limits = limits_new(server);
    server->parking = parking_new(server, loop, config, config->front_parked);
    server->once = once_statements_new(server);
    randombytes_buf(&server->request_number, sizeof server->request_number);
    server->tokens = token_cache_new(server, server->keys);
    r = seal_ring_new(server, config->seal_keys, server->keys, &server->seals, &why);
    if (r == 0)
        r = health_init(server);
    if (r == 0)
        r = operation_bind_callers(server, server->callers, &server->tier);
    if (r == 0)
        r = compile_rows(server);
    if (r == 0)
        r = open_backends(server);
    if (r < 0) {
        talloc_free(server);
        return r;
    }
    *ret = server;
    return 0;
}
