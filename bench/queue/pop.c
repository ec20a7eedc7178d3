/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-pop REDIS COUNT PAUSE_US: the limit of latency, a bare blocking pop between two processes: RPUSH in one,
 * BLPOP in the other, COUNT times with a pause in between so that it waits each time. */
#include "bench/queue/measure.h"
#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST "bench:pop"

static void push_all(const char *socket, long count, long pause_us)
{
    redisContext *redis = redis_open(socket);

    for (long i = 0; i < count; i++) {
        usleep((useconds_t)pause_us);
        redisAppendCommand(redis, "RPUSH " LIST " %" PRIu64, clock_ns());
        freeReplyObject(redis_next(redis));
    }
    redisFree(redis);
}

static void pop_all(const char *socket, long count)
{
    redisContext *redis = redis_open(socket);
    uint64_t *taken = calloc((size_t)count, sizeof *taken);

    if (!taken)
        die("COUNT", "too many");
    for (long i = 0; i < count; i++) {
        redisReply *reply;

        redisAppendCommand(redis, "BLPOP " LIST " 30");
        reply = redis_next(redis);
        if (reply->type != REDIS_REPLY_ARRAY)
            die("BLPOP", "nothing came");
        taken[i] = clock_ns() - strtoull(reply->element[1]->str, NULL, 10);
        freeReplyObject(reply);
    }
    tell_latency(taken, (size_t)count);
    free(taken);
    redisFree(redis);
}

int main(int argc, char **argv)
{
    int status;
    long count, pause_us;
    pid_t child;

    if (argc != 4)
        die("words", "REDIS COUNT PAUSE_US");
    count = number("COUNT", argv[2], 1);
    pause_us = number("PAUSE_US", argv[3], 0);
    child = fork();
    if (child < 0)
        die("fork", "failed");
    if (child == 0) {
        push_all(argv[1], count, pause_us);
        _exit(0);
    }
    pop_all(argv[1], count);
    return waitpid(child, &status, 0) != child || status != 0;
}
