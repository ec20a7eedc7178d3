/* SPDX-License-Identifier: GPL-3.0-or-later
 * image.generate at a provider: the pictures are fetched into the job's folder, as in/0, in/1, ..., before the fenced
 * function decodes and writes them anew: nothing of theirs is served unseen. A picture that is not to be had is left
 * out; when none is, the job fails. What is still being made at the provider is looked at again later, by another
 * attempt. */
#include "common/memory.h"
#include "common/provider/openai.h"
#include "common/provider/replicate.h"
#include "workers/direct/ai/ai_order.h"
#include "workers/direct/ai/ai_step.h"
#include "workers/direct/input.h"
#include "workers/kinds.h"
#include <sodium.h>

enum {
    PICTURES_MAX = 16,
    PICTURE_BYTES = 32 << 20,
    OF_ONE_CALL = 10, /* that OpenAI makes */
    OPENAI_PATIENCE = 90000,
    LOOK_MOST = 10, /* seconds */
    AGE_MOST = 1800,
};

struct fetching {
    struct job *job;
    const char *prompt;
    int count, fetched;
    bool paid;       /* there is an answer that another attempt would pay for again */
    const char *why; /* the last one that is not to be had */
};

/* ---- calls ---- */

/* 0 with the answer; else what the job's function is to return. */
static int perform(struct job *job, const char *provider, struct provider_request request, struct provider_call **ret)
{
    int r = job_call(job, provider, &request, ret);

    json_decref(request.json);
    if (r < 0)
        return r;
    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    provider_perform(*ret);
    if ((*ret)->verdict == PROVIDER_DONE)
        return 0;
    if ((*ret)->verdict == PROVIDER_UNKNOWN)
        return job_release(job, -1, "unknown: %s", (*ret)->why);
    return job_after_call(job, *ret);
}

/* A picture is done without: the job has not ended. */
static int spare(struct fetching *fetching)
{
    fetching->why = fetching->job->why;
    fetching->job->outcome = JOB_DONE;
    fetching->job->limited = false;
    return 0;
}

/* After a failure: what goes wrong for good, or when there will be no other attempt, concerns one picture only, and the
 * others are still to be had. */
static int spare_if(struct fetching *fetching, int r)
{
    const struct job *job = fetching->job;

    if (job->outcome == JOB_SNOOZE || (job->outcome == JOB_RELEASE && job->attempt < job->tries))
        return r;
    return spare(fetching);
}

static int keep(struct fetching *fetching, int i, const void *bytes, size_t length)
{
    autotalloc char *name = FORMAT(NULL, "%d", i);
    int r = job_input_bytes(fetching->job, name, bytes, length);

    if (r < 0)
        return job_release(fetching->job, -1, "a picture could not be written: %s", strerror(-r));
    fetching->fetched++;
    return 0;
}

static int fetch(struct fetching *fetching, const char *provider, int i, const char *url)
{
    struct provider_call *call;
    int r = perform(fetching->job, provider, replicate_fetch(url, PICTURE_BYTES), &call);

    if (r == 0)
        r = keep(fetching, i, call->bytes, call->length);
    if (r == 0)
        talloc_free(call); /* one picture in memory at a time */
    return r;
}

/* What another attempt would pay for again is tried twice in this one. */
static int fetch_paid(struct fetching *fetching, const char *provider, int i, const char *url)
{
    int r = fetch(fetching, provider, i, url);

    if (r < 0 && fetching->job->outcome == JOB_RELEASE && job_still_mine(fetching->job)) {
        spare(fetching);
        r = fetch(fetching, provider, i, url);
    }
    return r;
}

/* ---- OpenAI ---- */

/* Pictures from the i-th on: as many as one call makes. */
static int openai_some(struct fetching *fetching, int i, int count)
{
    struct job *job = fetching->job;
    struct provider_request request = openai_images(job_text(job, "remote"), fetching->prompt, count, "1024x1024");
    struct openai_picture picture;
    struct provider_call *call;
    const char *why;
    int r, made;

    request.timeout = OPENAI_PATIENCE;
    r = perform(job, "openai", request, &call);
    if (r < 0)
        return r;
    made = openai_images_count(call->json, count);
    if (made < 0)
        return job_release(job, -1, "openai's answer has no pictures");
    fetching->paid |= made > 0;
    for (int k = 0; r == 0 && k < made; k++) {
        if (openai_images_read(job, call->json, k, &picture, &why) < 0)
            fetching->why = why;
        else if (picture.bytes)
            r = keep(fetching, i + k, picture.bytes, picture.length);
        else
            r = fetch_paid(fetching, "openai", i + k, picture.url);
        if (r < 0 && !job_still_mine(job))
            return r;
        r = r < 0 ? spare(fetching) : 0;
    }
    return r;
}

/* What has been paid for is not asked for again: once there is an answer, pictures that are missing are done without.
 */
