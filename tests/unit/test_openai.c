/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/openai.h"
#include "tests/unit/suite.h"
#include <errno.h>

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    ck_assert_msg(value != NULL, "no JSON: %s", text);
    return value;
}

/* What a request says, and no more of it. */
static void said(struct provider_request request, const char *path, const char *body)
{
    json_auto_t *wanted = json_of(body), *got = request.json;

    ck_assert_int_eq(request.method, PROVIDER_POST);
    ck_assert_str_eq(request.path, path);
    ck_assert_msg(json_equal(got, wanted), "%s", json_dumps(got, JSON_COMPACT));
}

START_TEST(questions)
{
    json_auto_t *messages = json_of("[{\"role\":\"user\",\"content\":\"Hi\"}]");
    json_auto_t *schema = json_of("{\"type\":\"object\"}");
    json_auto_t *parameters = json_of("{\"temperature\":0.5,\"max_tokens\":9,\"stream\":true,\"n\":50}");
    struct ai_question question = { .model = "gpt-4", .messages = messages };

    said(openai_chat(&question), "/chat/completions",
         "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    question.parameters = parameters;
    question.schema = schema;
    said(openai_chat(&question), "/chat/completions",
         "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"temperature\":0.5,"
         "\"max_tokens\":9,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\","
         "\"strict\":true,\"schema\":{\"type\":\"object\"}}}}");
}
END_TEST

START_TEST(pictures_in_questions)
{
    json_auto_t *part = ai_picture("image/png", "\x89PNG", 4);

    ck_assert_str_eq(ai_text_at(part, "image_url.url"), "data:image/png;base64,iVBORw==");
}
END_TEST

START_TEST(paths_into_answers)
{
    json_auto_t *value = json_of("{\"a\":[{\"b\":\"x\"},{\"b\":7}],\"0\":{\"\":1},\"n\":-3}");

    ck_assert_str_eq(ai_text_at(value, "a.0.b"), "x");
    ck_assert_int_eq(ai_number_at(value, "a.1.b"), 7);
    ck_assert_ptr_null(ai_text_at(value, "a.1.b"));
    ck_assert_ptr_null(ai_at(value, "a.2.b"));
    ck_assert_ptr_null(ai_at(value, "a.b"));
    ck_assert_ptr_null(ai_at(value, "a.1x"));
    ck_assert_ptr_null(ai_at(value, "a..b"));
    ck_assert_ptr_null(ai_at(value, "n.0"));
    ck_assert_int_eq(ai_number_at(value, "n"), 0);
    ck_assert_int_eq(ai_number_at(value, "0"), 0);
    ck_assert_ptr_null(ai_at(NULL, "a"));
}
END_TEST

#define GOOD                                                                                                           \
    "{\"model\":\"gpt-4-0613\",\"choices\":[{\"message\":{\"content\":\"Hello\",\"refusal\":null},"                    \
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}"

START_TEST(answers)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of(GOOD);
    struct ai_question question = { .model = "gpt-4" };
    struct ai_answer got;
    const char *why;

    ck_assert_int_eq(openai_chat_read(ctx, &question, answer, &got, &why), 0);
    ck_assert_str_eq(got.text, "Hello");
    ck_assert_str_eq(got.model, "gpt-4-0613");
    ck_assert_str_eq(got.finish, "stop");
    ck_assert(!got.refused);
    json_auto_t *result = ai_answer_json(&got);
    json_auto_t *wanted = json_of("{\"text\":\"Hello\",\"model\":\"gpt-4-0613\",\"finish\":\"stop\",\"usage\":{"
                                  "\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}");
    ck_assert(json_equal(result, wanted));
}
END_TEST

/* What no well-behaved service says. Each of them is no answer, and is told so. */
static const char *const odd_answers[] = {
    "{}",
    "[]",
    "null",
    "7",
    "\"text\"",
    "{\"choices\":null}",
    "{\"choices\":{}}",
    "{\"choices\":[]}",
    "{\"choices\":[7]}",
    "{\"choices\":[{}]}",
    "{\"choices\":[{\"message\":\"Hello\"}]}",
    "{\"choices\":[{\"message\":{\"content\":null}}]}",
    "{\"choices\":[{\"message\":{\"content\":[\"Hello\"]}}]}",
    "{\"choices\":[{\"message\":{\"content\":7,\"refusal\":\"\"}}]}",
    "{\"error\":{\"message\":\"no\"}}",
};

START_TEST(answers_that_are_none)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of(odd_answers[_i]);
    struct ai_question question = { .model = "gpt-4" };
    struct ai_answer got = { .text = "as it was" };
    const char *why = NULL;

    ck_assert_int_eq(openai_chat_read(ctx, &question, answer, &got, &why), -EBADMSG);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(got.text, "as it was");
}
END_TEST

/* An answer with this text. */
static json_t *answering(const char *text)
{
    return json_pack("{s:s, s:[{s:{s:s}}], s:{s:s, s:i}}", "model", "m", "choices", "message", "content", text, "usage",
                     "prompt_tokens", "many", "completion_tokens", -5);
}

