/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/ai/ai_order.h"
#include "common/database.h"
#include "common/memory.h"
#include "common/provider/replicate.h"
#include "sql.h"
#include "workers/direct/call.h"
#include <errno.h>

/* may: write it down when nothing is. */
static int row_get(struct job *job, const char *provider, int position, bool may, struct result *ret)
{
    autotalloc char *place = FORMAT(NULL, "%d", position);
    autotalloc char *settle = FORMAT(NULL, "%d", job->tools->config->ai_settle);

    if (database_run(job->tools->database, &sql_worker_ai_order_begin,
                     PARAMS({ "job_id", job->id }, { "position", place }, { "provider", provider },
                            { "settle", settle }, { "may", may ? "t" : "f" }),
                     ret) < 0)
        return job_release(job, -1, "the order could not be written down");
    return 0;
}

int order_begin(struct job *job, const char *provider, int position, struct order *ret)
{
    autoresult struct result known = { 0 }, written = { 0 };
    const struct result *begun = &known;
    const char *id, *refused;
    int r = row_get(job, provider, position, false, &known);

    if (r == 0 && result_rows(&known) == 0) {
        begun = &written;
        r = job_provider_turn(job, provider);
        if (r == 0)
            r = row_get(job, provider, position, true, &written);
    }
    if (r < 0)
        return r;
    if (result_rows(begun) == 0)
        return job_snooze(job, 1, "another attempt orders it");
    id = result_text(begun, 0, "remote_id");
    refused = result_text(begun, 0, "refused");
    *ret = (struct order){ .position = position,
                           .fresh = !strcmp(result_text(begun, 0, "fresh"), "t"),
                           .id = id ? COPY(job, id) : NULL,
                           .refused = refused ? COPY(job, refused) : NULL,
                           .age = strtoll(result_text(begun, 0, "age"), NULL, 10),
                           .began = strtoll(result_text(begun, 0, "began"), NULL, 10),
                           .tried = COPY(job, result_text(begun, 0, "tried")),
                           .wait = (int)strtol(result_text(begun, 0, "wait"), NULL, 10) };
    return 0;
}

int order_put(struct job *job, struct order *order, const char *id)
{
    autoresult struct result kept = { 0 };
    autotalloc char *place = FORMAT(NULL, "%d", order->position);

    if (database_run(job->tools->database, &sql_worker_ai_order_put,
                     PARAMS({ "job_id", job->id }, { "position", place }, { "remote_id", id }), &kept) < 0 &&
        kept.error != E_CONFLICT)
        return job_release(job, -1, "the order could not be written down");
    if (kept.error == E_CONFLICT || result_rows(&kept) == 0)
        return job_snooze(job, 1, "another job has this prediction");
    order->id = COPY(job, id);
    return 0;
}

void order_undone(struct job *job, const struct order *order)
{
    autoresult struct result undone = { 0 };
    autotalloc char *place = FORMAT(NULL, "%d", order->position);

    /* When this fails, the list is waited for. */
    database_run(job->tools->database, &sql_worker_ai_order_undone,
                 PARAMS({ "job_id", job->id }, { "position", place }, { "tried", order->tried }), &undone);
}

int order_refuse(struct job *job, struct order *order)
{
    autoresult struct result kept = { 0 };
    autotalloc char *place = FORMAT(NULL, "%d", order->position);

    order->refused = job->why;
    if (database_run(job->tools->database, &sql_worker_ai_order_refuse,
                     PARAMS({ "job_id", job->id }, { "position", place }, { "why", job->why }), &kept) < 0)
        return job_release(job, -1, "the order could not be written down");
    return 0;
}

/* ---- a lost one ---- */

enum {
    PAGES_MAX = 20,
    SKEW = 120, /* seconds that the provider's clock may be behind ours */
};

/* Whether nobody has written it down as his. 0, or -EIO. */
static int is_free(struct job *job, const char *id, bool *ret)
{
    autoresult struct result taken = { 0 };
    int r = database_run(job->tools->database, &sql_worker_ai_order_taken,
                         PARAMS({ "provider", "replicate" }, { "remote_id", id }), &taken);

    if (r == 0)
        *ret = !strcmp(result_text(&taken, 0, "taken"), "f");
    return r;
}

/* *ret_id: what is this one, on the job, or untouched. *ret_on: more of the list may be. 0, or -EIO. */
static int page_read(struct job *job, const struct replicate_wanted *wanted, struct order_search *search,
                     const json_t *page, bool *ret_on, const char **ret_id)
{
    bool on = json_array_size(page) == 0;

    for (size_t i = 0; i < json_array_size(page); i++) {
        const char *id;
        enum replicate_like like = replicate_listed(json_array_get(page, i), wanted, &id);
        bool free = false;

        on |= like != LISTED_OLD;
        if (like != LISTED_SAME && like != LISTED_MAYBE)
            continue;
        if (is_free(job, id, &free) < 0)
            return -EIO;
        if (free && like == LISTED_MAYBE)
            search->maybe = true;
        else if (free)
            *ret_id = COPY(job, id);
    }
    *ret_on = on;
    return 0;
}

/* Order it anew; unless another attempt has done so since. */
static int order_again(struct job *job, struct order *order)
{
    autoresult struct result kept = { 0 };
    autotalloc char *place = FORMAT(NULL, "%d", order->position);

    int r;

    if (order->wait > 0)
        return job_snooze(job, order->wait, "whether it was ordered does not show yet");
    r = job_provider_turn(job, "replicate");
    if (r < 0)
        return r;
    if (database_run(job->tools->database, &sql_worker_ai_order_again,
                     PARAMS({ "job_id", job->id }, { "position", place }, { "tried", order->tried }), &kept) < 0)
        return job_release(job, -1, "the order could not be written down");
    if (result_rows(&kept) == 0)
        return job_snooze(job, 1, "another attempt orders it");
    order->tried = COPY(job, result_text(&kept, 0, "tried"));
    return 0;
}

int order_search_read(struct job *job, struct order *order, struct order_search *search, const json_t *page,
                      bool *ret_more)
{
    const struct replicate_wanted wanted = { search->model, search->input, order->began - SKEW };
    const json_t *entries = replicate_page(page);
    const char *next = replicate_next(job, page), *id = NULL;
    bool on;

    *ret_more = false;
    if (!entries)
        return job_release(job, -1, "replicate: the answer is no list");
    if (page_read(job, &wanted, search, entries, &on, &id) < 0)
        return job_release(job, -1, "the database did not answer");
    if (id)
        return order_put(job, order, id);
    if (on && next && (!*next || ++search->pages == PAGES_MAX))
        return job_bury(job, "unknown: replicate's list is too long to tell whether it was ordered");
    *ret_more = on && next;
    search->place = next;
    if (*ret_more)
        return 0;
    return search->maybe ? job_bury(job, "unknown: replicate does not tell any more what was ordered")
                         : order_again(job, order);
}