static int gather_openai(struct fetching *fetching)
{
    for (int i = 0; i < fetching->count; i += OF_ONE_CALL) {
        int rest = fetching->count - i, r = openai_some(fetching, i, rest < OF_ONE_CALL ? rest : OF_ONE_CALL);

        if (r < 0)
            r = fetching->paid && job_still_mine(fetching->job) ? spare(fetching) : spare_if(fetching, r);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- Replicate ---- */

/* The i-th picture's number, always the same: by it and the prompt an order is known again. */
static json_t *input_of(const struct fetching *fetching, int i)
{
    autotalloc char *name = FORMAT(NULL, "%s/%d", fetching->job->id, i);
    unsigned char hash[crypto_generichash_BYTES];
    int seed;

    crypto_generichash(hash, sizeof hash, (const unsigned char *)name, strlen(name), NULL, 0);
    seed = hash[0] << 16 | hash[1] << 8 | hash[2];
    return json_pack("{s:s, s:i, s:s, s:s}", "prompt", fetching->prompt, "seed", seed, "aspect_ratio", "1:1",
                     "output_format", "png");
}

/* One whose answer was lost: 0, and it has a name, or is to be ordered. */
static int order_seek(struct job *job, struct order *order, const char *model, const json_t *input)
{
    struct order_search search = { .model = model, .input = input };
    struct provider_call *call;
    bool more = true;
    int r = 0;

    while (r == 0 && more) {
        r = perform(job, "replicate", replicate_list(search.place), &call);
        if (r == 0)
            r = order_search_read(job, order, &search, call->json, &more);
    }
    return r;
}

static int order_one(struct fetching *fetching, struct order *order)
{
    struct job *job = fetching->job;
    const char *model = job_text(job, "remote"), *why;
    json_auto_t *input = input_of(fetching, order->position);
    struct replicate_prediction prediction;
    struct provider_request request;
    struct provider_call *call = NULL;
    int r = order->fresh ? 0 : order_seek(job, order, model, input);

    if (r < 0 || order->id)
        return r;
    if (replicate_order(job, model, input, &request) < 0)
        return job_bury(job, "%.100s is no model of Replicate's", model);
    r = perform(job, "replicate", request, &call);
    if (r < 0 && call && (call->verdict == PROVIDER_LATER || call->verdict == PROVIDER_LIMITED))
        order_undone(job, order);
    if (r < 0)
        return r;
    if (replicate_read(job, call->json, &prediction, &why) < 0)
        return job_release(job, -1, "unknown: replicate: %s", why);
    return order_put(job, order, prediction.id);
}

static int orders_make(struct fetching *fetching, struct order *orders)
{
    for (int i = 0; i < fetching->count; i++) {
        int r = order_begin(fetching->job, "replicate", i, &orders[i]);

        if (r == 0 && orders[i].refused)
            fetching->why = orders[i].refused;
        else if (r == 0 && !orders[i].id)
            r = order_one(fetching, &orders[i]);
        if (r < 0 && fetching->job->outcome == JOB_BURY && order_refuse(fetching->job, &orders[i]) == 0)
            r = spare(fetching);
        r = r < 0 ? spare_if(fetching, r) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* The address of what an order has made: NULL, and it is not to be had or (*ret_runs) not yet. */
static int order_look(struct fetching *fetching, const struct order *order, const char **ret, bool *ret_runs)
{
    struct job *job = fetching->job;
    struct replicate_prediction prediction;
    struct provider_call *call;
    const char *why, *url = NULL;
    int r = perform(job, "replicate", replicate_get(job, order->id), &call);

    if (r < 0)
        return r;
    if (replicate_read(job, call->json, &prediction, &why) < 0)
        return job_release(job, -1, "replicate: %s", why);
    if (prediction.state == PREDICTION_RUNS && order->age <= AGE_MOST)
        *ret_runs = true;
    else if (prediction.state == PREDICTION_DONE)
        url = replicate_url(prediction.output, 0);
    else
        fetching->why = prediction.state == PREDICTION_RUNS ? "it has not ended after half an hour" : prediction.error;
    *ret = url ? COPY(job, url) : NULL;
    return 0;
}

static int gather_replicate(struct fetching *fetching)
{
    struct order orders[PICTURES_MAX] = { 0 };
    const char *urls[PICTURES_MAX] = { 0 };
    struct job *job = fetching->job;
    bool runs = false;
    int r = orders_make(fetching, orders);

    for (int i = 0; r == 0 && i < fetching->count; i++) {
        r = orders[i].id ? order_look(fetching, &orders[i], &urls[i], &runs) : 0;
        r = r < 0 ? spare_if(fetching, r) : 0;
    }
    if (r == 0 && runs)
        return job_snooze(job, look_delay(orders[0].age, LOOK_MOST), "the pictures are being made");
    for (int i = 0; r == 0 && i < fetching->count; i++) {
        r = urls[i] ? fetch(fetching, "replicate", i, urls[i]) : 0;
        r = r < 0 ? spare_if(fetching, r) : 0;
    }
    return r;
}

/* ---- the kind ---- */

static const struct {
    const char *provider;
    int (*gather)(struct fetching *fetching);
} gatherers[] = { { "openai", gather_openai }, { "replicate", gather_replicate } };

/* The wishes as words behind the prompt. */
static const char *prompt_of(struct job *job)
{
    json_t *filters = json_object_get(job->args, "filters"), *value;
    char *prompt = COPY(job, job_text(job, "prompt"));
    const char *name;

    json_object_foreach(filters, name, value) prompt = memory_check(
        talloc_asprintf_append(prompt, "\n%s: %s", name, json_is_string(value) ? json_string_value(value) : ""));
    return prompt;
}

int image_gather(struct job *job)
{
    const char *provider = job_text(job, "provider");
    long long count = job_number(job, "batch_size", 1);
    struct fetching fetching = { .job = job, .count = count > PICTURES_MAX ? PICTURES_MAX : (int)count };
    size_t i = 0;
    int r;

    if (!provider || !strcmp(provider, "local"))
        return 0;
    while (i < ELEMENTS(gatherers) && strcmp(provider, gatherers[i].provider) != 0)
        i++;
    if (i == ELEMENTS(gatherers) || !job_text(job, "remote"))
        return job_bury(job, "%.40s makes no pictures", provider);
    fetching.prompt = prompt_of(job);
    r = gatherers[i].gather(&fetching);
    if (r < 0)
        return r;
    if (fetching.fetched == 0)
        return job_bury(job, "no picture was made: %s", fetching.why ? fetching.why : "the answer was empty");
    job->result = json_pack("{s:i}", "fetched", fetching.fetched);
    return 0;
}
