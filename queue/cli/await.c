/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/await.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "sql.h"
#include <poll.h>
#include <stdint.h>

enum { FIRST_MS = 20, LAST_MS = 1000, SILENCE_MS = 60000 };

struct pause {
    uint64_t end;      /* 0: none */
    uint64_t answered; /* when PostgreSQL was last heard */
    int ms;
};

static struct pause pause_begin(long long timeout)
{
    uint64_t now = clock_boot_ms();
    return (struct pause){ .end = timeout < 0 ? 0 : now + (uint64_t)timeout * 1000, .answered = now, .ms = FIRST_MS };
}

/* False when time is over. */
static bool pause_wait(struct pause *pause)
{
    uint64_t now = clock_boot_ms();
    int ms = pause->ms;

    if (pause->end && now >= pause->end)
        return false;
    if (pause->end && pause->end - now < (uint64_t)ms)
        ms = (int)(pause->end - now);
    poll(NULL, 0, ms);
    pause->ms = pause->ms * 3 / 2 < LAST_MS ? pause->ms * 3 / 2 : LAST_MS;
    return true;
}

/* Whether PostgreSQL has answered, or may yet. */
static bool pause_bears(struct pause *pause, const struct result *result)
{
    if (result->error == E_NONE)
        pause->answered = clock_boot_ms();
    return result->error == E_NONE ||
           (result->error == E_UNAVAILABLE && clock_boot_ms() - pause->answered < SILENCE_MS);
}

static const struct {
    const char *outcome;
    int status;
} outcomes[] = { { "done", DONE }, { "buried", FAILED }, { "cancelled", CANCELLED_JOB } };

static int tell_end(const char *id, const struct result *job)
{
    const char *outcome = result_text(job, 0, "outcome"), *value = result_text(job, 0, "result");
    const char *why = result_text(job, 0, "error");

    if (value)
        puts(value);
    for (size_t i = 0; i < ELEMENTS(outcomes); i++)
        if (!strcmp(outcomes[i].outcome, outcome)) {
            if (outcomes[i].status != DONE)
                fprintf(stderr, "millrace: %s: %s%s%s\n", id, outcome, why ? ": " : "", why ? why : "");
            return outcomes[i].status;
        }
    return FAILED;
}

int await_job(struct operation *operation, const char *id, long long timeout)
{
    struct pause pause = pause_begin(timeout);

    do {
        autoresult struct result job = { 0 };

        database_run(operation->database, &sql_queue_job_outcome, PARAMS({ "job_id", id }), &job);
        if (!pause_bears(&pause, &job))
            return arguments_complain("PostgreSQL", job.message, FAILED);
        if (!job.error && result_rows(&job) == 0)
            return arguments_complain(id, "there is no such job any more", NOT_THERE);
        if (!job.error && result_text(&job, 0, "outcome"))
            return tell_end(id, &job);
    } while (pause_wait(&pause));
    return arguments_complain(id, "has not ended in this time", FAILED_TIMEOUT);
}

/* ---- batches ---- */

int batch_read(struct operation *operation, const char *id, struct result *ret)
{
    if (database_run(operation->database, &sql_queue_batch_get, PARAMS({ "batch", id }), ret) < 0)
        return arguments_complain("PostgreSQL", ret->message, FAILED);
    if (result_rows(ret) == 0)
        return arguments_complain(id, "there is no such batch", NOT_THERE);
    return DONE;
}

void batch_print(const struct result *batch)
{
    static const char *const columns[] = { "id",     "name",      "product", "tenant",  "total",    "done",
                                           "buried", "cancelled", "open",    "made_at", "ended_at", "finally" };

    for (size_t i = 0; i < ELEMENTS(columns); i++) {
        const char *value = result_text(batch, 0, columns[i]);
        if (value && *value)
            printf("%-10s %s\n", columns[i], value);
    }
    printf("%-10s %s\n", "state",
           result_text(batch, 0, "ended_at")         ? "complete"
           : *result_text(batch, 0, "closed") == 't' ? "waits for its jobs"
                                                     : "jobs are still put into it");
}

static int batch_status(const struct result *batch)
{
    if (strcmp(result_text(batch, 0, "buried"), "0") != 0)
        return FAILED;
    return strcmp(result_text(batch, 0, "cancelled"), "0") != 0 ? CANCELLED_JOB : DONE;
}

int await_batch(struct operation *operation, const char *id, long long timeout)
{
    struct pause pause = pause_begin(timeout);

    do {
        autoresult struct result batch = { 0 };

        database_run(operation->database, &sql_queue_batch_get, PARAMS({ "batch", id }), &batch);
        if (!pause_bears(&pause, &batch))
            return arguments_complain("PostgreSQL", batch.message, FAILED);
        if (!batch.error && result_rows(&batch) == 0)
            return arguments_complain(id, "there is no such batch", NOT_THERE);
        if (!batch.error && result_text(&batch, 0, "ended_at")) {
            printf("total %s done %s buried %s cancelled %s\n", result_text(&batch, 0, "total"),
                   result_text(&batch, 0, "done"), result_text(&batch, 0, "buried"),
                   result_text(&batch, 0, "cancelled"));
            return batch_status(&batch);
        }
    } while (pause_wait(&pause));
    return arguments_complain(id, "is not complete in this time", FAILED_TIMEOUT);
}
