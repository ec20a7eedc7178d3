/* SPDX-License-Identifier: GPL-3.0-or-later
 * integ.sync: what there is at a service that an account has connected becomes items of the account, page by page. It
 * runs in a child of its own, which may wait. Each page is kept together with where the list goes on, so that another
 * try goes on there, and so does the next sync when there is more than one reads, or than it has time for. */
#include "common/clock.h"
#include "common/config.h"
#include "common/database.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/provider/integrations.h"
#include "common/seal.h"
#include "sql.h"
#include "workers/direct/call.h"
#include "workers/kinds.h"
#include <errno.h>

/* A sync under way, in its child. */
struct syncing {
    struct job *job;
    const struct integration *row;
    const char *token;
    json_t *config;
    struct integration_place place;
    bool more; /* than this sync reads */
    int pages; /* read and kept by this attempt */
    long long count;
    uint64_t until; /* on clock_boot_ms(): no page is begun later */
};

/* ---- a place, from one sync to the next ---- */

/* NULL: the list is through. */
static json_t *place_json(const struct integration_place *place)
{
    if (place->over)
        return NULL;
    return memory_check(json_pack("{s:s?, s:s?, s:s?, s:i}", "me", place->me, "since", place->since, "cursor",
                                  place->cursor, "page", place->page));
}

static const char *member(void *ctx, const json_t *place, const char *name)
{
    const char *text = json_string_value(json_object_get(place, name));

    return text ? COPY(ctx, text) : NULL;
}

/* False: there is none, and the list is read from its begin. */
static bool place_read(void *ctx, const char *text, struct integration_place *ret)
{
    json_auto_t *place = text ? json_loads(text, 0, NULL) : NULL;

    if (!json_is_object(place))
        return false;
    *ret = (struct integration_place){ .me = member(ctx, place, "me"),
                                       .since = member(ctx, place, "since"),
                                       .cursor = member(ctx, place, "cursor"),
                                       .page = (int)json_integer_value(json_object_get(place, "page")) };
    return true;
}

static char *account_text(struct job *job)
{
    return FORMAT(job, "%lld", job->account_id);
}

/* The connection: 0, 1 when there is none any more, or what the job's function is to return. */
static int syncing_load(struct syncing *syncing)
{
    autoresult struct result row = { 0 };
    struct job *job = syncing->job;
    const char *service = job_text(job, "service"), *sealed, *why, *since;
    const char *context = FORMAT(job, "integration %s %s", account_text(job), service);
    char *token = NULL;

    if (database_run(job->tools->database, &sql_worker_integ_get,
                     PARAMS({ "account_id", account_text(job) }, { "service", service }, { "job_id", job->id }),
                     &row) < 0)
        return job_release(job, -1, "the connection could not be read");
    if (result_rows(&row) == 0)
        return 1;
    sealed = result_text(&row, 0, "access_token");
    if (sealed && seal_open(job, job->tools->seals, context, sealed, &token, &why) < 0)
        return job_bury(job, "the token cannot be opened: %s", why);
    syncing->token = token;
    since = result_text(&row, 0, "last_sync");
    if (!place_read(job, result_text(&row, 0, "place"), &syncing->place) && since &&
        !strcmp(job_text(job, "sync_type"), "incremental"))
        syncing->place.since = COPY(job, since);
    syncing->config = json_loads(result_text(&row, 0, "config"), 0, NULL);
    return 0;
}

/* 0 when they are kept, or what the job's function is to return: one whose connection has changed begins anew. */
static int items_keep(struct syncing *syncing, json_t *items, json_t *place)
{
    autoresult struct result result = { 0 };
    struct job *job = syncing->job;

    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    if (database_run(job->tools->database, &sql_worker_integ_items,
                     PARAMS({ "account_id", account_text(job) }, { "service", syncing->row->name },
                            { "job_id", job->id }, { "kind", syncing->row->kind }, { "items", json_text(job, items) },
                            { "place", place ? json_text(job, place) : NULL }),
                     &result) < 0)
        return job_release(job, -1, "the items could not be stored: %s", result.message);
    if (result_rows(&result) == 0)
        return job_snooze(job, 0, "%s was connected anew, or is not any more", syncing->row->name);
    syncing->pages++;
    syncing->count += (long long)json_array_size(items);
    return 0;
}

