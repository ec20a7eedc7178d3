/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a language model was asked and what it answered, in the form that the clients of OpenAI and Gemini share. */
#ifndef MILLRACE_AI_ANSWER_H
#define MILLRACE_AI_ANSWER_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { AI_TEXT_MAX = 200 * 1024 }; /* bytes of an answer: with what stands around it, it is a job's result */

/* One question. All of it is borrowed. */
struct ai_question {
    const char *model;        /* as the provider names it */
    const json_t *messages;   /* [{"role": system|user|assistant, "content": text or parts}]: parts as OpenAI has them,
                               * {"type": "text", "text"} and {"type": "image_url", "image_url": {"url"}} */
    const json_t *schema;     /* JSON Schema that the answer is to be an instance of; NULL: text */
    const char *name;         /* of the schema: [A-Za-z0-9_-]; NULL: "answer" */
    const json_t *parameters; /* temperature, top_p, max_tokens, stop, seed: others are not passed on. NULL: none */
};

/* The answer; its strings hang off the context that was given, json is the caller's (json_decref). */
struct ai_answer {
    const char *text;
    json_t *json;            /* of a question with a schema; NULL: none */
    const char *model;       /* the one that answered, as it says; "" when it does not */
    const char *finish;      /* why it ended: stop, length, ... */
    bool refused;            /* the model would not answer; text is what it said instead */
    long long input, output; /* tokens; what was not said is 0 */
};

/* {"text": ...} or {"json": ..., "text": ...}, with "model", "finish", "usage": {"prompt_tokens", "completion_tokens",
 * "total_tokens"}. A new value. */
json_t *ai_answer_json(const struct ai_answer *answer);

/* Fill answer->json from its text: an object is what a schema asks for. 0, or -EBADMSG with a sentence on ctx. */
int ai_answer_parse(void *ctx, struct ai_answer *answer, const char **ret_why);

/* A picture as a part of a message: {"type": "image_url", "image_url": {"url": "data:TYPE;base64,..."}}. A new value.
 */
json_t *ai_picture(const char *type, const void *bytes, size_t length);

/* A member of value at a path of names and indices, "choices.0.message.content"; NULL when it is not there. */
json_t *ai_at(const json_t *value, const char *path);
/* The same, if it is a text; else NULL. */
const char *ai_text_at(const json_t *value, const char *path);
/* The same, if it is a whole number that is not negative; else 0. */
long long ai_number_at(const json_t *value, const char *path);
#endif
