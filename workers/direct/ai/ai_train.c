/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.train: a model is fine-tuned at its provider. One step after another, each written down before the next, so that
 * an attempt goes on where the one before it ended: the examples are uploaded, the training is ordered, and looked at
 * until it has ended. It costs, so it is ordered once: one whose answer was lost is found by its file. Result:
 * {"model_id", "remote", "tokens"}. */
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/openai.h"
#include "sql.h"
#include "workers/direct/ai/ai_examples.h"
#include "workers/direct/ai/ai_step.h"
#include "workers/kinds.h"

enum { LOOK_MOST = 60, AGE_MOST = 24 * 3600, SUFFIX_MAX = 18 }; /* seconds; characters that OpenAI takes of a suffix */

struct tuning {
    const char *id; /* of the row */
    const char *remote, *name, *data, *parameters, *file, *tuning;
    bool ordered;
    long long age;
    int wait; /* seconds until the provider's list shows for sure whether it was ordered */
};

/* ---- the row ---- */

static const char *copied(void *ctx, const struct result *row, const char *column)
{
    const char *text = result_text(row, 0, column);

    return text ? COPY(ctx, text) : NULL;
}

/* 0, or what the job's function is to return. */
static int tuning_load(struct job *job, struct tuning *tuning)
{
    autoresult struct result row = { 0 };
    autotalloc char *settle = FORMAT(NULL, "%d", job->tools->config->ai_settle);

    tuning->id = FORMAT(job, "%lld", job_number(job, "training_id", 0));
    if (database_run(job->tools->database, &sql_worker_ai_training_get,
                     PARAMS({ "training_id", tuning->id }, { "settle", settle }), &row) < 0)
        return job_release(job, -1, "the training could not be read");
    if (result_rows(&row) == 0)
        return job_bury(job, "there is no such training");
    tuning->remote = copied(tuning, &row, "remote");
    tuning->name = copied(tuning, &row, "model_name");
    tuning->data = copied(tuning, &row, "data");
    tuning->parameters = copied(tuning, &row, "parameters");
    tuning->file = copied(tuning, &row, "file_id");
    tuning->tuning = copied(tuning, &row, "remote_id");
    tuning->ordered = !strcmp(result_text(&row, 0, "ordered"), "t");
    tuning->age = strtoll(result_text(&row, 0, "age"), NULL, 10);
    tuning->wait = (int)strtol(result_text(&row, 0, "wait"), NULL, 10);
    return 0;
}

static int tuning_note(struct job *job, const struct tuning *tuning, const char *file, const char *ordered,
                       const char *remote)
{
    autoresult struct result done = { 0 };

    if (database_run(
            job->tools->database, &sql_worker_ai_training_step,
            PARAMS({ "training_id", tuning->id }, { "file_id", file }, { "ordered", ordered }, { "remote_id", remote }),
            &done) < 0)
        return job_release(job, -1, "the training's state could not be written down");
    return 0;
}

/* ---- the steps, the last first ---- */

static int looked(struct job *job, const struct provider_call *call, void *closure)
{
    const struct tuning *tuning = closure;
    struct openai_tuning state;
    const char *why;

    if (openai_tuning_read(job, call->json, &state, &why) < 0)
        return job_release(job, -1, "openai: %s", why);
    switch (state.state) {
    case TUNING_DONE:
        job->result = json_pack("{s:o, s:s, s:I}", "model_id", json_sprintf("openai:%s", state.model), "remote",
                                state.model, "tokens", (json_int_t)state.tokens);
        return 0;
    case TUNING_FAILED:
        return job_bury(job, "the training failed: %.300s", state.error);
    case TUNING_CANCELLED:
        return job_bury(job, "the training was cancelled at the provider");
    case TUNING_RUNS:
        break;
    }
    if (tuning->age > AGE_MOST)
        return job_bury(job, "the training has not ended after a day");
    return job_snooze(job, look_delay(tuning->age, LOOK_MOST), "the training runs");
}

static int look(struct job *job, struct tuning *tuning)
{
    return job_step(job, "openai", openai_tuning_get(job, tuning->tuning), looked, tuning);
}

/* The training is known by this name from now on. */
static int named(struct job *job, struct tuning *tuning, const char *id)
{
    int r = tuning_note(job, tuning, NULL, NULL, id);

    tuning->tuning = id;
    return r < 0 ? r : look(job, tuning);
}

static int ordered(struct job *job, const struct provider_call *call, void *closure)
{
    const char *id = openai_id(job, call->json);

    return id ? named(job, closure, id) : job_release(job, -1, "unknown: openai's answer names no training");
}

static int order(struct job *job, struct tuning *tuning)
{
    json_auto_t *parameters = json_loads(tuning->parameters, 0, NULL);
    char suffix[SUFFIX_MAX + 1];
    int r = job_provider_turn(job, "openai");

    if (r == 0)
        r = tuning_note(job, tuning, NULL, "t", NULL);
    if (r < 0)
        return r;
    snprintf(suffix, sizeof suffix, "%s", tuning->name);
    return job_step(job, "openai", openai_tuning(tuning->remote, tuning->file, suffix, parameters), ordered, tuning);
}

static int listed(struct job *job, const struct provider_call *call, void *closure)
{
    struct tuning *tuning = closure;
    const char *id = openai_tuning_find(call->json, tuning->file);

    if (!id && tuning->wait > 0)
        return job_snooze(job, tuning->wait, "whether it was ordered does not show yet");
    return id ? named(job, tuning, COPY(job, id)) : order(job, tuning);
}

static int uploaded(struct job *job, const struct provider_call *call, void *closure)
{
    struct tuning *tuning = closure;
    int r;

    tuning->file = openai_id(job, call->json);
    if (!tuning->file)
        return job_release(job, -1, "openai's answer names no file");
    r = tuning_note(job, tuning, tuning->file, NULL, NULL);
    return r < 0 ? r : order(job, tuning);
}

static int upload(struct job *job, struct tuning *tuning)
{
    json_auto_t *data = json_loads(tuning->data, 0, NULL);
    size_t bad = 0;
    char *lines = examples_lines(tuning, json_object_get(data, "examples"), &bad);

    if (!lines)
        return job_bury(job, "example %zu has neither prompt and completion nor messages", bad + 1);
    return job_step(job, "openai", openai_upload(tuning, "fine-tune", "examples.jsonl", lines, strlen(lines)), uploaded,
                    tuning);
}

int ai_train(struct job *job)
{
    struct tuning *tuning = NEW(job, struct tuning);
    int r = tuning_load(job, tuning);

    if (r < 0)
        return r;
    if (tuning->tuning)
        return look(job, tuning);
    if (!tuning->file)
        return upload(job, tuning);
    if (!tuning->ordered)
        return order(job, tuning);
    return job_step(job, "openai", openai_tunings(), listed, tuning);
}
