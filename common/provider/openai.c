/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/openai.h"
#include "common/memory.h"
#include <errno.h>
#include <sodium.h>

enum { CHAT_TIMEOUT = 60000, IMAGES_TIMEOUT = 180000, IMAGES_MAX = 96 << 20, ID_MAX = 128, BOUNDARY_BYTES = 16 };

/* ---- chat ---- */

static const char *const chat_parameters[] = { "temperature", "top_p", "max_tokens", "stop", "seed" };

struct provider_request openai_chat(const struct ai_question *question)
{
    json_t *body = json_pack("{s:s, s:O}", "model", question->model, "messages", question->messages);

    for (size_t i = 0; i < ELEMENTS(chat_parameters); i++) {
        json_t *value = json_object_get(question->parameters, chat_parameters[i]);
        if (value)
            json_object_set(body, chat_parameters[i], value);
    }
    if (question->schema)
        json_object_set_new(body, "response_format",
                            json_pack("{s:s, s:{s:s, s:b, s:O}}", "type", "json_schema", "json_schema", "name",
                                      question->name ? question->name : "answer", "strict", 1, "schema",
                                      question->schema));
    return (struct provider_request){
        .method = PROVIDER_POST, .path = "/chat/completions", .json = body, .timeout = CHAT_TIMEOUT
    };
}

int openai_chat_read(void *ctx, const struct ai_question *question, const json_t *answer, struct ai_answer *ret,
                     const char **ret_why)
{
    const char *text = ai_text_at(answer, "choices.0.message.content");
    const char *refusal = ai_text_at(answer, "choices.0.message.refusal");
    const char *model = ai_text_at(answer, "model"), *finish = ai_text_at(answer, "choices.0.finish_reason");
    struct ai_answer got = { .refused = refusal && *refusal,
                             .input = ai_number_at(answer, "usage.prompt_tokens"),
                             .output = ai_number_at(answer, "usage.completion_tokens") };
    int r = 0;

    if (got.refused)
        text = refusal;
    if (!text || strlen(text) > AI_TEXT_MAX) {
        *ret_why = text ? "the model's answer is too long" : "the answer has no message";
        return -EBADMSG;
    }
    got.text = COPY(ctx, text);
    got.model = COPY(ctx, model && strlen(model) <= ID_MAX ? model : "");
    got.finish = COPY(ctx, finish && strlen(finish) <= ID_MAX ? finish : "");
    if (question->schema && !got.refused)
        r = ai_answer_parse(ctx, &got, ret_why);
    if (r == 0)
        *ret = got;
    return r;
}

/* ---- pictures ---- */

struct provider_request openai_images(const char *model, const char *prompt, int count, const char *size)
{
    return (struct provider_request){
        .method = PROVIDER_POST,
        .path = "/images/generations",
        .json = json_pack("{s:s, s:s, s:i, s:s}", "model", model, "prompt", prompt, "n", count, "size", size),
        .timeout = IMAGES_TIMEOUT,
        .max = IMAGES_MAX,
    };
}

int openai_images_count(const json_t *answer, int most)
{
    const json_t *data = json_object_get(answer, "data");
    size_t count = json_array_size(data);

    if (!json_is_array(data))
        return -EBADMSG;
    return count > (size_t)most ? most : (int)count;
}

/* Base64 to bytes, on ctx. */
static int bytes_of(void *ctx, const char *text, struct openai_picture *ret)
{
    size_t length = strlen(text), got;
    unsigned char *bytes = talloc_size(ctx, length / 4 * 3 + 3);

    if (!bytes || sodium_base642bin(bytes, length / 4 * 3 + 3, text, length, "\r\n", &got, NULL,
                                    sodium_base64_VARIANT_ORIGINAL) < 0) {
        talloc_free(bytes);
        return -EBADMSG;
    }
    ret->bytes = bytes;
    ret->length = got;
    return 0;
}

int openai_images_read(void *ctx, const json_t *answer, int i, struct openai_picture *ret, const char **ret_why)
{
    const json_t *entry = json_array_get(json_object_get(answer, "data"), (size_t)i);
    const char *text = ai_text_at(entry, "b64_json"), *url = ai_text_at(entry, "url");
    struct openai_picture got = { .url = url ? COPY(ctx, url) : NULL };

    if (!text && !url) {
        *ret_why = "an entry of the answer has neither a picture nor its address";
        return -EBADMSG;
    }
    if (text && bytes_of(ctx, text, &got) < 0) {
        *ret_why = "a picture of the answer is not base64";
        return -EBADMSG;
    }
    *ret = got;
    return 0;
}

/* ---- files ---- */

/* Text that the data does not have: from its digest, so that the same data makes the same request. */
static char *boundary_of(void *ctx, const char *data, size_t length)
{
    unsigned char digest[BOUNDARY_BYTES];
    char hex[2 * BOUNDARY_BYTES + 1];

    crypto_generichash(digest, sizeof digest, (const unsigned char *)data, length, NULL, 0);
    return FORMAT(ctx, "millrace-%s", sodium_bin2hex(hex, sizeof hex, digest, sizeof digest));
}

