/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-engine REDIS open | load JOBS TENANTS | cycle JOBS TENANTS BATCH | drain JOBS BATCH: the engine alone, as
 * one process with one connection drives it.
 * open: let jobs be reserved. load: put JOBS, in batches. cycle: put BATCH, reserve BATCH, finish them, a round trip
 * each, until JOBS are through. drain: reserve and finish BATCH until JOBS are through. */
#include "bench/queue/ours.h"
#include "common/memory.h"

static void put(struct redis *redis, int n, long first, long tenants)
{
    char ids[BATCH_MAX][ID_SIZE];

    for (int i = 0; i < n; i++)
        id_make(ids[i], wall_ms());
    ours_put(redis, ids, n, first, tenants);
}

static void run_load(struct redis *redis, long jobs, long tenants)
{
    for (long i = 0; i < jobs; i += BATCH_MAX)
        put(redis, jobs - i < BATCH_MAX ? (int)(jobs - i) : BATCH_MAX, i, tenants);
}

static long take(struct redis *redis, int batch)
{
    int n = ours_reserve_finish(redis, batch);

    if (n == 0)
        die("reserve", "no job came, and there should be some");
    return n;
}

static long run_cycle(struct redis *redis, long jobs, long tenants, int batch)
{
    long done = 0;

    for (long i = 0; done < jobs; i += batch) {
        put(redis, batch, i, tenants);
        done += take(redis, batch);
    }
    return done;
}

static long run_drain(struct redis *redis, long jobs, int batch)
{
    long done = 0;

    while (done < jobs)
        done += take(redis, batch);
    return done;
}

static int batch_of(const char *word)
{
    long batch = number("BATCH", word, 1);

    if (batch > BATCH_MAX)
        die("BATCH", "at most 64");
    return (int)batch;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = NULL;
    struct redis *redis;
    const char *mode = argc > 2 ? argv[2] : "";
    uint64_t from;
    long done;

    memory_init();
    ctx = talloc_new(NULL);
    if (argc < 3)
        die("words", "REDIS open | load JOBS TENANTS | cycle JOBS TENANTS BATCH | drain JOBS BATCH");
    redis = ours_redis(ctx, argv[1]);
    from = clock_ns();
    if (!strcmp(mode, "open") && argc == 3) {
        ours_open(redis);
        return 0;
    }
    if (!strcmp(mode, "load") && argc == 5) {
        run_load(redis, number("JOBS", argv[3], 1), number("TENANTS", argv[4], 1));
        return 0;
    }
    if (!strcmp(mode, "cycle") && argc == 6)
        done = run_cycle(redis, number("JOBS", argv[3], 1), number("TENANTS", argv[4], 1), batch_of(argv[5]));
    else if (!strcmp(mode, "drain") && argc == 5)
        done = run_drain(redis, number("JOBS", argv[3], 1), batch_of(argv[4]));
    else
        die(mode, "no such mode, or not its words");
    tell_rate(done, from, clock_ns());
    return 0;
}
