/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.complete: {"model": "provider:name", "messages": [...], "schema": {...}, "parameters": {...}}, with the result
 * {"text", "json" when there is a schema, "model", "finish", "usage"}. */
#include "workers/direct/ai/ai_ask.h"
#include "common/memory.h"
#include "common/provider/gemini.h"
#include "common/provider/openai.h"
#include "workers/direct/ai/ai_step.h"
#include "workers/kinds.h"
#include <errno.h>

/* Who can be asked, by the name of the provider's row. */
struct talker {
    const char *provider;
    int (*chat)(void *ctx, const struct ai_question *question, struct provider_request *ret);
    int (*read)(void *ctx, const struct ai_question *question, const json_t *answer, struct ai_answer *ret,
                const char **ret_why);
};

static int chat_openai(void *ctx, const struct ai_question *question, struct provider_request *ret)
{
    (void)ctx;
    *ret = openai_chat(question);
    return 0;
}

static const struct talker talkers[] = {
    { "openai", chat_openai, openai_chat_read },
    { "gemini", gemini_chat, gemini_chat_read },
    { NULL, NULL, NULL },
};

struct asking {
    const struct talker *talker;
    struct ai_question question;
    answered_fn *answered;
    void *closure;
};

static int asked(struct job *job, const struct provider_call *call, void *closure)
{
    const struct asking *asking = closure;
    struct ai_answer answer;
    const char *why;
    int r;

    if (asking->talker->read(job, &asking->question, call->json, &answer, &why) < 0)
        return job_release(job, -1, "%s: %s", asking->talker->provider, why);
    r = asking->answered(job, &answer, asking->closure);
    json_decref(answer.json);
    return r;
}

int ai_ask(struct job *job, const char *provider, const struct ai_question *question, answered_fn *answered,
           void *closure)
{
    struct asking *asking = NEW(job, struct asking);
    struct provider_request request;
    const struct talker *talker = talkers;

    while (talker->provider && strcmp(talker->provider, provider) != 0)
        talker++;
    if (!talker->provider)
        return job_bury(job, "%.40s answers no questions", provider);
    *asking = (struct asking){ talker, *question, answered, closure };
    if (talker->chat(job, question, &request) < 0)
        return job_bury(job, "the messages cannot be said to %s", provider);
    return job_step(job, provider, request, asked, asking);
}

/* What users call the providers. */
static const struct {
    const char *word, *provider;
} prefixes[] = { { "openai:", "openai" }, { "google:", "gemini" }, { "gemini:", "gemini" } };

int ai_ask_model(struct job *job, const char *model, const struct ai_question *question, answered_fn *answered,
                 void *closure)
{
    struct ai_question asked = *question;

    for (size_t i = 0; i < ELEMENTS(prefixes); i++) {
        size_t length = strlen(prefixes[i].word);

        asked.model = model + length;
        if (!strncmp(model, prefixes[i].word, length) && *asked.model)
            return ai_ask(job, prefixes[i].provider, &asked, answered, closure);
    }
    return job_bury(job, "no model is called %.100s", model);
}

json_t *ai_messages(const char *instruction, const char *text)
{
    json_t *messages = json_array();

    if (instruction)
        json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "system", "content", instruction));
    json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "user", "content", text));
    return messages;
}

/* ---- ai.complete ---- */

static int completed(struct job *job, const struct ai_answer *answer, void *closure)
{
    (void)closure;
    if (answer->refused)
        return job_bury(job, "the model would not answer: %.300s", answer->text);
    job->result = ai_answer_json(answer);
    return 0;
}

int ai_complete(struct job *job)
{
    const char *model = job_text(job, "model");

    return ai_ask_model(job, model ? model : "",
                        &(struct ai_question){ .messages = json_object_get(job->args, "messages"),
                                               .schema = json_object_get(job->args, "schema"),
                                               .parameters = json_object_get(job->args, "parameters") },
                        completed, NULL);
}
