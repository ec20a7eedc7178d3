/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/gemini.h"
#include "tests/unit/suite.h"
#include <errno.h>

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    ck_assert_msg(value != NULL, "no JSON: %s", text);
    return value;
}

START_TEST(questions)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *messages = json_of("[{\"role\":\"system\",\"content\":\"Be short\"},"
                                    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What?\"},"
                                    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBO\"}}]},"
                                    "{\"role\":\"assistant\",\"content\":\"A fox\"},"
                                    "{\"role\":\"system\",\"content\":\"And kind\"}]");
    json_auto_t *parameters = json_of("{\"max_tokens\":9,\"top_p\":0.5,\"stop\":\".\",\"n\":3}");
    json_auto_t *schema = json_of("{\"type\":\"object\",\"additionalProperties\":false}");
    struct ai_question question = {
        .model = "gemini-pro", .messages = messages, .parameters = parameters, .schema = schema
    };
    struct provider_request request;
    json_auto_t *wanted =
        json_of("{\"systemInstruction\":{\"parts\":[{\"text\":\"Be short\"},{\"text\":\"And kind\"}]},\"contents\":["
                "{\"role\":\"user\",\"parts\":[{\"text\":\"What?\"},{\"inlineData\":{\"mimeType\":\"image/png\","
                "\"data\":\"iVBO\"}}]},{\"role\":\"model\",\"parts\":[{\"text\":\"A fox\"}]}],\"generationConfig\":{"
                "\"maxOutputTokens\":9,\"topP\":0.5,\"stopSequences\":[\".\"],\"responseMimeType\":"
                "\"application/json\",\"responseSchema\":{\"type\":\"object\"}}}");

    ck_assert_int_eq(gemini_chat(ctx, &question, &request), 0);
    json_auto_t *got = request.json;
    ck_assert_str_eq(request.path, "/models/gemini-pro:generateContent");
    ck_assert_msg(json_equal(got, wanted), "%s", json_dumps(got, JSON_COMPACT));
}
END_TEST

static const char *const odd_messages[] = {
    "[{\"role\":\"user\",\"content\":7}]",
    "[{\"role\":\"user\",\"content\":[]}]",
    "[{\"role\":\"user\"}]",
    "[{\"role\":\"king\",\"content\":\"x\"}]",
    "[{\"content\":\"x\"}]",
    "[7]",
    "[{\"role\":\"user\",\"content\":[7]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/1.png\"}}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":\"data:a;base64,b\"}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png,b\"}}]}]",
};

START_TEST(what_cannot_be_said)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *messages = json_of(odd_messages[_i]);
    struct ai_question question = { .model = "gemini-pro", .messages = messages };
    struct provider_request request;

    ck_assert_int_eq(gemini_chat(ctx, &question, &request), -EINVAL);
}
END_TEST

START_TEST(schemas)
{
    json_auto_t *schema =
        json_of("{\"$schema\":\"x\",\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"a\"],"
                "\"properties\":{\"additionalProperties\":{\"type\":\"string\",\"pattern\":\"x\"},\"a\":{\"type\":"
                "\"array\",\"items\":{\"type\":\"number\",\"exclusiveMinimum\":0}}}}");
    json_auto_t *wanted = json_of("{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"additionalProperties\":"
                                  "{\"type\":\"string\"},\"a\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}}}}");
    json_auto_t *got = gemini_schema(schema), *of_none = json_of("7"), *none = gemini_schema(of_none);

    ck_assert_msg(json_equal(got, wanted), "%s", json_dumps(got, JSON_COMPACT));
    ck_assert_uint_eq(json_object_size(none), 0);
}
END_TEST

START_TEST(answers)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A \"},{\"thought\":true},"
                                  "{\"text\":\"fox\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{"
                                  "\"promptTokenCount\":4,\"candidatesTokenCount\":2},\"modelVersion\":\"g\"}");
    struct ai_question question = { .model = "gemini-pro" };
    struct ai_answer got;
    const char *why;

    ck_assert_int_eq(gemini_chat_read(ctx, &question, answer, &got, &why), 0);
    ck_assert_str_eq(got.text, "A fox");
    ck_assert_str_eq(got.model, "g");
    ck_assert_int_eq(got.input, 4);
    ck_assert_int_eq(got.output, 2);
}
END_TEST

START_TEST(a_refusal)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}");
    struct ai_question question = { .model = "gemini-pro" };
    struct ai_answer got;
    const char *why;

    ck_assert_int_eq(gemini_chat_read(ctx, &question, answer, &got, &why), 0);
    ck_assert(got.refused);
}
END_TEST

static const char *const odd_answers[] = {
    "{}",
    "[]",
    "null",
    "{\"candidates\":[]}",
    "{\"candidates\":{}}",
    "{\"candidates\":[{\"content\":{}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":\"x\"}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":7}]}}]}",
    "{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[]}}],\"promptFeedback\":\"x\"}",
};

START_TEST(answers_that_are_none)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of(odd_answers[_i]);
    struct ai_question question = { .model = "gemini-pro" };
    struct ai_answer got = { .text = "as it was" };
    const char *why = NULL;

    ck_assert_int_eq(gemini_chat_read(ctx, &question, answer, &got, &why), -EBADMSG);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(got.text, "as it was");
}
END_TEST

START_TEST(an_answer_by_a_schema)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *good = json_of("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{\\\"a\\\":1}\"}]}}]}");
    json_auto_t *bad = json_of("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{\\\"a\\\":\"}]}}]}");
    json_auto_t *schema = json_object();
    struct ai_question question = { .model = "gemini-pro", .schema = schema };
    struct ai_answer got;
    const char *why;

    ck_assert_int_eq(gemini_chat_read(ctx, &question, bad, &got, &why), -EBADMSG);
    ck_assert_int_eq(gemini_chat_read(ctx, &question, good, &got, &why), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(got.json, "a")), 1);
    json_decref(got.json);
}
END_TEST

SUITE(gemini)
{
    tcase_add_test(tests, questions);
    tcase_add_loop_test(tests, what_cannot_be_said, 0, (int)ELEMENTS(odd_messages));
    tcase_add_test(tests, schemas);
    tcase_add_test(tests, answers);
    tcase_add_test(tests, a_refusal);
    tcase_add_loop_test(tests, answers_that_are_none, 0, (int)ELEMENTS(odd_answers));
    tcase_add_test(tests, an_answer_by_a_schema);
}
