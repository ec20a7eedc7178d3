/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-latency CONNINFO REDIS STAMPS COUNT PAUSE_US BYTES: how long after its commit a job's function begins,
 * with nothing else in the queue. COUNT jobs, one after the other, with a pause in between so that the worker waits
 * again. STAMPS is a FIFO into which the worker (bench-queue-worker) writes when each began. */
#include "bench/queue/ours.h"
#include "common/memory.h"
#include <unistd.h>

static uint64_t measure_one(PGconn *pg, struct redis *redis, const char *args, FILE *stamps)
{
    char *tickets = ours_commit(pg, "{t0}", args);
    uint64_t committed = clock_ns();
    char line[64];

    ours_tell(redis, tickets);
    free(tickets);
    if (!fgets(line, sizeof line, stamps))
        die("STAMPS", "the worker has gone");
    return strtoull(line, NULL, 10) - committed;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = NULL;
    struct redis *redis;
    uint64_t *taken;
    char *args;
    PGconn *pg;
    FILE *stamps;
    long count, pause_us;

    memory_init();
    ctx = talloc_new(NULL);
    if (argc != 7)
        die("words", "CONNINFO REDIS STAMPS COUNT PAUSE_US BYTES");
    pg = postgres_open(argv[1]);
    redis = ours_redis(ctx, argv[2]);
    stamps = fopen(argv[3], "re");
    count = number("COUNT", argv[4], 1);
    pause_us = number("PAUSE_US", argv[5], 0);
    args = array_repeat(arguments((size_t)number("BYTES", argv[6], 10)), 1);
    taken = calloc((size_t)count, sizeof *taken);
    if (!stamps || !taken)
        die(argv[3], "cannot be opened");
    ours_prepare(pg, OURS_STAMP, false);
    for (long i = 0; i < count; i++) {
        usleep((useconds_t)pause_us);
        taken[i] = measure_one(pg, redis, args, stamps);
    }
    tell_latency(taken, (size_t)count);
    free(taken);
    free(args);
    fclose(stamps);
    PQfinish(pg);
    return 0;
}
