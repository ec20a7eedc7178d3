/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/queue/measure.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/random.h>

void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

long number(const char *name, const char *word, long min)
{
    char *end;
    long value;

    if (!word)
        die(name, "missing");
    value = strtol(word, &end, 10);
    if (end == word || *end || value < min)
        die(name, "not a number, or too small");
    return value;
}

void id_make(char id[ID_SIZE], uint64_t ms)
{
    static __thread uint64_t pool[128];
    static __thread size_t left;
    uint64_t high, low;

    if (left < 2) {
        if (getrandom(pool, sizeof pool, 0) != sizeof pool)
            die("getrandom", strerror(errno));
        left = sizeof pool / sizeof *pool;
    }
    high = pool[--left];
    low = pool[--left];
    snprintf(id, ID_SIZE, "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
             (ms >> 16) & 0xffffffff, ms & 0xffff, high & 0xfff, 0x8000 | ((high >> 12) & 0x3fff),
             low & 0xffffffffffff);
}

const char *arguments(size_t size)
{
    static char text[ARGS_MAX + 1];
    static const char begin[] = "{\"pad\":\"", end[] = "\"}";
    size_t around = sizeof begin - 1 + sizeof end - 1;

    if (size < around || size > ARGS_MAX)
        die("arguments", "no such size");
    snprintf(text, sizeof text, "%s%*s%s", begin, (int)(size - around), "", end);
    for (char *at = text; *at; at++)
        if (*at == ' ')
            *at = 'x';
    return text;
}

redisContext *redis_open(const char *socket)
{
    redisContext *redis = redisConnectUnix(socket);

    if (!redis || redis->err)
        die(socket, redis ? redis->errstr : "no memory");
    return redis;
}

redisReply *redis_next(redisContext *redis)
{
    void *reply;

    if (redisGetReply(redis, &reply) != REDIS_OK)
        die("redis", redis->errstr);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        die("redis", ((redisReply *)reply)->str);
    return reply;
}

PGconn *postgres_open(const char *conninfo)
{
    PGconn *pg = PQconnectdb(conninfo);

    if (PQstatus(pg) != CONNECTION_OK)
        die("connect", PQerrorMessage(pg));
    return pg;
}

void postgres_expect(PGconn *pg, PGresult *result, ExecStatusType expected)
{
    if (PQresultStatus(result) != expected)
        die("postgres", PQerrorMessage(pg));
    PQclear(result);
}

static char *append_quoted(char *to, const char *text)
{
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    return to;
}

static char *array(const char *texts, size_t width, size_t length, int n)
{
    char *text = malloc((2 * length + 3) * (size_t)n + 3), *at = text;

    if (!text)
        die("array", "no memory");
    *at++ = '{';
    for (int i = 0; i < n; i++) {
        if (i)
            *at++ = ',';
        at = append_quoted(at, texts + (size_t)i * width);
    }
    *at++ = '}';
    *at = '\0';
    return text;
}

char *array_repeat(const char *value, int n)
{
    return array(value, 0, strlen(value), n);
}

char *array_of(const char *texts, size_t width, int n)
{
    return array(texts, width, width, n);
}

void threads_run(int n, void *(*run)(void *), void *items, size_t size)
{
    pthread_t threads[THREADS_MAX];

    if (n < 1 || n > THREADS_MAX)
        die("threads", "too many");
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run, (char *)items + (size_t)i * size) != 0)
            die("pthread_create", "failed");
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

void tell_rate(long jobs, uint64_t from_ns, uint64_t to_ns)
{
    printf("{\"jobs\": %ld, \"seconds\": %.6f}\n", jobs, (double)(to_ns - from_ns) / 1e9);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void tell_latency(uint64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare);
    printf("{\"p50\": %.1f, \"p99\": %.1f, \"count\": %zu}\n", (double)ns[n / 2] / 1e3, (double)ns[n * 99 / 100] / 1e3,
           n);
}
