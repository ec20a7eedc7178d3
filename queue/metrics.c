/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/metrics.h"
#include "common/memory.h"
#include "queue/counters.h"

/* ---- names and labels ---- */

static void head(FILE *to, const char *name, const char *type, const char *doc)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, doc, name, type);
}

/* A label's value, without its quotes. */
static void print_value(FILE *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            fputs("\\n", to);
        else
            fprintf(to, "%s%c", strchr("\\\"", text[i]) ? "\\" : "", text[i]);
    }
}

/* NAME{queue="...",LABEL="..." without the closing brace. */
static void begin(FILE *to, const char *name, const char *queue, const char *label, const char *value, size_t length)
{
    fprintf(to, "%s{queue=\"%s\"", name, queue);
    if (label) {
        fprintf(to, ",%s=\"", label);
        print_value(to, value, length);
        fputc('"', to);
    }
}

/* ---- a number a queue ---- */

enum number { WHOLE, MILLI, FLAG };
static const struct row {
    const char *name, *doc;
    size_t offset;
    enum number number;
    bool database; /* PostgreSQL says it, else Redis */
} rows[] = {
#define AT(member) offsetof(struct gauge, member)
    { "millrace_queue_waiting", "Jobs that could run now.", AT(waiting), WHOLE, false },
    { "millrace_queue_running", "Jobs that workers hold.", AT(running), WHOLE, false },
    { "millrace_queue_delayed", "Jobs that wait for their time.", AT(delayed), WHOLE, false },
    { "millrace_queue_parked", "Tenants, kinds and keys that wait for a place or a rate.", AT(parked), WHOLE, false },
    { "millrace_queue_oldest_seconds", "How long the oldest waiting job has waited.", AT(oldest_ms), MILLI, false },
    { "millrace_queue_overdue", "Leases that ran out a minute ago and that nobody has taken.", AT(overdue), WHOLE,
      false },
    { "millrace_queue_paused", "Whether an operator has paused the queue.", AT(paused), FLAG, false },
    { "millrace_queue_open", "Whether Redis is known to hold all of the queue.", AT(open), FLAG, false },
    { "millrace_workers", "Workers heard of in the last 15 seconds.", AT(workers), WHOLE, false },
    { "millrace_queue_buried", "Buried jobs, among the latest 10,000 of all queues.", AT(buried), WHOLE, true },
    { "millrace_queue_refusing", "Whether the queue takes no more jobs.", AT(refusing), FLAG, true },
#undef AT
};

static void print_row(FILE *to, const struct gauges *gauges, const struct row *row)
{
    head(to, row->name, "gauge", row->doc);
    for (size_t i = 0; i < gauges->count; i++) {
        const struct gauge *gauge = &gauges->list[i];
        const void *at = (const char *)gauge + row->offset;

        if (!(row->database ? gauges->database : gauge->known))
            continue;
        begin(to, row->name, gauge->queue, NULL, NULL, 0);
        if (row->number == MILLI)
            fprintf(to, "} %.3f\n", (double)*(const long long *)at / 1000);
        else
            fprintf(to, "} %lld\n", row->number == FLAG ? (long long)*(const bool *)at : *(const long long *)at);
    }
}

/* ---- counters ---- */

/* Those named WHAT:NAME of all queues. */
static void print_counters(FILE *to, const struct gauges *gauges, const char *name, const char *what, const char *label,
                           const char *outcome)
{
    size_t length = strlen(what);

    for (size_t i = 0; i < gauges->count; i++)
        for (size_t k = 0; k < gauges->list[i].count; k++) {
            const struct count *count = &gauges->list[i].counters[k];
            const char *of = count->name + length + 1;

            if (strncmp(count->name, what, length) != 0 || of[-1] != ':')
                continue;
            begin(to, name, gauges->list[i].queue, label, of, strlen(of));
            if (outcome)
                fprintf(to, ",outcome=\"%s\"", outcome);
            fprintf(to, "} %lld\n", count->n);
        }
}

