/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-engine REDIS open | set NAME VALUE ... | load JOBS TENANTS [LEVELS KEYS] |
 * cycle JOBS TENANTS BATCH [LEVELS KEYS] | drain JOBS BATCH: the engine alone, as one process with one connection
 * drives it. LEVELS and KEYS are 1 and 0 unless said (struct ours_mix).
 * open: let jobs be reserved. set: what goes for the queue. load: put JOBS, in batches. cycle: put BATCH, reserve
 * BATCH, finish them, a round trip each, until JOBS are through. drain: reserve and finish BATCH until JOBS are
 * through. */
#include "bench/queue/ours.h"
#include "common/memory.h"

static void put(struct redis *redis, int n, long first, const struct ours_mix *mix)
{
    char ids[BATCH_MAX][ID_SIZE];

    for (int i = 0; i < n; i++)
        id_make(ids[i], wall_ms());
    ours_put(redis, ids, n, first, mix);
}

static void run_load(struct redis *redis, long jobs, const struct ours_mix *mix)
{
    for (long i = 0; i < jobs; i += BATCH_MAX)
        put(redis, jobs - i < BATCH_MAX ? (int)(jobs - i) : BATCH_MAX, i, mix);
}

static long take(struct redis *redis, int batch)
{
    int n = ours_reserve_finish(redis, batch);

    if (n == 0)
        die("reserve", "no job came, and there should be some");
    return n;
}

static long run_cycle(struct redis *redis, long jobs, const struct ours_mix *mix, int batch)
{
    long done = 0;

    for (long i = 0; done < jobs; i += batch) {
        put(redis, batch, i, mix);
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

/* TENANTS at one place, and LEVELS KEYS at another if they are there. */
static struct ours_mix mix_of(char **argv, int argc, int tenants, int more)
{
    struct ours_mix mix = { .tenants = number("TENANTS", argv[tenants], 1), .levels = 1 };

    if (argc == more + 2) {
        mix.levels = number("LEVELS", argv[more], 1);
        mix.keys = number("KEYS", argv[more + 1], 0);
        if (mix.levels > 3)
            die("LEVELS", "at most 3");
    }
    return mix;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = NULL;
    struct ours_mix mix;
    struct redis *redis;
    const char *mode = argc > 2 ? argv[2] : "";
    uint64_t from;
    long done;

    memory_init();
    ctx = talloc_new(NULL);
    if (argc < 3)
        die("words", "REDIS open|set|load|cycle|drain ...");
    redis = ours_redis(ctx, argv[1]);
    from = clock_ns();
    if (!strcmp(mode, "open") && argc == 3) {
        ours_open(redis);
        return 0;
    }
    if (!strcmp(mode, "set") && argc % 2 == 1) {
        ours_set(redis, (const char *const *)argv + 3, (size_t)(argc - 3) / 2);
        return 0;
    }
    if (!strcmp(mode, "load") && (argc == 5 || argc == 7)) {
        mix = mix_of(argv, argc, 4, 5);
        run_load(redis, number("JOBS", argv[3], 1), &mix);
        return 0;
    }
    if (!strcmp(mode, "cycle") && (argc == 6 || argc == 8)) {
        mix = mix_of(argv, argc, 4, 6);
        done = run_cycle(redis, number("JOBS", argv[3], 1), &mix, batch_of(argv[5]));
    } else if (!strcmp(mode, "drain") && argc == 5)
        done = run_drain(redis, number("JOBS", argv[3], 1), batch_of(argv[4]));
    else
        die(mode, "no such mode, or not its words");
    tell_rate(done, from, clock_ns());
    return 0;
}
