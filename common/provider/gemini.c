/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/gemini.h"
#include "common/memory.h"
#include <errno.h>
#include <stdint.h>

enum { CHAT_TIMEOUT = 60000, NAME_MAX_LENGTH = 128 };

/* ---- the schema ---- */

static const char *const schema_words[] = { "type",  "format",   "description", "nullable",   "enum",
                                            "items", "minItems", "maxItems",    "properties", "required",
                                            "anyOf", "minimum",  "maximum",     "title",      "propertyOrdering" };

static bool schema_word(const char *word)
{
    size_t i = 0;

    while (i < ELEMENTS(schema_words) && strcmp(word, schema_words[i]) != 0)
        i++;
    return i < ELEMENTS(schema_words);
}

/* Each member of an object of schemas, or of a list of them. */
static json_t *schemas_each(const json_t *schemas)
{
    json_t *made = json_is_array(schemas) ? json_array() : json_object(), *one;
    const char *name;
    size_t i;

    json_array_foreach(schemas, i, one) json_array_append_new(made, gemini_schema(one));
    json_object_foreach((json_t *)(uintptr_t)schemas, name, one) json_object_set_new(made, name, gemini_schema(one));
    return made;
}

json_t *gemini_schema(const json_t *schema)
{
    json_t *made = json_object(), *value;
    const char *name;

    if (!json_is_object(schema))
        return made;
    json_object_foreach((json_t *)(uintptr_t)schema, name, value)
    {
        if (!schema_word(name))
            continue;
        if (!strcmp(name, "items"))
            json_object_set_new(made, name, gemini_schema(value));
        else if (!strcmp(name, "properties") || !strcmp(name, "anyOf"))
            json_object_set_new(made, name, schemas_each(value));
        else
            json_object_set(made, name, value);
    }
    return made;
}

/* ---- the question ---- */

/* data:TYPE;base64,DATA as {"inlineData": ...}; NULL when it is another URL. */
static json_t *inline_data(const char *url)
{
    static const char head[] = "data:", mark[] = ";base64,";
    const char *type = url && !strncmp(url, head, sizeof head - 1) ? url + sizeof head - 1 : NULL;
    const char *end = type ? strstr(type, mark) : NULL;

    if (!end)
        return NULL;
    return json_pack("{s:{s:s%, s:s}}", "inlineData", "mimeType", type, (size_t)(end - type), "data",
                     end + sizeof mark - 1);
}

static json_t *part_of(const json_t *part)
{
    const char *type = ai_text_at(part, "type"), *text = ai_text_at(part, "text");

    if (type && !strcmp(type, "image_url"))
        return inline_data(ai_text_at(part, "image_url.url"));
    return text ? json_pack("{s:s}", "text", text) : NULL;
}

/* The parts of a message; NULL when one cannot be said. */
static json_t *parts_of(const json_t *content)
{
    json_auto_t *parts = json_array();

    if (json_is_string(content)) {
        json_array_append_new(parts, json_pack("{s:O}", "text", content));
        return json_incref(parts);
    }
    for (size_t i = 0; i < json_array_size(content); i++)
        if (json_array_append_new(parts, part_of(json_array_get(content, i))) < 0)
            return NULL;
    return json_array_size(parts) ? json_incref(parts) : NULL;
}

static const struct {
    const char *role, *theirs; /* NULL: the instruction, which stands apart */
} roles[] = { { "user", "user" }, { "assistant", "model" }, { "system", NULL }, { "developer", NULL } };

/* Add a message to the body. */
static int message_add(json_t *body, const json_t *message)
{
    const char *role = ai_text_at(message, "role");
    json_t *parts = parts_of(json_object_get(message, "content"));
    size_t i = 0;

    while (i < ELEMENTS(roles) && (!role || strcmp(role, roles[i].role) != 0))
        i++;
    if (!parts || i == ELEMENTS(roles)) {
        json_decref(parts);
        return -EINVAL;
    }
    if (roles[i].theirs)
        return json_array_append_new(json_object_get(body, "contents"),
                                     json_pack("{s:s, s:o}", "role", roles[i].theirs, "parts", parts));
    if (json_object_get(body, "systemInstruction")) {
        json_array_extend(ai_at(body, "systemInstruction.parts"), parts);
        json_decref(parts);
        return 0;
    }
    return json_object_set_new(body, "systemInstruction", json_pack("{s:o}", "parts", parts));
}

