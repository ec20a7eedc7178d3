/* SPDX-License-Identifier: GPL-3.0-or-later
 * OpenAI's public API: what its calls say and what its answers mean. Requests are made for provider_prepare(): the
 * caller sees to when and how often they are sent. Paths and bodies hang off the given context; request->json is a new
 * value, which is the caller's (json_decref) once the call is prepared. Answers come from outside: all of them are read
 * as if anything could stand there, and -EBADMSG says that what was needed does not, with a sentence on ctx. */
#ifndef MILLRACE_OPENAI_H
#define MILLRACE_OPENAI_H
#include "common/provider/ai_answer.h"
#include "common/provider/provider.h"

/* POST /chat/completions. A repeat does no harm but what it costs. */
struct provider_request openai_chat(const struct ai_question *question);
int openai_chat_read(void *ctx, const struct ai_question *question, const json_t *answer, struct ai_answer *ret,
                     const char **ret_why);

/* POST /images/generations: count pictures of size ("1024x1024"). */
struct provider_request openai_images(const char *model, const char *prompt, int count, const char *size);
/* One picture of the answer: its bytes, or where they are to be fetched (bytes is NULL then). */
struct openai_picture {
    void *bytes;
    size_t length;
    const char *url;
};
/* How many pictures an answer has, at most `most`; -EBADMSG when it is no such answer. */
int openai_images_count(const json_t *answer, int most);
int openai_images_read(void *ctx, const json_t *answer, int i, struct openai_picture *ret, const char **ret_why);

/* POST /files: a file as multipart/form-data. purpose: "fine-tune". */
struct provider_request openai_upload(void *ctx, const char *purpose, const char *name, const char *data,
                                      size_t length);

/* POST /fine_tuning/jobs: train base on an uploaded file. suffix: part of the new model's name, may be NULL. It costs
 * and has no idempotency key, so its outcome may be unknown: openai_tuning_find() tells. */
struct provider_request openai_tuning(const char *base, const char *file, const char *suffix, const json_t *parameters);
/* GET /fine_tuning/jobs: the latest. */
struct provider_request openai_tunings(void);
/* The id of the one among them that trains on a file; NULL: none. */
const char *openai_tuning_find(const json_t *answer, const char *file);
struct provider_request openai_tuning_get(void *ctx, const char *id);
struct provider_request openai_tuning_cancel(void *ctx, const char *id);

enum openai_tuning_state { TUNING_RUNS, TUNING_DONE, TUNING_FAILED, TUNING_CANCELLED };
struct openai_tuning {
    const char *id;
    enum openai_tuning_state state;
    const char *model; /* the one it made; NULL unless it is done */
    const char *error; /* "" when nothing was said */
    long long tokens;  /* that were trained */
};
int openai_tuning_read(void *ctx, const json_t *answer, struct openai_tuning *ret, const char **ret_why);

/* GET /models. */
struct provider_request openai_models(void);

/* The "id" of an answer that names what was made (a file, a fine-tuning job): 1 to 128 of [A-Za-z0-9_:.-], on ctx;
 * NULL: none. */
const char *openai_id(void *ctx, const json_t *answer);
#endif