START_TEST(answers_by_a_schema)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = { { "{\"a\": 1}", true },          { "{}", true },        { "", false },
                  { "{\"a\": 1", false },          { "[1]", false },      { "7", false },
                  { "{\"a\":1}{}", false },        { "Sure! {}", false }, { "{\"a\":1,\"a\":2}", false },
                  { "{\"a\":\"\\u0000\"}", false } };
    json_auto_t *schema = json_object();
    struct ai_question question = { .model = "gpt-4", .schema = schema };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        json_auto_t *answer = answering(cases[i].text);
        struct ai_answer got = { .json = NULL };
        const char *why;

        ck_assert_int_eq(openai_chat_read(ctx, &question, answer, &got, &why), cases[i].holds ? 0 : -EBADMSG);
        ck_assert_int_eq(json_is_object(got.json), cases[i].holds);
        ck_assert_int_eq(got.input + got.output, 0);
        json_decref(got.json);
    }
}
END_TEST

START_TEST(a_deep_answer_by_a_schema)
{
    autotalloc void *ctx = talloc_new(NULL);
    char text[4096] = "{\"a\":";
    json_auto_t *schema = json_object();
    struct ai_question question = { .model = "gpt-4", .schema = schema };
    struct ai_answer got;
    const char *why;

    memset(text + 5, '[', sizeof text - 6);
    json_auto_t *answer = answering(text);
    ck_assert_int_eq(openai_chat_read(ctx, &question, answer, &got, &why), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(why, "deep"));
}
END_TEST

START_TEST(a_huge_answer)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = talloc_size(ctx, AI_TEXT_MAX + 2);
    struct ai_question question = { .model = "gpt-4" };
    struct ai_answer got;
    const char *why;

    memset(text, 'x', AI_TEXT_MAX + 1);
    text[AI_TEXT_MAX + 1] = '\0';
    json_auto_t *more = answering(text);
    ck_assert_int_eq(openai_chat_read(ctx, &question, more, &got, &why), -EBADMSG);
    text[AI_TEXT_MAX] = '\0';
    json_auto_t *most = answering(text);
    ck_assert_int_eq(openai_chat_read(ctx, &question, most, &got, &why), 0);
    ck_assert_uint_eq(strlen(got.text), AI_TEXT_MAX);
}
END_TEST

START_TEST(a_refusal)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of("{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"I cannot\"}}]}");
    json_auto_t *schema = json_object();
    struct ai_question question = { .model = "gpt-4", .schema = schema };
    struct ai_answer got;
    const char *why;

    ck_assert_int_eq(openai_chat_read(ctx, &question, answer, &got, &why), 0);
    ck_assert(got.refused);
    ck_assert_str_eq(got.text, "I cannot");
    ck_assert_ptr_null(got.json);
}
END_TEST

START_TEST(pictures)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *answer = json_of("{\"data\":[{\"b64_json\":\"iVBORw==\"},{\"url\":\"https://x/1.png\"},{},7,"
                                  "{\"b64_json\":\"not base64!\"},{\"b64_json\":7}]}");
    struct openai_picture picture;
    const char *why;

    said(openai_images("gpt-image-1", "a fox", 2, "1024x1024"), "/images/generations",
         "{\"model\":\"gpt-image-1\",\"prompt\":\"a fox\",\"n\":2,\"size\":\"1024x1024\"}");
    ck_assert_int_eq(openai_images_count(answer, 4), 4);
    ck_assert_int_eq(openai_images_count(answer, 100), 6);
    ck_assert_int_eq(openai_images_read(ctx, answer, 0, &picture, &why), 0);
    ck_assert_uint_eq(picture.length, 4);
    ck_assert_mem_eq(picture.bytes, "\x89PNG", 4);
    ck_assert_int_eq(openai_images_read(ctx, answer, 1, &picture, &why), 0);
    ck_assert_str_eq(picture.url, "https://x/1.png");
    ck_assert_ptr_null(picture.bytes);
    for (int i = 2; i < 7; i++)
        ck_assert_int_eq(openai_images_read(ctx, answer, i, &picture, &why), -EBADMSG);
}
END_TEST

START_TEST(pictures_that_are_none)
{
    static const char *const odd[] = { "{}", "[]", "null", "{\"data\":{}}", "{\"data\":\"x\"}" };

    for (size_t i = 0; i < ELEMENTS(odd); i++) {
        json_auto_t *answer = json_of(odd[i]);
        ck_assert_int_eq(openai_images_count(answer, 4), -EBADMSG);
    }
}
END_TEST

