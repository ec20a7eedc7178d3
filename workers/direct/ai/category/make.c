/* SPDX-License-Identifier: GPL-3.0-or-later
 * make-category EXAMPLES: train the model of categories and write it as C. Run when Millrace is built. */
#include "common/memory.h"
#include "workers/fenced/text/train.h"

enum { EXAMPLES_MAX = 2000 };

static size_t examples_read(void *ctx, FILE *from, struct example *examples)
{
    autofree char *line = NULL;
    size_t size = 0, count = 0;

    while (count < EXAMPLES_MAX && getline(&line, &size, from) > 0) {
        char *tab = strchr(line, '\t');

        line[strcspn(line, "\n")] = '\0';
        if (!tab)
            continue;
        *tab = '\0';
        examples[count++] = (struct example){ .label = COPY(ctx, line), .text = COPY(ctx, tab + 1) };
    }
    return count;
}

static void model_print(const unsigned char *file, size_t length, double accuracy, size_t count)
{
    printf("/* Made of %zu examples; of those that it has not seen, the model gets %.0f %% right. */\n"
           "#include \"workers/direct/ai/category_model.h\"\nconst unsigned char category_model[%zu] = {",
           count, accuracy * 100, length);
    for (size_t i = 0; i < length; i++)
        printf("%s%d,", i % 24 ? "" : "\n", file[i]);
    printf("\n};\nconst size_t category_model_length = %zu;\n", length);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct example *examples = talloc_array(ctx, struct example, EXAMPLES_MAX);
    struct training training = { .examples = examples, .cost = 10 };
    FILE *from = argc == 2 ? fopen(argv[1], "re") : NULL;
    struct classifier *made;
    const char *why = "the examples cannot be read";
    double accuracy;
    void *file;

    memory_init();
    if (from)
        training.count = examples_read(ctx, from, examples);
    if (!from || classifier_train(ctx, &training, &made, &accuracy, &why) < 0) {
        fprintf(stderr, "make-category: %s\n", why);
        return 1;
    }
    fclose(from);
    size_t length = classifier_write(ctx, made, &file);
    model_print(file, length, accuracy, training.count);
    return 0;
}
