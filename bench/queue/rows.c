/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-rows CONNINFO CONNECTIONS BATCH JOBS BYTES TENANTS: the limit of durability. The rows of a job, inserted
 * into plain tables (bench_job, bench_end: the columns and primary keys of job and job_end, no partitions, no checks).
 * BATCH 1: the row of the job only, an INSERT and a commit each. Else two INSERTs a batch, of the jobs and of their
 * ends, a commit each. */
#include "bench/queue/measure.h"
#include <stdatomic.h>

#define JOB_COLUMNS                                                                                                    \
    "id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at, deadline, tries, request_id"
#define JOB_VALUES(id, tenant, args)                                                                                   \
    id ", 'bench.noop', 1::smallint, 'bench', 'bench', " tenant ", null::bigint, 2::smallint, '', " args               \
       ", now(), 60, 1::smallint, ''"

static const char insert_one[] = "insert into bench_job (" JOB_COLUMNS ") values ("
    /* */ JOB_VALUES("$1::uuid", "$2", "$3::json") ")";
static const char insert_jobs[] = "insert into bench_job (" JOB_COLUMNS ") select "
    /* */ JOB_VALUES("w.id", "w.tenant",
                     "w.args") " from unnest($1::uuid[], $2::text[], $3::json[]) as w(id, tenant, args)";
static const char insert_ends[] = "insert into bench_end (id, outcome, epoch, worker, ended_at) "
                                  "select id, 'done', 1795000000000000, 'bench:1:0', now() from unnest($1::uuid[]) as "
                                  "w(id)";

struct run {
    const char *conninfo, *args;
    int batch;
    long jobs, tenants;
    atomic_long begun, ended;
};

struct thread {
    struct run *run;
    PGconn *pg;
};

static void execute(PGconn *pg, const char *name, int n, const char *const *values)
{
    postgres_expect(pg, PQexecPrepared(pg, name, n, values, NULL, NULL, 0), PGRES_COMMAND_OK);
}

static void *insert_singly(void *closure)
{
    struct thread *thread = closure;
    struct run *run = thread->run;
    char id[ID_SIZE], tenant[TENANT_SIZE];
    const char *values[] = { id, tenant, run->args };

    for (long i; (i = atomic_fetch_add(&run->begun, 1)) < run->jobs;) {
        id_make(id, wall_ms());
        snprintf(tenant, sizeof tenant, "t%ld", i % run->tenants);
        execute(thread->pg, "one", 3, values);
        atomic_fetch_add(&run->ended, 1);
    }
    return NULL;
}

static void *insert_batches(void *closure)
{
    struct thread *thread = closure;
    struct run *run = thread->run;
    char ids[BATCH_MAX][ID_SIZE], tenants[BATCH_MAX][TENANT_SIZE];
    char *args = array_repeat(run->args, run->batch);

    for (long from; (from = atomic_fetch_add(&run->begun, run->batch)) < run->jobs;) {
        for (int i = 0; i < run->batch; i++) {
            id_make(ids[i], wall_ms());
            snprintf(tenants[i], TENANT_SIZE, "t%ld", (from + i) % run->tenants);
        }
        char *id_array = array_of(ids[0], ID_SIZE, run->batch);
        char *tenant_array = array_of(tenants[0], TENANT_SIZE, run->batch);
        const char *values[] = { id_array, tenant_array, args };
        execute(thread->pg, "jobs", 3, values);
        execute(thread->pg, "ends", 1, values);
        free(id_array);
        free(tenant_array);
        atomic_fetch_add(&run->ended, run->batch);
    }
    free(args);
    return NULL;
}

static void prepare(PGconn *pg)
{
    static const struct {
        const char *name, *text;
    } statements[] = { { "one", insert_one }, { "jobs", insert_jobs }, { "ends", insert_ends } };

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        postgres_expect(pg, PQprepare(pg, statements[i].name, statements[i].text, 0, NULL), PGRES_COMMAND_OK);
}

int main(int argc, char **argv)
{
    struct thread threads[THREADS_MAX];
    struct run run = { 0 };
    uint64_t from;
    int connections;

    if (argc != 7)
        die("words", "CONNINFO CONNECTIONS BATCH JOBS BYTES TENANTS");
    connections = (int)number("CONNECTIONS", argv[2], 1);
    run.batch = (int)number("BATCH", argv[3], 1);
    run.jobs = number("JOBS", argv[4], 1);
    run.args = arguments((size_t)number("BYTES", argv[5], 10));
    run.tenants = number("TENANTS", argv[6], 1);
    if (connections > THREADS_MAX || run.batch > BATCH_MAX)
        die("CONNECTIONS, BATCH", "at most 64 of each");
    for (int i = 0; i < connections; i++) {
        threads[i] = (struct thread){ .run = &run, .pg = postgres_open(argv[1]) };
        prepare(threads[i].pg);
    }
    from = clock_ns();
    threads_run(connections, run.batch == 1 ? insert_singly : insert_batches, threads, sizeof *threads);
    tell_rate(run.ended, from, clock_ns());
    for (int i = 0; i < connections; i++)
        PQfinish(threads[i].pg);
    return 0;
}
