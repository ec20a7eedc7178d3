/* SPDX-License-Identifier: GPL-3.0-or-later
 * A question to a language model, whichever provider it is of. */
#ifndef MILLRACE_AI_ASK_H
#define MILLRACE_AI_ASK_H
#include "common/provider/ai_answer.h"
#include "queue/job.h"

/* What a job does with an answer: it returns as its function does. answer->json stays the asker's; closure hangs off
 * the job, or is NULL. */
typedef int answered_fn(struct job *job, const struct ai_answer *answer, void *closure);

/* Ask openai or gemini. What the question points to lives as long as the job. Returns what the job's function is to
 * return. An answer that cannot be used is asked for again: models do not say the same twice. */
int ai_ask(struct job *job, const char *provider, const struct ai_question *question, answered_fn *answered,
           void *closure);
/* The same of a model as its users name it, "openai:gpt-4" or "google:gemini-pro", instead of question->model. */
int ai_ask_model(struct job *job, const char *model, const struct ai_question *question, answered_fn *answered,
                 void *closure);

/* The message list of a text, after an instruction if there is one. A new value. */
json_t *ai_messages(const char *instruction, const char *text);
#endif