/* ---- pages ---- */

/* The service wants fewer calls. Who has read something waits, and goes on; who has not will not wait for ever: what is
 * left is the next sync's, and when nothing was ever read, the try has failed. */
static int call_limited(struct syncing *syncing, const struct provider_call *call)
{
    struct job *job = syncing->job;

    if (syncing->pages)
        return job_after_call(job, call);
    syncing->more = syncing->place.page > 0;
    return syncing->more ? 0 : job_release(job, call->retry_after, "%s", call->why);
}

static int call_failed(struct syncing *syncing, const struct provider_call *call)
{
    struct job *job = syncing->job;

    if (call->verdict == PROVIDER_LIMITED)
        return call_limited(syncing, call);
    if (call->verdict == PROVIDER_NEVER && (call->status == 401 || call->status == 403))
        return job_bury(job, "%s does not accept the token any more: connect it again", syncing->row->name);
    return job_after_call(job, call);
}

static int page_take(struct syncing *syncing, const struct provider_call *call)
{
    struct job *job = syncing->job;
    json_auto_t *items = NULL, *place = NULL;
    int r;

    if (syncing->row->who && !syncing->place.me)
        r = integration_me(job, syncing->row, call->json, &syncing->place);
    else
        r = integration_read(job, syncing->row, call->json, &syncing->place, &items);
    if (r == -EACCES)
        return job_bury(job, "%s does not accept the token any more: connect it again", syncing->row->name);
    if (r < 0)
        return job_release(job, -1, "%s has answered what is no list", syncing->row->name);
    if (!items)
        return 0;
    place = place_json(&syncing->place);
    return items_keep(syncing, items, place);
}

static int page(struct syncing *syncing, const struct provider *provider)
{
    struct job *job = syncing->job;
    autotalloc void *scratch = talloc_new(NULL);
    struct provider_request request;
    struct provider_call *call;
    int r;

    integration_ask(scratch, syncing->row, &syncing->place, syncing->token, &request);
    /* An answer may name where its list goes on, but nowhere else. */
    if (request.url && !provider_is_below(request.url, provider_base(scratch, job->tools->config, provider)))
        return job_bury(job, "%s has answered an address that is not its own", syncing->row->name);
    r = provider_prepare(scratch, job->tools->config, provider, &request, &call);
    if (r < 0)
        return job_bury(job, "%s cannot be asked: %s", syncing->row->name,
                        r == -EINVAL ? "the token is none" : strerror(-r));
    provider_perform(call);
    return call->verdict == PROVIDER_DONE ? page_take(syncing, call) : call_failed(syncing, call);
}

static int pages(struct syncing *syncing)
{
    const struct provider *provider = provider_find(syncing->row->name);
    int r = 0;

    if (!syncing->token)
        return job_bury(syncing->job, "%s has no token: connect it again", syncing->row->name);
    for (int i = 0; r == 0 && !syncing->place.over && !syncing->more; i++) {
        r = page(syncing, provider);
        syncing->more |= i + 1 == syncing->job->tools->config->integ_pages || clock_boot_ms() >= syncing->until;
    }
    syncing->more &= r == 0 && !syncing->place.over;
    if (syncing->more)
        log_info("integ.more", "job=%s service=%s items=%lld", syncing->job->id, syncing->row->name, syncing->count);
    return r;
}

static int sync_run(struct syncing *syncing)
{
    json_auto_t *items = NULL;
    int r = syncing_load(syncing);

    if (r == 0 && syncing->row->given) {
        items = integration_given(syncing->row, syncing->config);
        r = items_keep(syncing, items, NULL);
    } else if (r == 0) {
        r = pages(syncing);
    }
    json_decref(syncing->config);
    return r;
}

int integ_sync(struct job *job)
{
    struct syncing syncing = { .job = job,
                               .row = integration_find(job_text(job, "service")),
                               .until = clock_boot_ms() + (uint64_t)job->deadline * 1000 / 2 };
    int r;

    if (!syncing.row)
        return job_bury(job, "there is no service %s", job_text(job, "service"));
    r = sync_run(&syncing);
    if (r < 0)
        return r;
    job->result = memory_check(json_pack("{s:I, s:o*}", "items_synced", (json_int_t)syncing.count, "place",
                                         syncing.more ? place_json(&syncing.place) : NULL));
    return 0;
}
