/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/health.h"
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "fcgi/steps/parking.h"
#include "migrations.h"
#include "sql.h"
#include <unistd.h>

struct readiness {
    struct ask ping;
    struct request *rq;
    const char *database, *redis;
};

static int answer_text(struct request *rq, int status, const char *body)
{
    rq->status = status;
    rq->body = body;
    rq->body_length = strlen(body);
    return 0;
}

/* ---- what there is to say ---- */

static int healthz(struct request *rq)
{
    return answer_text(rq, 200, "{\"status\":\"ok\"}");
}

/* The last step of readyz: both have answered. */
static int readyz_tell(struct request *rq)
{
    const struct readiness *readiness = rq->readiness;
    bool ready = !strcmp(readiness->database, "ok");

    rq->retry_after = ready ? 0 : 1;
    return answer_text(rq, ready ? 200 : 503,
                       FORMAT(rq, "{\"status\":\"%s\",\"database\":\"%s\",\"redis\":\"%s\",\"parked\":%d}",
                              ready ? "ready" : "unready", readiness->database, readiness->redis,
                              parking_count(rq->server->parking)));
}

static void database_done(struct exchange *exchange)
{
    struct request *rq = OWNER(exchange, struct request, exchange);
    struct readiness *readiness = rq->readiness;

    if (exchange->error == E_NONE) {
        long number = strtol(PQgetvalue(exchange->calls[0].rows, 0, 0), NULL, 10);
        readiness->database = number >= MIGRATION_LATEST ? "ok" : "old";
    } else if (exchange->error != E_UNAVAILABLE) {
        readiness->database = "old"; /* not even the table of migrations */
    }
    complete(rq);
}

static void redis_done(struct ask *ask)
{
    struct readiness *readiness = OWNER(ask, struct readiness, ping);

    if (ask->reply) /* also one that may not ping: it answers */
        readiness->redis = "ok";
    complete(readiness->rq);
}

static int readyz(struct request *rq)
{
    struct server *server = rq->server;
    struct readiness *readiness = NEW(rq, struct readiness);
    struct redis_link *link = queue_links_main(server->redis);
    struct command ping = { 0 };

    *readiness = (struct readiness){ .ping = { .done = redis_done }, .rq = rq, .database = "away", .redis = "away" };
    rq->readiness = readiness;
    if (lanes_ready(server->lanes, LANE_FAST)) {
        rq->exchange = (struct exchange){ .calls = { { .statement = server->ready, .values = rq->values[0] } },
                                          .count = 1,
                                          .idempotent = true,
                                          .done = database_done,
                                          .ctx = rq };
        rq->pending++;
        lanes_send(server->lanes, LANE_FAST, &rq->exchange);
    }
    if (redis_link_up(link)) {
        command_text(rq, &ping, "PING");
        rq->pending++;
        redis_link_send(link, &readiness->ping, &ping);
    }
    return 0;
}

/* Of this process: with several on one socket each answer is of the one that took it, which its label tells. */
static int metrics(struct request *rq)
{
    static const char name[] = "millrace_front_round_seconds";
    const struct loop_rounds *rounds = loop_rounds(rq->server->loop);
    unsigned long long sum = 0;
    int pid = (int)getpid();
    char *text = FORMAT(rq,
                        "# HELP %s Rounds of the front's loop: how long whatever comes has to wait for it.\n"
                        "# TYPE %s histogram\n",
                        name, name);

    for (int i = 0; i < LOOP_BOUNDS; i++)
        text = memory_check(talloc_asprintf_append(text, "%s_bucket{process=\"%d\",le=\"%g\"} %llu\n", name, pid,
                                                   loop_bounds_us[i] / 1e6, sum += rounds->counts[i]));
    sum += rounds->counts[LOOP_BOUNDS];
    text = memory_check(talloc_asprintf_append(
        text, "%s_bucket{process=\"%d\",le=\"+Inf\"} %llu\n%s_sum{process=\"%d\"} %g\n%s_count{process=\"%d\"} %llu\n",
        name, pid, sum, name, pid, (double)rounds->total_us / 1e6, name, pid, sum));
    rq->media = "text/plain; version=0.0.4";
    return answer_text(rq, 200, text);
}

/* ---- paths ---- */

static const struct probe {
    const char *name;
    step_fn *const *steps;
} probes[] = {
    { "healthz", (step_fn *const[]){ healthz, NULL } },
    { "readyz", (step_fn *const[]){ readyz, readyz_tell, NULL } },
    { "metrics", (step_fn *const[]){ metrics, NULL } },
};

bool health(struct request *rq, int *ret)
{
    if (!rq->segment_count || strcmp(rq->segments[0], "-") != 0)
        return false;
    rq->apart = true;
    *ret = 0;
    for (size_t i = 0; i < ELEMENTS(probes); i++) {
        if (rq->segment_count != 2 || strcmp(rq->segments[1], probes[i].name) != 0)
            continue;
        rq->step = probes[i].steps;
        rq->allow = "GET, HEAD";
        if (rq->method != GET)
            *ret = fail(rq, E_METHOD, NULL, NULL);
        return true;
    }
    *ret = fail(rq, E_NOT_FOUND, NULL, NULL);
    return true;
}

int health_init(struct server *server)
{
    return statement_compile(server, &sql_core_ready, &server->ready);
}