static void print_all_counters(FILE *to, const struct gauges *gauges)
{
    static const char *const ends[] = { "done", "buried", "cancelled" }, *const tries[] = { "failed", "snoozed" };

    head(to, "millrace_jobs_put_total", "counter", "Jobs that Redis was told of for the first time.");
    for (size_t i = 0; i < gauges->count; i++)
        if (gauges->list[i].known)
            fprintf(to, "millrace_jobs_put_total{queue=\"%s\"} %lld\n", gauges->list[i].queue,
                    gauge_sum(&gauges->list[i], "put"));
    head(to, "millrace_jobs_ended_total", "counter", "Jobs that workers have ended.");
    for (size_t i = 0; i < ELEMENTS(ends); i++)
        print_counters(to, gauges, "millrace_jobs_ended_total", ends[i], "kind", ends[i]);
    head(to, "millrace_attempts_total", "counter", "Attempts that did not end their jobs.");
    for (size_t i = 0; i < ELEMENTS(tries); i++)
        print_counters(to, gauges, "millrace_attempts_total", tries[i], "kind", tries[i]);
    head(to, "millrace_repairs_total", "counter", "What the scheduler or millrace doctor has mended.");
    print_counters(to, gauges, "millrace_repairs_total", "repaired", "what", NULL);
}

/* ---- histograms ---- */

static long long counted(const struct gauge *gauge, const char *what, const char *kind, const char *bucket)
{
    char name[160];

    snprintf(name, sizeof name, "%s:%s%s%s", what, kind, *bucket ? ":" : "", bucket);
    for (size_t i = 0; i < gauge->count; i++)
        if (!strcmp(gauge->counters[i].name, name))
            return gauge->counters[i].n;
    return 0;
}

static void print_histogram(FILE *to, const struct gauge *gauge, const char *name, const char *what, const char *kind)
{
    char series[160], bucket[24], sum[32];
    long long n = 0;

    snprintf(series, sizeof series, "%s_bucket", name);
    for (size_t i = 0; counters_bounds[i]; i++) {
        snprintf(bucket, sizeof bucket, "%lld", counters_bounds[i]);
        n += counted(gauge, what, kind, bucket);
        begin(to, series, gauge->queue, "kind", kind, strlen(kind));
        fprintf(to, ",le=\"%g\"} %lld\n", (double)counters_bounds[i] / 1000, n);
    }
    n += counted(gauge, what, kind, "inf");
    begin(to, series, gauge->queue, "kind", kind, strlen(kind));
    fprintf(to, ",le=\"+Inf\"} %lld\n", n);
    snprintf(series, sizeof series, "%s_sum", name);
    snprintf(sum, sizeof sum, "%s_ms", what);
    begin(to, series, gauge->queue, "kind", kind, strlen(kind));
    fprintf(to, "} %.3f\n", (double)counted(gauge, sum, kind, "") / 1000);
    snprintf(series, sizeof series, "%s_count", name);
    begin(to, series, gauge->queue, "kind", kind, strlen(kind));
    fprintf(to, "} %lld\n", n);
}

/* Of each kind that has been observed: WHAT_ms:KIND is there. */
static void print_histograms(FILE *to, const struct gauges *gauges, const char *name, const char *what, const char *doc)
{
    size_t length = strlen(what);

    head(to, name, "histogram", doc);
    for (size_t i = 0; i < gauges->count; i++)
        for (size_t k = 0; k < gauges->list[i].count; k++) {
            const char *counter = gauges->list[i].counters[k].name;
            if (!strncmp(counter, what, length) && !strncmp(counter + length, "_ms:", 4))
                print_histogram(to, &gauges->list[i], name, what, counter + length + 4);
        }
}

void metrics_print(FILE *to, const struct gauges *gauges)
{
    head(to, "millrace_up", "gauge", "Whether a server answers.");
    fprintf(to, "millrace_up{server=\"postgresql\"} %d\nmillrace_up{server=\"redis\"} %d\n", gauges->database,
            gauges->redis);
    if (gauges->database) {
        head(to, "millrace_leader_term", "gauge", "Term of the scheduler that leads; 0 when none does.");
        fprintf(to, "millrace_leader_term %lld\n", gauges->term);
    }
    for (size_t i = 0; i < ELEMENTS(rows); i++)
        print_row(to, gauges, &rows[i]);
    print_all_counters(to, gauges);
    print_histograms(to, gauges, "millrace_job_wait_seconds", "wait", "From when a job was due to when it was begun.");
    print_histograms(to, gauges, "millrace_job_run_seconds", "run", "How long attempts took.");
}

char *metrics_text(void *ctx, struct database *database, struct queue_redis *redis, size_t *ret_length)
{
    autotalloc void *scratch = talloc_new(NULL);
    autofree char *text = NULL;
    struct gauges gauges;
    size_t length = 0;
    FILE *to = memory_check(open_memstream(&text, &length));

    gauges_read(scratch, database, redis, &gauges);
    metrics_print(to, &gauges);
    fclose(to);
    *ret_length = length;
    return COPY(ctx, text);
}
