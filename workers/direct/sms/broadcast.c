/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/sms/broadcast.h"
#include "common/clock.h"
#include "common/memory.h"
#include "queue/queue.h"
#include "sql.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static long long number(const struct result *result, int row, const char *column)
{
    const char *text = result_text(result, row, column);

    return text ? strtoll(text, NULL, 10) : 0;
}

/* ---- beginning ---- */

/* Redis learns the rate from the scheduler; should it not know it yet, nothing would hold us back. */
static void limiter_tell(struct broadcast *broadcast, const struct result *begun)
{
    if (result_text(begun, 0, "rate"))
        limiter_rate(broadcast->redis, "twilio", result_text(begun, 0, "rate"), result_text(begun, 0, "burst"));
}

static int snapshot(struct broadcast *broadcast)
{
    bool whole = false;

    while (!whole) {
        autoresult struct result page = { 0 };

        if (database_run(broadcast->database, &sql_worker_sms_broadcast_list, PARAMS({ "no", broadcast->no }), &page) <
            0)
            return -EIO;
        whole = result_rows(&page) == 0;
        if (!whole)
            broadcast->recipients = number(&page, 0, "recipients");
    }
    return 0;
}

int broadcast_open(struct broadcast *broadcast)
{
    autoresult struct result begun = { 0 };

    if (database_run(broadcast->database, &sql_worker_sms_broadcast_begin, PARAMS({ "job_id", broadcast->job->id }),
                     &begun) < 0)
        return -EIO;
    if (result_rows(&begun) == 0)
        return -ENOENT;
    broadcast->no = COPY(broadcast, result_text(&begun, 0, "no"));
    broadcast->body = COPY(broadcast, result_text(&begun, 0, "body"));
    broadcast->recipients = number(&begun, 0, "recipients");
    broadcast->ended = number(&begun, 0, "ended");
    limiter_tell(broadcast, &begun);
    return snapshot(broadcast);
}

/* ---- recipients ---- */

static void each_phone(struct broadcast *broadcast, const char *phones, const char *intended,
                       void (*each)(struct broadcast *broadcast, const struct try *try))
{
    while (phones && *phones) {
        size_t length = strcspn(phones, " ");
        struct try try;

        snprintf(try.phone, sizeof try.phone, "%.*s", (int)length, phones);
        snprintf(try.intended, sizeof try.intended, "%s", intended);
        each(broadcast, &try);
        phones += length + strspn(phones + length, " ");
    }
}

int broadcast_take(struct broadcast *broadcast, int most,
                   void (*each)(struct broadcast *broadcast, const struct try *try), int *ret)
{
    autoresult struct result taken = { 0 };
    char number_of[16];

    snprintf(number_of, sizeof number_of, "%d", most);
    if (database_run(broadcast->database, &sql_worker_sms_broadcast_take,
                     PARAMS({ "no", broadcast->no }, { "after", broadcast->after }, { "most", number_of }), &taken) < 0)
        return -EIO;
    broadcast->ended += number(&taken, 0, "skipped");
    *ret = (int)number(&taken, 0, "n");
    snprintf(broadcast->after, sizeof broadcast->after, "%s", *ret ? result_text(&taken, 0, "last") : "");
    each_phone(broadcast, result_text(&taken, 0, "phones"), result_text(&taken, 0, "intended"), each);
    return 0;
}

int broadcast_doubtful(struct broadcast *broadcast, int most,
                       void (*each)(struct broadcast *broadcast, const struct try *try))
{
    autoresult struct result found = { 0 };
    char settle[16], number_of[16];

    snprintf(settle, sizeof settle, "%d", broadcast->config->sms_settle);
    snprintf(number_of, sizeof number_of, "%d", most);
    if (database_run(broadcast->database, &sql_worker_sms_broadcast_doubtful,
                     PARAMS({ "no", broadcast->no }, { "settle", settle }, { "most", number_of }), &found) < 0)
        return -EIO;
    for (int i = 0; i < result_rows(&found); i++)
        each_phone(broadcast, result_text(&found, i, "phone_number"), result_text(&found, i, "intended"), each);
    return 0;
}

/* ---- what became of them ---- */

void broadcast_outcome(struct broadcast *broadcast, const struct try *try, const char *state, const char *sid, int code)
{
    struct outcomes *outcomes = &broadcast->outcomes;
    char text[16];

    if (!outcomes->ctx)
        outcomes->ctx = talloc_new(broadcast);
    snprintf(text, sizeof text, "%d", code);
    array_add(outcomes->ctx, &outcomes->phones, try->phone);
    array_add(outcomes->ctx, &outcomes->intended, try->intended);
    array_add(outcomes->ctx, &outcomes->states, state);
    array_add(outcomes->ctx, &outcomes->sids, sid);
    array_add(outcomes->ctx, &outcomes->codes, code ? text : NULL);
    outcomes->count++;
}

static void progress(struct broadcast *broadcast)
{
    if (broadcast->recipients > 0)
        job_progress(broadcast->job, (int)(broadcast->ended * 100 / broadcast->recipients));
}

/* What cannot be written is forgotten here: the rows say that these were about to be texted, and so the provider will
 * be asked. */
int broadcast_note(struct broadcast *broadcast)
{
    struct outcomes outcomes = broadcast->outcomes;
    autotalloc void *ctx = outcomes.ctx;
    autoresult struct result noted = { 0 };

    broadcast->noted_at = clock_boot_ms();
    broadcast->outcomes = (struct outcomes){ 0 };
    if (!ctx)
        return 0;
    if (database_run(broadcast->database, &sql_worker_sms_broadcast_note,
                     PARAMS({ "no", broadcast->no }, { "phones", array_end(ctx, &outcomes.phones) },
                            { "intended", array_end(ctx, &outcomes.intended) },
                            { "states", array_end(ctx, &outcomes.states) }, { "sids", array_end(ctx, &outcomes.sids) },
                            { "codes", array_end(ctx, &outcomes.codes) }),
                     &noted) < 0)
        return -EIO;
    broadcast->ended += number(&noted, 0, "ended");
    progress(broadcast);
    return 0;
}

int broadcast_left(struct broadcast *broadcast, bool *ret, int *ret_ms)
{
    autoresult struct result left = { 0 };
    char settle[16];

    snprintf(settle, sizeof settle, "%d", broadcast->config->sms_settle);
    if (database_run(broadcast->database, &sql_worker_sms_broadcast_left,
                     PARAMS({ "no", broadcast->no }, { "settle", settle }), &left) < 0)
        return -EIO;
    *ret = *result_text(&left, 0, "some") == 't';
    *ret_ms = (int)number(&left, 0, "wait_ms");
    return 0;
}
