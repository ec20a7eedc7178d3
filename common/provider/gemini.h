/* SPDX-License-Identifier: GPL-3.0-or-later
 * Google's Gemini API: generateContent, from the same questions as OpenAI's chat and with the same answers. As
 * openai.h has it: request->json is the caller's, answers are read as if anything could stand there. */
#ifndef MILLRACE_GEMINI_H
#define MILLRACE_GEMINI_H
#include "common/provider/ai_answer.h"
#include "common/provider/provider.h"

/* POST /models/MODEL:generateContent. Pictures go along when they are data: URLs; -EINVAL: a message has a part that
 * cannot be said here (a picture by its address, a role that is none). */
int gemini_chat(void *ctx, const struct ai_question *question, struct provider_request *ret);
int gemini_chat_read(void *ctx, const struct ai_question *question, const json_t *answer, struct ai_answer *ret,
                     const char **ret_why);

/* A JSON Schema as Gemini takes it: members that it does not know (additionalProperties, $schema, ...) are left out,
 * at every level. A new value. */
json_t *gemini_schema(const json_t *schema);
/* GET /models: one of them. */
struct provider_request gemini_models(void);
#endif
