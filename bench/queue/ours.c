/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/queue/ours.h"
#include "common/memory.h"
#include "queue/queue.h"

enum { TIMEOUT_MS = 30000, LEASE_MS = 30000 };
#define WORKER "bench:1:0"

static const char put_one[] =
    "select job_ticket(j) from job_put(kind => '%s', product => 'bench', tenant => ($1::text[])[1], account_id => null,"
    " args => ($2::json[])[1]) as j";
static const char put_many[] =
    "select ticket from job_put_many(kind => '%s', product => 'bench', args => $2::json[], tenants => $1::text[])";

struct redis *ours_redis(void *ctx, const char *address)
{
    struct redis *redis = redis_new(ctx, address, TIMEOUT_MS);

    if (redis_connect(redis) < 0)
        die(address, "no Redis there");
    return redis;
}

static void must(int r, struct redis *redis, const char *what)
{
    if (r < 0)
        die(what, redis_error(redis) ? redis_error(redis) : strerror(-r));
}

void ours_open(struct redis *redis)
{
    static const char token[] = "bench";
    bool closed = false, open = false;

    must(queue_close(redis, OURS_QUEUE, token, &closed), redis, "close");
    must(queue_open(redis, OURS_QUEUE, token, &open), redis, "open");
    if (!closed || !open)
        die("open", "the queue did not open");
}

/* ---- the engine alone ---- */

void ours_set(struct redis *redis, const char *const *pairs, size_t n)
{
    char version[24];

    snprintf(version, sizeof version, "%llu", (unsigned long long)clock_ns()); /* each newer than the last */
    must(queue_settings(redis, OURS_QUEUE, version, pairs, n), redis, "settings");
}

void ours_put(struct redis *redis, char ids[][ID_SIZE], int n, long first, const struct ours_mix *mix)
{
    struct ticket tickets[BATCH_MAX];
    char packed[BATCH_MAX][96];
    size_t added;

    for (int i = 0; i < n; i++) {
        long job = first + i;
        char key[24] = "";

        if (mix->keys)
            snprintf(key, sizeof key, "k%ld", job % mix->keys);
        snprintf(packed[i], sizeof packed[i], "1|%ld|" OURS_KIND "|%llu|60|%s|1|t%ld",
                 mix->levels > 1 ? 1 + job % mix->levels : 2, (unsigned long long)wall_ms(), key, job % mix->tenants);
        tickets[i] = (struct ticket){ .queue = OURS_QUEUE, .id = ids[i], .packed = packed[i] };
    }
    must(queue_put(redis, tickets, (size_t)n, &added), redis, "put");
    if (added != (size_t)n)
        die("put", "some were known already");
}

int ours_reserve_finish(struct redis *redis, int n)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct reservation reservation;
    struct held held[QUEUE_BATCH];

    /* It may have looked at tenants without jobs only, and say to ask again at once. */
    do {
        must(queue_reserve(redis, ctx, OURS_QUEUE, n, LEASE_MS, WORKER, -1, &reservation), redis, "reserve");
        if (reservation.door != QUEUE_OPEN)
            die("reserve", "the queue is closed");
    } while (reservation.count == 0 && reservation.next_ms == 0);
    for (size_t i = 0; i < reservation.count; i++)
        held[i] = (struct held){ .id = reservation.jobs[i].id,
                                 .packed = reservation.jobs[i].packed,
                                 .epoch = reservation.epoch,
                                 .ended = true };
    if (reservation.count > 0)
        must(queue_finish(redis, OURS_QUEUE, WORKER, held, reservation.count, NULL, 0), redis, "finish");
    return (int)reservation.count;
}

/* ---- the durable way ---- */

void ours_prepare(PGconn *pg, const char *kind, bool many)
{
    autotalloc char *text = many ? FORMAT(NULL, put_many, kind) : FORMAT(NULL, put_one, kind);

    postgres_expect(pg, PQexec(pg, "set plan_cache_mode = force_generic_plan; set jit = off"), PGRES_COMMAND_OK);
    postgres_expect(pg, PQprepare(pg, "put", text, 0, NULL), PGRES_COMMAND_OK);
}

/* Tickets, a line each. */
char *ours_commit(PGconn *pg, const char *tenants, const char *args)
{
    const char *values[] = { tenants, args };
    PGresult *result = PQexecPrepared(pg, "put", 2, values, NULL, NULL, 0);
    size_t size = 1;
    char *lines, *at;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("job_put", PQerrorMessage(pg));
    for (int i = 0; i < PQntuples(result); i++)
        size += (size_t)PQgetlength(result, i, 0) + 1;
    at = lines = malloc(size);
    if (!lines)
        die("job_put", "no memory");
    for (int i = 0; i < PQntuples(result); i++)
        at += snprintf(at, size - (size_t)(at - lines), "%s\n", PQgetvalue(result, i, 0));
    PQclear(result);
    return lines;
}

void ours_tell(struct redis *redis, const char *tickets)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct ticket *list;
    size_t n, added;

    if (ticket_parse(ctx, tickets, &list, &n) < 0)
        die("ticket", tickets);
    must(queue_put(redis, list, n, &added), redis, "put");
}

void ours_put_durably(PGconn *pg, struct redis *redis, const char *tenants, const char *args)
{
    char *tickets = ours_commit(pg, tenants, args);

    if (redis)
        ours_tell(redis, tickets);
    free(tickets);
}
