/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-streams REDIS batch|single|take JOBS BYTES WAITING: the limit of the engine, a Redis stream with one
 * consumer group. First in, first out: no tenants, priorities, delays, caps, leases.
 * batch: cycles of three round trips: 64 XADD; XREADGROUP COUNT 64; one XACK and one XDEL of all.
 * single: the same with one. take: XADD is done before and not timed; then XREADGROUP COUNT 1, XACK, XDEL, a round trip
 * each.
 * WAITING jobs lie in the stream all the time. */
#include "bench/queue/measure.h"

#define STREAM "bench:stream"
#define GROUP "g"

static void send_command(redisContext *redis, int argc, const char **argv)
{
    if (redisAppendCommandArgv(redis, argc, argv, NULL) != REDIS_OK)
        die("redis", redis->errstr);
}

static void add(redisContext *redis, int n, const char *args)
{
    const char *words[] = { "XADD", STREAM, "*", "a", args };

    for (int i = 0; i < n; i++)
        send_command(redis, 5, words);
    for (int i = 0; i < n; i++)
        freeReplyObject(redis_next(redis));
}

/* Up to n entries; *ret is the reply that holds them. */
static redisReply *read_entries(redisContext *redis, const char *n, redisReply **ret)
{
    const char *words[] = { "XREADGROUP", "GROUP", GROUP, "c", "COUNT", n, "STREAMS", STREAM, ">" };
    redisReply *reply;

    send_command(redis, 9, words);
    reply = redis_next(redis);
    if (reply->type != REDIS_REPLY_ARRAY)
        die("XREADGROUP", "nothing to read");
    *ret = reply;
    return reply->element[0]->element[1];
}

/* XACK and XDEL: together in a round trip, or one after the other. Returns how many were deleted. */
static long remove_entries(redisContext *redis, const redisReply *entries, bool together)
{
    const char *ack[3 + BATCH_MAX] = { "XACK", STREAM, GROUP }, *del[2 + BATCH_MAX] = { "XDEL", STREAM };
    redisReply *reply;
    long deleted;

    for (size_t i = 0; i < entries->elements; i++)
        ack[3 + i] = del[2 + i] = entries->element[i]->element[0]->str;
    send_command(redis, (int)(3 + entries->elements), ack);
    if (!together)
        freeReplyObject(redis_next(redis));
    send_command(redis, (int)(2 + entries->elements), del);
    if (together)
        freeReplyObject(redis_next(redis));
    reply = redis_next(redis);
    deleted = (long)reply->integer;
    freeReplyObject(reply);
    return deleted;
}

static long take(redisContext *redis, const char *n, bool together)
{
    redisReply *reply, *entries = read_entries(redis, n, &reply);
    long done = remove_entries(redis, entries, together);

    freeReplyObject(reply);
    return done;
}

static void run_cycles(redisContext *redis, long jobs, const char *args, int n)
{
    uint64_t from = clock_ns();
    char count[16];
    long done = 0;

    snprintf(count, sizeof count, "%d", n);
    while (done < jobs) {
        add(redis, n, args);
        done += take(redis, count, true);
    }
    tell_rate(done, from, clock_ns());
}

static void run_batch(redisContext *redis, long jobs, const char *args)
{
    run_cycles(redis, jobs, args, BATCH_MAX);
}

static void run_single(redisContext *redis, long jobs, const char *args)
{
    run_cycles(redis, jobs, args, 1);
}

static void run_take(redisContext *redis, long jobs, const char *args)
{
    uint64_t from;
    long done = 0;

    for (long i = 0; i < jobs; i += BATCH_MAX)
        add(redis, BATCH_MAX, args);
    from = clock_ns();
    while (done < jobs)
        done += take(redis, "1", false);
    tell_rate(done, from, clock_ns());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(redisContext *redis, long jobs, const char *args);
    } modes[] = { { "batch", run_batch }, { "single", run_single }, { "take", run_take } };
    const char *args, *create[] = { "XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM" };
    redisContext *redis;
    size_t mode = 0;
    long jobs, waiting;

    if (argc != 6)
        die("words", "REDIS batch|single|take JOBS BYTES WAITING");
    while (mode < sizeof modes / sizeof *modes && strcmp(modes[mode].name, argv[2]) != 0)
        mode++;
    if (mode == sizeof modes / sizeof *modes)
        die(argv[2], "no such mode");
    redis = redis_open(argv[1]);
    jobs = number("JOBS", argv[3], 1);
    args = arguments((size_t)number("BYTES", argv[4], 10));
    waiting = number("WAITING", argv[5], 0);
    send_command(redis, 6, create);
    freeReplyObject(redis_next(redis));
    for (long i = 0; i < waiting; i += BATCH_MAX)
        add(redis, BATCH_MAX, args);
    modes[mode].run(redis, jobs, args);
    redisFree(redis);
    return 0;
}
