/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/classifier.h"
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/direct/ai/category.h"

/* What the model has not seen. */
static const struct {
    const char *text, *category;
} asked[] = {
    { "Write a Python script that downloads a web page", "coding" },
    { "Implement quicksort in Java", "coding" },
    { "Give me a SQL query that sums sales per month", "coding" },
    { "Create a function that checks if a number is prime", "coding" },
    { "write a regex for phone numbers", "coding" },
    { "Help me debug this: def f(x): return x.foo, AttributeError", "debug" },
    { "My program crashes with a segmentation fault", "debug" },
    { "I get an error: undefined is not a function", "debug" },
    { "Why does my query fail with a syntax error?", "debug" },
    { "TypeError: cannot read property of undefined, fix it", "debug" },
    { "Explain how a hash table works", "explain" },
    { "What is the difference between TCP and HTTP?", "explain" },
    { "How does gravity work?", "explain" },
    { "What is a pointer?", "explain" },
    { "Explain inheritance in simple words", "explain" },
    { "Tell me a joke about cats", "general" },
    { "What should I eat today?", "general" },
    { "Hello, how are you doing", "general" },
    { "Recommend a movie for tonight", "general" },
    { "Translate thank you to French", "general" },
};

START_TEST(new_questions)
{
    size_t right = 0;

    for (size_t i = 0; i < ELEMENTS(asked); i++) {
        double confidence;

        right += !strcmp(category_of(asked[i].text, &confidence), asked[i].category);
        ck_assert_double_gt(confidence, 0.25);
        ck_assert_double_le(confidence, 1);
    }
    ck_assert_uint_ge(right, ELEMENTS(asked) * 9 / 10);
}
END_TEST

START_TEST(any_text_has_one)
{
    static const char *const odd[] = { "", " ", "日本語", "🦊", "%s%n", "\x01", "ééé" };

    for (size_t i = 0; i < ELEMENTS(odd); i++) {
        double confidence;

        ck_assert_ptr_nonnull(category_of(odd[i], &confidence));
    }
}
END_TEST

START_TEST(languages)
{
    ck_assert_str_eq(language_of("Help me debug this Python function"), "python");
    ck_assert_str_eq(language_of("def f(x): return x"), "python");
    ck_assert_str_eq(language_of("a query in SQL"), "sql");
    ck_assert_str_eq(language_of("Java or not"), "java");
    ck_assert_str_eq(language_of("JAVASCRIPT!"), "javascript");
    ck_assert_ptr_null(language_of("Tell me a joke"));
    ck_assert_ptr_null(language_of("an undefined thing, pythonic"));
    ck_assert_ptr_null(language_of(""));
}
END_TEST

START_TEST(complexity)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *code = COPY(ctx, "");

    for (int i = 0; i < 100; i++)
        code = memory_check(talloc_strdup_append(code, "if (a[i] == b) { x(); }\n"));
    ck_assert_double_eq(complexity_of(""), 0);
    ck_assert_double_lt(complexity_of("Hi"), 0.05);
    ck_assert_double_eq(complexity_of(code), 1);
    ck_assert_double_gt(complexity_of("while (i < 10) { print(i); }"), complexity_of("while i is below ten, print it"));
}
END_TEST

SUITE(category)
{
    tcase_add_test(tests, new_questions);
    tcase_add_test(tests, any_text_has_one);
    tcase_add_test(tests, languages);
    tcase_add_test(tests, complexity);
}
