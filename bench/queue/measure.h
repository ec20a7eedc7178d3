/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the programs of bench/queue share: a clock, ids, arguments, servers, and the one line of JSON that each prints.
 * They are measuring tools: whatever goes wrong ends the process with a message and status 1. */
#ifndef MILLRACE_BENCH_MEASURE_H
#define MILLRACE_BENCH_MEASURE_H
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SIZE = 37, BATCH_MAX = 64, ARGS_MAX = 65536, THREADS_MAX = 64, TENANT_SIZE = 24 };

void die(const char *what, const char *why) __attribute__((noreturn));

/* Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
uint64_t clock_ns(void);
/* Milliseconds since 1970. */
uint64_t wall_ms(void);

/* A decimal word of the command line, at least min; dies naming it otherwise. */
long number(const char *name, const char *word, long min);

/* A version 7 UUID of a time, with random bits from the kernel's generator of this process. */
void id_make(char id[ID_SIZE], uint64_t ms);

/* JSON of exactly size bytes, {"pad":"xxx..."}; size is at least 10 and at most ARGS_MAX. Hangs off nothing: static for
 * the process, so one size a process. */
const char *arguments(size_t size);

redisContext *redis_open(const char *socket);
/* The next answer; dies on a broken connection or an error. Freed by the caller. */
redisReply *redis_next(redisContext *redis);

PGconn *postgres_open(const char *conninfo);
/* Dies when the result is not what was expected; clears it. */
void postgres_expect(PGconn *pg, PGresult *result, ExecStatusType expected);

/* The text of a PostgreSQL array of n times the same value, and of n texts of width bytes each that lie one behind the
 * other; quoted. Freed by the caller. */
char *array_repeat(const char *value, int n);
char *array_of(const char *texts, size_t width, int n);

/* Run n threads to their end, the i-th with items + i * size. */
void threads_run(int n, void *(*run)(void *), void *items, size_t size);

/* {"jobs": N, "seconds": S} */
void tell_rate(long jobs, uint64_t from_ns, uint64_t to_ns);
/* {"p50": us, "p99": us, "count": N}; sorts the nanoseconds. */
void tell_latency(uint64_t *ns, size_t n);
#endif
