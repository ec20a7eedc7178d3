/* SPDX-License-Identifier: GPL-3.0-or-later
 * hook.deliver and hook.retry: an event to an address that somebody wants it at. First attempts of an address go one
 * after the other, in the order of its events: their jobs have its key. What failed is tried again by a job without it,
 * under the same delivery id, and holds up nobody. */
#include "common/config.h"
#include "common/database.h"
#include "common/foreign.h"
#include "common/memory.h"
#include "common/seal.h"
#include "common/transfers.h"
#include "sql.h"
#include "workers/kinds.h"
#include <errno.h>
#include <sodium.h>

enum { TIMEOUT_MS = 10000, EARLY_DELAY = 1 };

/* Seconds between the second attempt and the third, and so on: the first two are a minute apart (hook_deliver_end.sql).
 */
static const int delays[] = { 5 * 60, 30 * 60, 2 * 3600, 12 * 3600 };

/* A delivery on its way: stops with the job, whatever ends it. The call hangs off it, and so is stopped before it is
 * freed. */
struct delivering {
    struct job *job;
    struct foreign_call *call;
};

static int delivering_stop(struct delivering *delivering)
{
    transfers_remove(delivering->job->tools->transfers, delivering->call->easy);
    return 0;
}

static bool is_retry(const struct job *job)
{
    return !strcmp(job->kind->name, "hook.retry");
}

static void result_set(struct job *job, bool delivered, long status, const char *why)
{
    json_decref(job->result);
    job->result = memory_check(json_pack("{s:b, s:o, s:s?}", "delivered", delivered, "status",
                                         status ? json_integer(status) : json_null(), "error", why));
}

/* ---- how an attempt ends ---- */

/* The attempt counts against the address now; the job waits for the next. */
static int again(struct job *job, long status, const char *why)
{
    autoresult struct result result = { 0 };
    const char *answer = status ? FORMAT(job, "%ld", status) : NULL;

    if (job->attempt < job->tries && (size_t)job->attempt <= ELEMENTS(delays))
        database_run(job->tools->database, &sql_worker_hook_retry_failed,
                     PARAMS({ "delivery", job_text(job, "delivery") }, { "status", answer }, { "error", why }),
                     &result);
    return job_release(job, (size_t)job->attempt <= ELEMENTS(delays) ? delays[job->attempt - 1] : -1, "%s", why);
}

/* A first attempt that failed is done: its end puts the next one. */
static int attempt_failed(struct job *job, long status, const char *why)
{
    if (is_retry(job))
        return again(job, status, why);
    result_set(job, false, status, why);
    return 0;
}

static void delivered(void *closure, CURLcode code, long status)
{
    struct delivering *delivering = closure;
    struct job *job = delivering->job;
    const char *why = foreign_trouble(job, delivering->call, code, status);

    if (!why)
        result_set(job, true, status, NULL);
    job_finished(job, why ? attempt_failed(job, status, why) : 0);
}

/* ---- what is sent ---- */

/* HMAC-SHA256 of the body, in lower-case hex. */
static char *signature(void *ctx, const char *secret, const char *body)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    char *hex = memory_check(talloc_size(ctx, 2 * sizeof mac + 1));

    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&state, mac);
    return sodium_bin2hex(hex, 2 * sizeof mac + 1, mac, sizeof mac);
}

static int call_make(struct delivering *delivering, const struct result *row, const char *secret)
{
    const char *body = result_text(row, 0, "body");
    const char *const headers[] = {
        "Content-Type: application/json",
        "User-Agent: Millrace-Webhook/1.0",
        FORMAT(delivering, "X-Webhook-Event: %s", result_text(row, 0, "event")),
        FORMAT(delivering, "X-Webhook-Id: %s", job_text(delivering->job, "delivery")),
        FORMAT(delivering, "X-Webhook-Sequence: %s", result_text(row, 0, "sequence")),
        FORMAT(delivering, "X-Webhook-Signature: %s", signature(delivering, secret, body)),
        NULL,
    };
    const struct foreign_request request = { .url = result_text(row, 0, "url"),
                                             .allow = delivering->job->tools->config->hook_allow,
                                             .headers = headers,
                                             .body = body,
                                             .length = strlen(body),
                                             .timeout = TIMEOUT_MS };

    return foreign_prepare(delivering, &request, &delivering->call);
}

static int start(struct job *job, const struct result *row)
{
    struct delivering *delivering = NEW(job, struct delivering);
    const char *why,
        *context = FORMAT(job, "hook %s %s", result_text(row, 0, "product"), result_text(row, 0, "account_id"));
    char *secret;
    int r = seal_open(job, job->tools->seals, context, result_text(row, 0, "secret"), &secret, &why);

    if (r < 0)
        return job_bury(job, "the secret of hook %s cannot be opened: %s", result_text(row, 0, "hook_id"), why);
    delivering->job = job;
    r = call_make(delivering, row, secret);
    sodium_memzero(secret, strlen(secret));
    if (r < 0)
        return attempt_failed(job, 0, "the address is not one that may be called");
    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    r = transfers_add(job->tools->transfers, delivering->call->easy, delivered, delivering);
    if (r < 0)
        return job_snooze(job, EARLY_DELAY, "the call could not be started: %s", strerror(-r));
    talloc_set_destructor(delivering, delivering_stop);
    return JOB_PENDING;
}

int hook_deliver(struct job *job)
{
    autoresult struct result row = { 0 };

    if (database_run(job->tools->database, &sql_worker_hook_deliver_get,
                     PARAMS({ "delivery", job_text(job, "delivery") }), &row) < 0)
        return job_snooze(job, 5, "the delivery could not be read");
    if (result_rows(&row) == 0)
        return 0; /* it has been made, or its address is gone */
    if (!is_retry(job) && !strcmp(result_text(&row, 0, "early"), "t"))
        return job_snooze(job, EARLY_DELAY, "one before it has not been tried yet");
    return start(job, &row);
}