static const struct {
    const char *ours, *theirs;
} settings[] = { { "temperature", "temperature" },
                 { "top_p", "topP" },
                 { "max_tokens", "maxOutputTokens" },
                 { "stop", "stopSequences" },
                 { "seed", "seed" } };

static json_t *settings_of(const struct ai_question *question)
{
    json_t *made = json_object();

    for (size_t i = 0; i < ELEMENTS(settings); i++) {
        json_t *value = json_object_get(question->parameters, settings[i].ours);

        if (json_is_string(value)) /* stop may be one text or a list of them; here it is a list */
            json_object_set_new(made, settings[i].theirs, json_pack("[O]", value));
        else if (value)
            json_object_set(made, settings[i].theirs, value);
    }
    if (question->schema) {
        json_object_set_new(made, "responseMimeType", json_string("application/json"));
        json_object_set_new(made, "responseSchema", gemini_schema(question->schema));
    }
    return made;
}

int gemini_chat(void *ctx, const struct ai_question *question, struct provider_request *ret)
{
    json_auto_t *body = json_pack("{s:[], s:o}", "contents", "generationConfig", settings_of(question));
    const json_t *messages = question->messages;

    for (size_t i = 0; i < json_array_size(messages); i++)
        if (message_add(body, json_array_get(messages, i)) < 0)
            return -EINVAL;
    *ret = (struct provider_request){
        .method = PROVIDER_POST,
        .path = FORMAT(ctx, "/models/%s:generateContent", provider_escape(ctx, question->model)),
        .json = json_incref(body),
        .timeout = CHAT_TIMEOUT,
    };
    return 0;
}

/* ---- the answer ---- */

/* The texts of the first candidate's parts, one after another; NULL when there is none. */
static char *candidate_text(void *ctx, const json_t *answer)
{
    const json_t *parts = ai_at(answer, "candidates.0.content.parts");
    char *text = NULL;

    for (size_t i = 0; i < json_array_size(parts); i++) {
        const char *more = ai_text_at(json_array_get(parts, i), "text");

        if (more)
            text = text ? memory_check(talloc_strdup_append(text, more)) : COPY(ctx, more);
    }
    return text;
}

static const char *short_text(void *ctx, const char *text)
{
    return COPY(ctx, text && strlen(text) <= NAME_MAX_LENGTH ? text : "");
}

int gemini_chat_read(void *ctx, const struct ai_question *question, const json_t *answer, struct ai_answer *ret,
                     const char **ret_why)
{
    const char *blocked = ai_text_at(answer, "promptFeedback.blockReason");
    struct ai_answer got = { .text = candidate_text(ctx, answer),
                             .model = short_text(ctx, ai_text_at(answer, "modelVersion")),
                             .finish = short_text(ctx, ai_text_at(answer, "candidates.0.finishReason")),
                             .input = ai_number_at(answer, "usageMetadata.promptTokenCount"),
                             .output = ai_number_at(answer, "usageMetadata.candidatesTokenCount") };
    int r = 0;

    if (!got.text && (blocked || !strcmp(got.finish, "SAFETY"))) {
        got.refused = true;
        got.text = FORMAT(ctx, "The model would not answer (%.40s)", blocked ? blocked : got.finish);
    }
    if (!got.text || strlen(got.text) > AI_TEXT_MAX) {
        *ret_why = got.text ? "the model's answer is too long" : "the answer has no text";
        return -EBADMSG;
    }
    if (question->schema && !got.refused)
        r = ai_answer_parse(ctx, &got, ret_why);
    if (r == 0)
        *ret = got;
    return r;
}

/* ---- the rest ---- */

struct provider_request gemini_models(void)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = "/models?pageSize=1" };
}
