/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/ai/category.h"
#include "common/classifier.h"
#include "common/memory.h"
#include "workers/direct/ai/category_model.h"
#include <math.h>
#include <stdbool.h>
#include <strings.h>

const char *category_of(const char *text, double *ret_confidence)
{
    static const char *const names[] = { "coding", "debug", "explain", "general" };
    autotalloc void *ctx = talloc_new(NULL);
    double chances[CLASSIFIER_LABELS_MAX];
    struct classifier *model;
    size_t best, i = 0;

    if (classifier_read(ctx, category_model, category_model_length, &model) < 0)
        abort(); /* it was made with the program */
    best = classifier_guess(model, text, chances);
    while (i + 1 < ELEMENTS(names) && strcmp(names[i], model->label[best]) != 0)
        i++;
    *ret_confidence = round(chances[best] * 100) / 100;
    return names[i];
}

/* The words that name one; of a text the first of them that it has. */
static const struct {
    const char *word, *language;
} languages[] = {
    { "python", "python" },
    { "pandas", "python" },
    { "django", "python" },
    { "flask", "python" },
    { "javascript", "javascript" },
    { "react", "javascript" },
    { "npm", "javascript" },
    { "typescript", "typescript" },
    { "java", "java" },
    { "rust", "rust" },
    { "golang", "go" },
    { "php", "php" },
    { "ruby", "ruby" },
    { "sql", "sql" },
    { "postgres", "sql" },
    { "bash", "shell" },
    { "css", "css" },
    { "html", "html" },
    { "kotlin", "kotlin" },
    { "swift", "swift" },
    { "def", "python" },
    { "traceback", "python" },
    { "function", "javascript" },
    { "select", "sql" },
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; *at; at++)
        if ((at == text || !is_letter(at[-1])) && !strncasecmp(at, word, length) && !is_letter(at[length]))
            return true;
    return false;
}

const char *language_of(const char *text)
{
    for (size_t i = 0; i < ELEMENTS(languages); i++)
        if (has_word(text, languages[i].word))
            return languages[i].language;
    return NULL;
}

double complexity_of(const char *text)
{
    size_t length = strlen(text), marks = 0;
    double by_length = length < 800 ? (double)length / 800 : 1, by_code;

    for (const char *at = text; *at; at++)
        marks += strchr("(){}[]<>=;_\\$#&|", *at) != NULL;
    by_code = length ? fmin(1, 10.0 * (double)marks / (double)length) : 0;
    return round((0.6 * by_length + 0.4 * by_code) * 100) / 100;
}