START_TEST(uploads)
{
    autotalloc void *ctx = talloc_new(NULL);
    static const char data[] = "{\"a\":1}\n{\"b\":\"--\\r\\n--x\"}\n";
    struct provider_request one = openai_upload(ctx, "fine-tune", "data.jsonl", data, sizeof data - 1);
    struct provider_request again = openai_upload(ctx, "fine-tune", "data.jsonl", data, sizeof data - 1);
    const char *boundary = strstr(one.type, "boundary=") + 9;
    char *wanted = FORMAT(ctx,
                          "--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
                          "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"data.jsonl\"\r\n"
                          "Content-Type: application/jsonl\r\n\r\n%s\r\n--%s--\r\n",
                          boundary, boundary, data, boundary);

    ck_assert_uint_eq(one.length, strlen(wanted));
    ck_assert_str_eq(one.body, wanted);
    ck_assert_str_eq(again.body, one.body);
    ck_assert(!one.effect);
}
END_TEST

START_TEST(trainings)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *parameters = json_of("{\"n_epochs\":3,\"seed\":7,\"x\":1}");
    json_auto_t *list =
        json_of("{\"data\":[7,{\"id\":\"a\",\"training_file\":\"f1\"},{\"id\":\"b\",\"training_file\":\"f2\"}]}");
    struct provider_request once = openai_tuning("gpt-4o-mini", "file-1", NULL, NULL);

    ck_assert(once.effect);
    said(once, "/fine_tuning/jobs", "{\"model\":\"gpt-4o-mini\",\"training_file\":\"file-1\"}");
    said(openai_tuning("gpt-4o-mini", "file-1", "mine", parameters), "/fine_tuning/jobs",
         "{\"model\":\"gpt-4o-mini\",\"training_file\":\"file-1\",\"suffix\":\"mine\",\"seed\":7,\"method\":{\"type\":"
         "\"supervised\",\"supervised\":{\"hyperparameters\":{\"n_epochs\":3}}}}");
    ck_assert_str_eq(openai_tuning_find(list, "f2"), "b");
    ck_assert_ptr_null(openai_tuning_find(list, "f3"));
    ck_assert_ptr_null(openai_tuning_find(parameters, "f2"));
    ck_assert_str_eq(openai_tuning_get(ctx, "ftjob-1/../x").path, "/fine_tuning/jobs/ftjob-1%2F..%2Fx");
    ck_assert_str_eq(openai_tuning_cancel(ctx, "ftjob-1").path, "/fine_tuning/jobs/ftjob-1/cancel");
}
END_TEST

START_TEST(states_of_trainings)
{
    static const struct {
        const char *answer;
        int r, state;
    } cases[] = {
        { "{\"id\":\"ftjob-1\",\"status\":\"validating_files\"}", 0, TUNING_RUNS },
        { "{\"id\":\"ftjob-1\",\"status\":\"running\",\"fine_tuned_model\":null}", 0, TUNING_RUNS },
        { "{\"id\":\"ftjob-1\",\"status\":\"succeeded\",\"fine_tuned_model\":\"ft:m\",\"trained_tokens\":9}", 0,
          TUNING_DONE },
        { "{\"id\":\"ftjob-1\",\"status\":\"failed\",\"error\":{\"message\":\"bad file\"}}", 0, TUNING_FAILED },
        { "{\"id\":\"ftjob-1\",\"status\":\"cancelled\",\"error\":\"x\"}", 0, TUNING_CANCELLED },
        { "{\"id\":\"ftjob-1\",\"status\":\"succeeded\"}", -EBADMSG, 0 },
        { "{\"id\":\"ftjob-1\",\"status\":\"succeeded\",\"fine_tuned_model\":7}", -EBADMSG, 0 },
        { "{\"id\":\"ftjob-1\",\"status\":\"Succeeded\"}", -EBADMSG, 0 },
        { "{\"id\":\"\",\"status\":\"running\"}", -EBADMSG, 0 },
        { "{\"id\":\"../x\",\"status\":\"running\"}", -EBADMSG, 0 },
        { "{\"status\":\"running\"}", -EBADMSG, 0 },
        { "{\"id\":\"ftjob-1\"}", -EBADMSG, 0 },
        { "[]", -EBADMSG, 0 },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        json_auto_t *answer = json_of(cases[i].answer);
        struct openai_tuning got = { .state = TUNING_RUNS };
        const char *why;

        ck_assert_int_eq(openai_tuning_read(ctx, answer, &got, &why), cases[i].r);
        ck_assert_int_eq((int)got.state, cases[i].state);
        if (cases[i].r == 0)
            ck_assert_int_eq(got.model != NULL, got.state == TUNING_DONE);
    }
}
END_TEST

SUITE(openai)
{
    tcase_add_test(tests, questions);
    tcase_add_test(tests, pictures_in_questions);
    tcase_add_test(tests, paths_into_answers);
    tcase_add_test(tests, answers);
    tcase_add_loop_test(tests, answers_that_are_none, 0, (int)ELEMENTS(odd_answers));
    tcase_add_test(tests, answers_by_a_schema);
    tcase_add_test(tests, a_deep_answer_by_a_schema);
    tcase_add_test(tests, a_huge_answer);
    tcase_add_test(tests, a_refusal);
    tcase_add_test(tests, pictures);
    tcase_add_test(tests, pictures_that_are_none);
    tcase_add_test(tests, uploads);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, states_of_trainings);
}
