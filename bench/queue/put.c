/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-put CONNINFO REDIS CONNECTIONS BATCH JOBS BYTES TENANTS: put jobs durably. Each connection commits BATCH
 * jobs with job_put and then tells Redis, as the front does; REDIS "-": it does not tell. */
#include "bench/queue/ours.h"
#include "common/memory.h"
#include <stdatomic.h>

struct run {
    const char *args;
    int batch;
    long jobs, tenants;
    atomic_long begun, ended;
};

struct thread {
    struct run *run;
    PGconn *pg;
    struct redis *redis;
    void *ctx; /* talloc keeps no locks: each thread has a tree of its own */
};

static void *put_all(void *closure)
{
    struct thread *thread = closure;
    struct run *run = thread->run;
    char tenants[BATCH_MAX][TENANT_SIZE];
    char *args = array_repeat(run->args, run->batch);

    for (long from; (from = atomic_fetch_add(&run->begun, run->batch)) < run->jobs;) {
        for (int i = 0; i < run->batch; i++)
            snprintf(tenants[i], TENANT_SIZE, "t%ld", (from + i) % run->tenants);
        char *tenant_array = array_of(tenants[0], TENANT_SIZE, run->batch);
        ours_put_durably(thread->pg, thread->redis, tenant_array, args);
        free(tenant_array);
        atomic_fetch_add(&run->ended, run->batch);
    }
    free(args);
    return NULL;
}

int main(int argc, char **argv)
{
    struct thread threads[THREADS_MAX];
    struct run run = { 0 };
    uint64_t from;
    int connections;

    memory_init();
    if (argc != 8)
        die("words", "CONNINFO REDIS|- CONNECTIONS BATCH JOBS BYTES TENANTS");
    connections = (int)number("CONNECTIONS", argv[3], 1);
    run.batch = (int)number("BATCH", argv[4], 1);
    run.jobs = number("JOBS", argv[5], 1);
    run.args = arguments((size_t)number("BYTES", argv[6], 10));
    run.tenants = number("TENANTS", argv[7], 1);
    if (connections > THREADS_MAX || run.batch > BATCH_MAX)
        die("CONNECTIONS, BATCH", "at most 64 of each");
    for (int i = 0; i < connections; i++) {
        void *ctx = talloc_new(NULL);

        threads[i] = (struct thread){ .run = &run, .pg = postgres_open(argv[1]), .ctx = ctx };
        if (strcmp(argv[2], "-") != 0)
            threads[i].redis = ours_redis(ctx, argv[2]);
        ours_prepare(threads[i].pg, OURS_KIND, run.batch > 1);
    }
    from = clock_ns();
    threads_run(connections, put_all, threads, sizeof *threads);
    tell_rate(run.ended, from, clock_ns());
    for (int i = 0; i < connections; i++) {
        PQfinish(threads[i].pg);
        talloc_free(threads[i].ctx);
    }
    return 0;
}
