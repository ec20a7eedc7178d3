/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/ai/ai_examples.h"
#include "common/json.h"
#include "common/memory.h"

/* One example in the provider's form: a new value, NULL when it is none. */
static json_t *example_of(const json_t *example)
{
    json_t *messages = json_object_get(example, "messages");
    const char *prompt = json_string_value(json_object_get(example, "prompt"));
    const char *completion = json_string_value(json_object_get(example, "completion"));

    if (json_array_size(messages))
        return json_pack("{s:O}", "messages", messages);
    if (!prompt || !completion)
        return NULL;
    return json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "messages", "role", "user", "content", prompt, "role", "assistant",
                     "content", completion);
}

char *examples_lines(void *ctx, const json_t *examples, size_t *ret_bad)
{
    char *lines = COPY(ctx, "");

    for (size_t i = 0; i < json_array_size(examples); i++) {
        json_auto_t *one = example_of(json_array_get(examples, i));
        autotalloc char *line = NULL;

        if (!one) {
            *ret_bad = i;
            return NULL;
        }
        line = json_text(NULL, one);
        lines = memory_check(talloc_asprintf_append_buffer(lines, "%s\n", line));
    }
    return lines;
}
