/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-fill CONNINFO REDIS waiting|ended JOBS FROM_MS TO_MS BYTES TENANTS: load many jobs by COPY, put evenly
 * between two times (milliseconds since 1970). waiting: their rows, and Redis is told. ended: their rows and those of
 * their ends. Two threads, so what makes an id depends on the job's number only. */
#include "bench/queue/ours.h"
#include "common/memory.h"
#include <inttypes.h>

enum { CHUNK = 50000, LINE = 256 };

struct fill {
    const char *conninfo, *redis, *args;
    long jobs, tenants;
    uint64_t from_ms, to_ms;
};

/* SplitMix64's finish: a number's bits, well stirred. */
static uint64_t stir(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t ms_of(const struct fill *fill, long i)
{
    return fill->from_ms + (uint64_t)((double)(fill->to_ms - fill->from_ms) * (double)i / (double)fill->jobs);
}

static void id_of(const struct fill *fill, long i, char id[ID_SIZE])
{
    uint64_t ms = ms_of(fill, i), high = stir((uint64_t)i ^ fill->from_ms), low = stir(high);

    snprintf(id, ID_SIZE, "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
             (ms >> 16) & 0xffffffff, ms & 0xffff, high & 0xfff, 0x8000 | ((high >> 12) & 0x3fff),
             low & 0xffffffffffff);
}

static int job_line(const struct fill *fill, long i, char *line, size_t size)
{
    char id[ID_SIZE];

    id_of(fill, i, id);
    return snprintf(line, size, "%s\t" OURS_KIND "\t1\t" OURS_QUEUE "\tbench\tt%ld\t2\t%s\tepoch\t60\t1\n", id,
                    i % fill->tenants, fill->args);
}

static int end_line(const struct fill *fill, long i, char *line, size_t size)
{
    char id[ID_SIZE];

    id_of(fill, i, id);
    return snprintf(line, size, "%s\tdone\t%" PRIu64 "\tbench:1:0\n", id, ms_of(fill, i) * 1000);
}

static void copy(const struct fill *fill, const char *statement,
                 int (*write_line)(const struct fill *fill, long i, char *line, size_t size))
{
    PGconn *pg = postgres_open(fill->conninfo);
    char line[ARGS_MAX + LINE];

    for (long from = 0; from < fill->jobs; from += CHUNK) {
        long to = from + CHUNK < fill->jobs ? from + CHUNK : fill->jobs;

        postgres_expect(pg, PQexec(pg, statement), PGRES_COPY_IN);
        for (long i = from; i < to; i++)
            if (PQputCopyData(pg, line, write_line(fill, i, line, sizeof line)) != 1)
                die("COPY", PQerrorMessage(pg));
        if (PQputCopyEnd(pg, NULL) != 1)
            die("COPY", PQerrorMessage(pg));
        postgres_expect(pg, PQgetResult(pg), PGRES_COMMAND_OK);
        PQclear(PQgetResult(pg));
    }
    PQfinish(pg);
}

static void copy_jobs(const struct fill *fill)
{
    copy(fill,
         "copy job (id, kind, version, queue, product, tenant, priority, args, due_at, deadline, tries) from stdin",
         job_line);
}

static void copy_ends(const struct fill *fill)
{
    copy(fill, "copy job_end (id, outcome, epoch, worker) from stdin", end_line);
}

static void tell(const struct fill *fill)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis *redis = ours_redis(ctx, fill->redis);
    char ids[BATCH_MAX][ID_SIZE];

    for (long from = 0; from < fill->jobs; from += BATCH_MAX) {
        int n = fill->jobs - from < BATCH_MAX ? (int)(fill->jobs - from) : BATCH_MAX;

        for (int i = 0; i < n; i++)
            id_of(fill, from + i, ids[i]);
        ours_put(redis, ids, n, from, &(struct ours_mix){ .tenants = fill->tenants, .levels = 1 });
    }
}

struct half {
    const struct fill *fill;
    void (*run)(const struct fill *fill);
};

static void *run_half(void *closure)
{
    const struct half *half = closure;

    half->run(half->fill);
    return NULL;
}

int main(int argc, char **argv)
{
    struct fill fill = { 0 };
    bool waiting;

    memory_init();
    if (argc != 9)
        die("words", "CONNINFO REDIS waiting|ended JOBS FROM_MS TO_MS BYTES TENANTS");
    waiting = !strcmp(argv[3], "waiting");
    fill.conninfo = argv[1];
    fill.redis = argv[2];
    fill.jobs = number("JOBS", argv[4], 1);
    fill.from_ms = (uint64_t)number("FROM_MS", argv[5], 1);
    fill.to_ms = (uint64_t)number("TO_MS", argv[6], (long)fill.from_ms + 1);
    fill.args = arguments((size_t)number("BYTES", argv[7], 10));
    fill.tenants = number("TENANTS", argv[8], 1);
    struct half halves[] = { { &fill, copy_jobs }, { &fill, waiting ? tell : copy_ends } };
    threads_run(2, run_half, halves, sizeof *halves);
    return 0;
}
