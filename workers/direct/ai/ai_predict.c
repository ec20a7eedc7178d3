/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.predict: a model of a provider is asked, for AIlice. The result is the answer as its users get it:
 * {"model_id", "output": text, "metadata": {"provider", ...}}. */
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/replicate.h"
#include "workers/direct/ai/ai_ask.h"
#include "workers/direct/ai/ai_replicate.h"
#include "workers/kinds.h"
#include <stdbool.h>
#include <stdint.h>

/* metadata is taken over. */
static int answer(struct job *job, const char *output, json_t *metadata)
{
    const char *model = job_text(job, "model_id");

    json_object_set_new(metadata, "provider", json_stringn(model, strcspn(model, ":")));
    job->result = json_pack("{s:s, s:s, s:o}", "model_id", model, "output", output, "metadata", metadata);
    return 0;
}

static int answered(struct job *job, const struct ai_answer *got, void *closure)
{
    (void)closure;
    if (got->refused)
        return job_bury(job, "the model would not answer: %.300s", got->text);
    return answer(job, got->text,
                  json_pack("{s:s, s:s, s:{s:I, s:I, s:I}}", "model", got->model, "finish_reason", got->finish, "usage",
                            "prompt_tokens", (json_int_t)got->input, "completion_tokens", (json_int_t)got->output,
                            "total_tokens", (json_int_t)(got->input + got->output)));
}

static bool is_address(const char *text)
{
    return !strncmp(text, "https://", 8) || !strncmp(text, "http://", 7);
}

/* A text, or one in pieces, is told as a text; else, as with pictures' addresses, what it is goes along besides. */
static int predicted(struct job *job, const json_t *output)
{
    const char *first = replicate_url(output, 0), *text = replicate_text(job, output);
    json_t *metadata = json_object();

    if (!text || (json_is_array(output) && first && is_address(first))) {
        text = output ? json_text(job, output) : "";
        json_object_set(metadata, "output", (json_t *)(uintptr_t)output);
    }
    return answer(job, text, metadata);
}

/* What the model is to take: all that was given, parameters over data. */
static json_t *input_of(const struct job *job)
{
    json_t *input = json_copy(json_object_get(job->args, "input_data"));
    json_t *parameters = json_object_get(job->args, "parameters");

    if (parameters)
        json_object_update(input, parameters);
    return input;
}

/* Frees the messages with the job. */
static int messages_free(json_t **messages)
{
    json_decref(*messages);
    return 0;
}

int ai_predict(struct job *job)
{
    const char *provider = job_text(job, "provider"), *remote = job_text(job, "remote");
    const json_t *data = json_object_get(job->args, "input_data");
    const char *prompt = ai_text_at(data, "prompt");
    json_t **messages;

    if (!provider || !remote || !prompt)
        return job_bury(job, "there is no prompt");
    if (!strcmp(provider, "replicate"))
        return replicate_predict(job, remote, input_of(job), predicted);
    messages = NEW(job, json_t *);
    *messages = ai_messages(ai_text_at(data, "system"), prompt);
    talloc_set_destructor(messages, messages_free);
    return ai_ask(job, provider,
                  &(struct ai_question){
                      .model = remote, .messages = *messages, .parameters = json_object_get(job->args, "parameters") },
                  answered, NULL);
}
