/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/replicate.h"
#include "common/memory.h"
#include "common/provider/ai_answer.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { ID_MAX = 64, TEXT_MAX = AI_TEXT_MAX, PLACE_MAX = 1024 };

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* OWNER/NAME or OWNER/NAME:VERSION, where the version begins; NULL when it is neither. */
static const char *model_end(const char *model)
{
    size_t owner = strspn(model, NAME_CHARACTERS), name;

    if (owner == 0 || model[owner] != '/')
        return NULL;
    name = strspn(model + owner + 1, NAME_CHARACTERS);
    if (name == 0 || (model[owner + 1 + name] && model[owner + 1 + name] != ':'))
        return NULL;
    return model + owner + 1 + name;
}

int replicate_order(void *ctx, const char *model, const json_t *input, struct provider_request *ret)
{
    const char *end = model_end(model);
    const char *version = end && *end ? end + 1 : NULL;

    if (!end || (version && (!*version || version[strspn(version, NAME_CHARACTERS)])))
        return -EINVAL;
    *ret = (struct provider_request){
        .method = PROVIDER_POST,
        .path = version ? "/predictions" : FORMAT(ctx, "/models/%s/predictions", model),
        .json = json_pack("{s:s*, s:O}", "version", version, "input", input),
        .effect = true,
    };
    return 0;
}

struct provider_request replicate_list(const char *place)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = place ? place : "/predictions" };
}

/* It is told as an address of theirs; only its query is taken, so that our key goes nowhere else. */
const char *replicate_next(void *ctx, const json_t *answer)
{
    static const char known[] = "/predictions?";
    const json_t *next = json_object_get(answer, "next");
    const char *text = json_string_value(next), *query = text ? strstr(text, known) : NULL;

    if (!next || json_is_null(next) || (text && !*text))
        return NULL;
    if (!query || strlen(query) > PLACE_MAX || query[strspn(query, NAME_CHARACTERS "/?=&%+~:")])
        return "";
    return COPY(ctx, query);
}

struct provider_request replicate_account(void)
{
    return (struct provider_request){ .method = PROVIDER_GET, .path = "/account" };
}

struct provider_request replicate_get(void *ctx, const char *id)
{
    return (struct provider_request){ .method = PROVIDER_GET,
                                      .path = FORMAT(ctx, "/predictions/%s", provider_escape(ctx, id)) };
}

struct provider_request replicate_cancel(void *ctx, const char *id)
{
    return (struct provider_request){ .method = PROVIDER_POST,
                                      .path = FORMAT(ctx, "/predictions/%s/cancel", provider_escape(ctx, id)) };
}

struct provider_request replicate_fetch(const char *url, size_t max)
{
    return (struct provider_request){ .method = PROVIDER_GET, .url = url, .max = max, .raw = true };
}

static const struct {
    const char *word;
    enum replicate_state state;
} states[] = {
    { "starting", PREDICTION_RUNS }, { "processing", PREDICTION_RUNS },    { "succeeded", PREDICTION_DONE },
    { "failed", PREDICTION_FAILED }, { "canceled", PREDICTION_CANCELLED }, { "aborted", PREDICTION_CANCELLED },
};

static bool id_holds(const char *id)
{
    size_t length = id ? strlen(id) : 0;

    return length > 0 && length <= ID_MAX && !id[strspn(id, NAME_CHARACTERS)];
}

int replicate_read(void *ctx, const json_t *answer, struct replicate_prediction *ret, const char **ret_why)
{
    const char *word = ai_text_at(answer, "status"), *id = ai_text_at(answer, "id"),
               *error = ai_text_at(answer, "error");
    size_t i = 0;

    while (i < ELEMENTS(states) && (!word || strcmp(word, states[i].word) != 0))
        i++;
    if (i == ELEMENTS(states) || !id_holds(id)) {
        *ret_why = "the answer is no prediction";
        return -EBADMSG;
    }
    *ret = (struct replicate_prediction){
        .id = COPY(ctx, id),
        .state = states[i].state,
        .output = states[i].state == PREDICTION_DONE ? json_object_get(answer, "output") : NULL,
        .error = COPY(ctx, error ? error : ""),
    };
    return 0;
}

/* A list names the model without its version. */
static bool model_same(const json_t *one, const char *model)
{
    const char *named = ai_text_at(one, "model"), *version = ai_text_at(one, "version"), *end = model_end(model);
    size_t length = end ? (size_t)(end - model) : 0;

    if (!named || strlen(named) != length || strncmp(named, model, length) != 0)
        return false;
    return !*end || (version && !strcmp(version, end + 1));
}

/* Numbers are compared by what they are: 1 may come back as 1.0. */
static bool value_same(const json_t *one, const json_t *other)
{
    const json_t *value;
    const char *name;
    size_t i;

    if (json_is_number(one) && json_is_number(other))
        return json_number_value(one) == json_number_value(other);
    if (!one || !other || json_typeof(one) != json_typeof(other) || json_object_size(one) != json_object_size(other) ||
        json_array_size(one) != json_array_size(other))
        return false;
    json_array_foreach(one, i, value) if (!value_same(value, json_array_get(other, i))) return false;
    json_object_foreach((json_t *)(uintptr_t)one, name,
                        value) if (!value_same(value, json_object_get(other, name))) return false;
    return json_is_array(one) || json_is_object(one) || json_equal(one, other);
}

/* When it was ordered, "2024-01-15T12:00:00.123Z"; -1: it does not say so. */
static time_t ordered_at(const json_t *entry)
{
    const char *text = ai_text_at(entry, "created_at");
    struct tm utc = { 0 };

    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) ? timegm(&utc) : -1;
}

enum replicate_like replicate_listed(const json_t *entry, const struct replicate_wanted *wanted, const char **ret_id)
{
    const char *id = ai_text_at(entry, "id");
    time_t at = ordered_at(entry);

    if (at != -1 && at < wanted->since)
        return LISTED_OLD;
    if (!id_holds(id) || !model_same(entry, wanted->model))
        return LISTED_OTHER;
    if (!json_is_true(json_object_get(entry, "data_removed")) &&
        !value_same(json_object_get(entry, "input"), wanted->input))
        return LISTED_OTHER;
    *ret_id = id;
    return json_is_true(json_object_get(entry, "data_removed")) ? LISTED_MAYBE : LISTED_SAME;
}

const json_t *replicate_page(const json_t *answer)
{
    const json_t *page = json_object_get(answer, "results");

    return json_is_array(page) ? page : NULL;
}

char *replicate_text(void *ctx, const json_t *output)
{
    char *text = COPY(ctx, json_is_string(output) ? json_string_value(output) : "");

    if (!json_is_string(output) && !json_is_array(output))
        return NULL;
    for (size_t i = 0; i < json_array_size(output); i++) {
        const char *piece = json_string_value(json_array_get(output, i));

        if (!piece)
            return NULL;
        text = memory_check(talloc_strdup_append_buffer(text, piece));
    }
    return strlen(text) <= TEXT_MAX ? text : NULL;
}

const char *replicate_url(const json_t *output, size_t i)
{
    if (json_is_array(output))
        return json_string_value(json_array_get(output, i));
    return i == 0 ? json_string_value(output) : NULL;
}