struct provider_request openai_upload(void *ctx, const char *purpose, const char *name, const char *data, size_t length)
{
    const char *boundary = boundary_of(ctx, data, length);
    char *head = FORMAT(ctx,
                        "--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n%s\r\n"
                        "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
                        "Content-Type: application/jsonl\r\n\r\n",
                        boundary, purpose, boundary, name);
    char *tail = FORMAT(ctx, "\r\n--%s--\r\n", boundary);
    size_t total = strlen(head) + length + strlen(tail);
    char *body = memory_check(talloc_size(ctx, total + 1));

    memcpy(mempcpy(mempcpy(body, head, strlen(head)), data, length), tail, strlen(tail) + 1);
    return (struct provider_request){
        .method = PROVIDER_POST,
        .path = "/files",
        .type = FORMAT(ctx, "multipart/form-data; boundary=%s", boundary),
        .body = body,
        .length = total,
        .timeout = CHAT_TIMEOUT,
    };
}

/* ---- fine-tuning ---- */

struct provider_request openai_tuning(const char *base, const char *file, const char *suffix, const json_t *parameters)
{
    json_t *body = json_pack("{s:s, s:s, s:s*}", "model", base, "training_file", file, "suffix", suffix);
    json_t *epochs = json_object_get(parameters, "n_epochs"), *seed = json_object_get(parameters, "seed");

    if (json_is_integer(epochs))
        json_object_set_new(
            body, "method",
            json_pack("{s:s, s:{s:{s:O}}}", "type", "supervised", "supervised", "hyperparameters", "n_epochs", epochs));
    if (json_is_integer(seed))
        json_object_set(body, "seed", seed);
    return (struct provider_request){
        .method = PROVIDER_POST, .path = "/fine_tuning/jobs", .json = body, .effect = true, .timeout = CHAT_TIMEOUT
    };
}

struct provider_request openai_tunings(void)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = "/fine_tuning/jobs?limit=100" };
}

const char *openai_tuning_find(const json_t *answer, const char *file)
{
    const json_t *data = json_object_get(answer, "data");

    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *one = json_array_get(data, i);
        const char *trains = ai_text_at(one, "training_file");

        if (trains && !strcmp(trains, file))
            return ai_text_at(one, "id");
    }
    return NULL;
}

struct provider_request openai_tuning_get(void *ctx, const char *id)
{
    return (struct provider_request){ .method = PROVIDER_GET,
                                      .path = FORMAT(ctx, "/fine_tuning/jobs/%s", provider_escape(ctx, id)) };
}

struct provider_request openai_tuning_cancel(void *ctx, const char *id)
{
    return (struct provider_request){ .method = PROVIDER_POST,
                                      .path = FORMAT(ctx, "/fine_tuning/jobs/%s/cancel", provider_escape(ctx, id)) };
}

static const struct {
    const char *word;
    enum openai_tuning_state state;
} tuning_states[] = {
    { "validating_files", TUNING_RUNS }, { "queued", TUNING_RUNS },    { "running", TUNING_RUNS },
    { "paused", TUNING_RUNS },           { "succeeded", TUNING_DONE }, { "failed", TUNING_FAILED },
    { "cancelled", TUNING_CANCELLED },
};

int openai_tuning_read(void *ctx, const json_t *answer, struct openai_tuning *ret, const char **ret_why)
{
    const char *word = ai_text_at(answer, "status"), *model = ai_text_at(answer, "fine_tuned_model");
    const char *error = ai_text_at(answer, "error.message");
    size_t i = 0;

    while (i < ELEMENTS(tuning_states) && (!word || strcmp(word, tuning_states[i].word) != 0))
        i++;
    if (i == ELEMENTS(tuning_states) || !openai_id(ctx, answer)) {
        *ret_why = "the answer is no fine-tuning job";
        return -EBADMSG;
    }
    if (tuning_states[i].state == TUNING_DONE && (!model || !*model || strlen(model) > ID_MAX)) {
        *ret_why = "the fine-tuning job succeeded, but names no model";
        return -EBADMSG;
    }
    *ret = (struct openai_tuning){
        .id = openai_id(ctx, answer),
        .state = tuning_states[i].state,
        .model = tuning_states[i].state == TUNING_DONE ? COPY(ctx, model) : NULL,
        .error = COPY(ctx, error ? error : ""),
        .tokens = ai_number_at(answer, "trained_tokens"),
    };
    return 0;
}

/* ---- the rest ---- */

struct provider_request openai_models(void)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = "/models" };
}

const char *openai_id(void *ctx, const json_t *answer)
{
    const char *id = ai_text_at(answer, "id");
    size_t length = id ? strlen(id) : 0;

    if (length == 0 || length > ID_MAX ||
        id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:.-")])
        return NULL;
    return COPY(ctx, id);
}
