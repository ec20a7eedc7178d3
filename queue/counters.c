/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/counters.h"
#include "common/memory.h"

const long long counters_bounds[] = { 1,      2,      5,       10,      20,       50,    100,   200,
                                      500,    1000,   2000,    5000,    10000,    20000, 60000, 120000,
                                      300000, 600000, 1800000, 3600000, 21600000, 0 };

struct counters *counters_new(void *ctx)
{
    struct counters *counters = NEW(ctx, struct counters);
    counters->ctx = talloc_new(counters);
    return counters;
}

static void add(struct counters *counters, const char *name, long long n)
{
    for (size_t i = 0; i < counters->count; i++)
        if (!strcmp(counters->list[i].name, name)) {
            counters->list[i].n += n;
            return;
        }
    if (counters->count < COUNTERS_MAX)
        counters->list[counters->count++] = (struct count){ COPY(counters->ctx, name), n };
}

void counters_add(struct counters *counters, const char *what, const char *kind, long long n)
{
    char name[128];

    snprintf(name, sizeof name, "%s:%s", what, kind);
    add(counters, name, n);
}

void counters_observe(struct counters *counters, const char *what, const char *kind, long long ms)
{
    char name[128];
    size_t i = 0;

    if (ms < 0)
        ms = 0; /* two machines' clocks */
    while (counters_bounds[i] && ms > counters_bounds[i])
        i++;
    if (counters_bounds[i])
        snprintf(name, sizeof name, "%s:%s:%lld", what, kind, counters_bounds[i]);
    else
        snprintf(name, sizeof name, "%s:%s:inf", what, kind);
    add(counters, name, 1);
    snprintf(name, sizeof name, "%s_ms:%s", what, kind);
    add(counters, name, ms);
}

void counters_clear(struct counters *counters)
{
    counters->count = 0;
    talloc_free_children(counters->ctx);
}
