/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/ai/ai_replicate.h"
#include "common/memory.h"
#include "common/provider/replicate.h"
#include "workers/direct/ai/ai_order.h"
#include "workers/direct/ai/ai_step.h"

enum { LOOK_MOST = 15, AGE_MOST = 3600 }; /* seconds */

struct predicting {
    const char *model;
    json_t *input;
    predicted_fn *predicted;
    struct order order;
    struct order_search search;
};

static int predicting_free(struct predicting *predicting)
{
    json_decref(predicting->input);
    return 0;
}

/* What a prediction is, as the provider has just told. */
static int looked(struct job *job, const struct provider_call *call, void *closure)
{
    const struct predicting *predicting = closure;
    struct replicate_prediction prediction;
    const char *why;

    if (replicate_read(job, call->json, &prediction, &why) < 0)
        return job_release(job, -1, "replicate: %s", why);
    switch (prediction.state) {
    case PREDICTION_DONE:
        return predicting->predicted(job, prediction.output);
    case PREDICTION_FAILED:
        return job_bury(job, "the prediction failed: %.300s", prediction.error);
    case PREDICTION_CANCELLED:
        return job_bury(job, "the prediction was cancelled at the provider");
    case PREDICTION_RUNS:
        break;
    }
    if (predicting->order.age > AGE_MOST)
        return job_bury(job, "the prediction has not ended after an hour");
    return job_snooze(job, look_delay(predicting->order.age, LOOK_MOST), "the prediction runs");
}

static int look(struct job *job, struct predicting *predicting)
{
    return job_step(job, "replicate", replicate_get(job, predicting->order.id), looked, predicting);
}

static int ordered(struct job *job, const struct provider_call *call, void *closure)
{
    struct predicting *predicting = closure;
    struct replicate_prediction prediction;
    const char *why;
    int r;

    if (replicate_read(job, call->json, &prediction, &why) < 0)
        return job_release(job, -1, "unknown: replicate: %s", why);
    r = order_put(job, &predicting->order, prediction.id);
    return r < 0 ? r : looked(job, call, closure);
}

static void undone(struct job *job, void *closure)
{
    const struct predicting *predicting = closure;

    order_undone(job, &predicting->order);
}

static int order(struct job *job, struct predicting *predicting)
{
    struct provider_request request;

    if (replicate_order(job, predicting->model, predicting->input, &request) < 0)
        return job_bury(job, "%.100s is no model of Replicate's", predicting->model);
    return job_step_with(job, "replicate", request, ordered, undone, predicting);
}

static int list(struct job *job, struct predicting *predicting);

static int listed(struct job *job, const struct provider_call *call, void *closure)
{
    struct predicting *predicting = closure;
    bool more;
    int r = order_search_read(job, &predicting->order, &predicting->search, call->json, &more);

    if (r < 0)
        return r;
    if (more)
        return list(job, predicting);
    return predicting->order.id ? look(job, predicting) : order(job, predicting);
}

static int list(struct job *job, struct predicting *predicting)
{
    return job_step(job, "replicate", replicate_list(predicting->search.place), listed, predicting);
}

int replicate_predict(struct job *job, const char *model, json_t *input, predicted_fn *predicted)
{
    struct predicting *predicting = NEW(job, struct predicting);
    int r;

    *predicting = (struct predicting){ .model = model, .input = input, .predicted = predicted };
    talloc_set_destructor(predicting, predicting_free);
    r = order_begin(job, "replicate", 0, &predicting->order);
    if (r < 0)
        return r;
    if (predicting->order.id)
        return look(job, predicting);
    if (predicting->order.fresh)
        return order(job, predicting);
    predicting->search = (struct order_search){ .model = model, .input = input };
    return list(job, predicting);
}
