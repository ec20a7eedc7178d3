/* SPDX-License-Identifier: GPL-3.0-or-later
 * What ai.fit and ai.classify read, fetched before they go behind the fence. */
#include "common/classifier.h"
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/input.h"
#include "workers/kinds.h"
#include <errno.h>

static const double cost_standard = 10, cost_least = 0.001, cost_most = 10000;

/* What a mistake weighs; 0, or what the function is to return. The call has refused what is none, so this is older. */
static int cost_of(struct job *job, const char *parameters, double *ret)
{
    json_auto_t *given = json_loads(parameters, 0, NULL);
    const json_t *cost = json_object_get(given, "cost");
    double value = json_number_value(cost);

    if (cost && !json_is_null(cost) && (!json_is_number(cost) || value < cost_least || value > cost_most))
        return job_bury(job, "parameters.cost must be a number from %g to %g", cost_least, cost_most);
    *ret = json_is_number(cost) ? value : cost_standard;
    return 0;
}

int ai_fit_gather(struct job *job)
{
    autoresult struct result row = { 0 };
    autotalloc char *id = FORMAT(NULL, "%lld", job_number(job, "training_id", 0));
    double cost = cost_standard;
    int r;

    if (database_run(job->tools->database, &sql_worker_ai_training_get,
                     PARAMS({ "training_id", id }, { "settle", "0" }), &row) < 0) /* nothing is ordered */
        return job_release(job, -1, "the training could not be read");
    if (result_rows(&row) == 0)
        return job_bury(job, "there is no such training");
    r = cost_of(job, result_text(&row, 0, "parameters"), &cost);
    if (r < 0)
        return r;
    r = job_input_bytes(job, "data", result_text(&row, 0, "data"), strlen(result_text(&row, 0, "data")));
    if (r < 0)
        return job_release(job, -1, "the examples could not be written: %s", strerror(-r));
    job->result = json_pack("{s:f}", "cost", cost);
    return 0;
}

int ai_classify_gather(struct job *job)
{
    autoresult struct result row = { 0 };
    int r;

    if (database_run(job->tools->database, &sql_worker_ai_classify_get, PARAMS({ "job_id", job->id }), &row) < 0)
        return job_release(job, -1, "the text could not be read");
    if (result_rows(&row) == 0)
        return job_bury(job, "there is no such prediction, or its model has no file");
    r = job_input(job, result_text(&row, 0, "storage_key"), "model", CLASSIFIER_FILE_MAX);
    if (r == -ENOENT)
        return job_bury(job, "the model's file is gone");
    if (r < 0)
        return job_release(job, -1, "the model's file could not be read: %s", strerror(-r));
    job->result =
        json_pack("{s:s, s:s}", "text", result_text(&row, 0, "prompt"), "model_id", result_text(&row, 0, "model_id"));
    return 0;
}
