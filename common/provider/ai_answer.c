/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/ai_answer.h"
#include "common/json.h"
#include "common/memory.h"
#include <errno.h>
#include <sodium.h>

/* One step of a path; name is cut at its length. */
static json_t *step(const json_t *value, const char *name, size_t length)
{
    autotalloc char *word = memory_check(talloc_strndup(NULL, name, length));
    char *end;
    unsigned long index;

    if (!json_is_array(value))
        return json_object_get(value, word);
    index = strtoul(word, &end, 10);
    return *end || !*word ? NULL : json_array_get(value, index);
}

json_t *ai_at(const json_t *value, const char *path)
{
    json_t *found = NULL;

    for (size_t n; *path; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        found = step(value, path, n);
        if (!found)
            return NULL;
        value = found;
    }
    return found;
}

const char *ai_text_at(const json_t *value, const char *path)
{
    return json_string_value(ai_at(value, path));
}

long long ai_number_at(const json_t *value, const char *path)
{
    long long number = json_integer_value(ai_at(value, path));

    return number > 0 ? number : 0;
}

json_t *ai_answer_json(const struct ai_answer *answer)
{
    return json_pack("{s:O*, s:s, s:s, s:s, s:{s:I, s:I, s:I}}", "json", answer->json, "text", answer->text, "model",
                     answer->model, "finish", answer->finish, "usage", "prompt_tokens", (json_int_t)answer->input,
                     "completion_tokens", (json_int_t)answer->output, "total_tokens",
                     (json_int_t)(answer->input + answer->output));
}

int ai_answer_parse(void *ctx, struct ai_answer *answer, const char **ret_why)
{
    json_t *value;
    const char *why;

    if (json_parse_strict(ctx, answer->text, strlen(answer->text), &value, &why) < 0) {
        *ret_why = FORMAT(ctx, "the model's answer is not JSON: %s", why);
        return -EBADMSG;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        *ret_why = "the model's answer is JSON, but no object";
        return -EBADMSG;
    }
    answer->json = value;
    return 0;
}

json_t *ai_picture(const char *type, const void *bytes, size_t length)
{
    size_t size = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_ORIGINAL);
    autotalloc char *text = memory_check(talloc_size(NULL, size));
    autotalloc char *url = NULL;

    sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_ORIGINAL);
    url = FORMAT(NULL, "data:%s;base64,%s", type, text);
    return json_pack("{s:s, s:{s:s}}", "type", "image_url", "image_url", "url", url);
}
