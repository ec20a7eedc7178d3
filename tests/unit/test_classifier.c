/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/classifier.h"
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/text/train.h"
#include <errno.h>
#include <math.h>

static const struct example moods[] = {
    { "I love this, it is wonderful", "good" },       { "What a great day, thank you", "good" },
    { "Lovely work, I am very happy", "good" },       { "Excellent, it works and I like it", "good" },
    { "The best thing I have seen", "good" },         { "I hate this, it is terrible", "bad" },
    { "What an awful day, go away", "bad" },          { "Poor work, I am very angry", "bad" },
    { "Horrible, it fails and I dislike it", "bad" }, { "The worst thing I have seen", "bad" },
};

static const struct example tongues[] = {
    { "the house is on the hill", "en" },     { "we are going to the sea", "en" },
    { "this is what they said", "en" },       { "das Haus ist auf dem Berg", "de" },
    { "wir gehen heute an die See", "de" },   { "das haben sie gesagt", "de" },
    { "la maison est sur la colline", "fr" }, { "nous allons à la mer", "fr" },
    { "c'est ce qu'ils ont dit", "fr" },
};

static struct classifier *trained(void *ctx, const struct example *examples, size_t count, double *ret_accuracy)
{
    const struct training training = { .examples = examples, .count = count, .cost = 10 };
    struct classifier *made;
    const char *why;

    ck_assert_int_eq(classifier_train(ctx, &training, &made, ret_accuracy, &why), 0);
    return made;
}

static const char *guessed(const struct classifier *by, const char *text)
{
    double chances[CLASSIFIER_LABELS_MAX], sum = 0;
    size_t best = classifier_guess(by, text, chances);

    for (size_t i = 0; i < by->labels; i++) {
        ck_assert_double_ge(chances[i], 0);
        ck_assert_double_le(chances[i], chances[best]);
        sum += chances[i];
    }
    ck_assert_double_eq_tol(sum, 1, 1e-9);
    return by->label[best];
}

START_TEST(features)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct feature *one, *again, *none;
    size_t count = features_of(ctx, "Fox fox FOX", &one);
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        ck_assert(i == 0 || one[i - 1].index < one[i].index);
        ck_assert_uint_lt(one[i].index, CLASSIFIER_BUCKETS);
        found += fabsf(one[i].value - (1 + logf(3))) < 1e-6F;
    }
    ck_assert_uint_ge(found, 7); /* the word, and the runs of <fox> */
    ck_assert_uint_eq(features_of(ctx, " fox\tfox\nfox ", &again), count);
    ck_assert_mem_eq(one, again, count * sizeof *one);
    ck_assert_uint_eq(features_of(ctx, " \t\n", &none), 0);
    ck_assert_uint_eq(features_of(ctx, "", &none), 0);
}
END_TEST

START_TEST(a_text_without_end_is_cut)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = talloc_size(ctx, 1 << 20);
    struct feature *list;

    for (size_t i = 0; i < (1 << 20) - 1; i++)
        text[i] = (char)('a' + i * i % 26);
    text[(1 << 20) - 1] = '\0';
    ck_assert_uint_le(features_of(ctx, text, &list), 200); /* a word is looked at up to its 32nd byte */
    for (size_t i = 7; i < (1 << 20) - 1; i += 8)
        text[i] = ' ';
    ck_assert_uint_le(features_of(ctx, text, &list), CLASSIFIER_TEXT_MAX * 4);
}
END_TEST

START_TEST(two_labels)
{
    autotalloc void *ctx = talloc_new(NULL);
    double accuracy;
    struct classifier *made = trained(ctx, moods, ELEMENTS(moods), &accuracy);

    ck_assert_uint_eq(made->labels, 2);
    ck_assert_str_eq(made->label[0], "bad");
    for (size_t i = 0; i < ELEMENTS(moods); i++)
        ck_assert_str_eq(guessed(made, moods[i].text), moods[i].label);
    ck_assert_str_eq(guessed(made, "wonderful, I am happy"), "good");
    ck_assert_str_eq(guessed(made, "terrible, I am angry"), "bad");
    ck_assert_double_ge(accuracy, 0);
    ck_assert_double_le(accuracy, 1);
}
END_TEST

START_TEST(three_labels)
{
    autotalloc void *ctx = talloc_new(NULL);
    double accuracy;
    struct classifier *made = trained(ctx, tongues, ELEMENTS(tongues), &accuracy);

    ck_assert_uint_eq(made->labels, 3);
    for (size_t i = 0; i < ELEMENTS(tongues); i++)
        ck_assert_str_eq(guessed(made, tongues[i].text), tongues[i].label);
    ck_assert_str_eq(guessed(made, "das ist das Haus"), "de");
    ck_assert_str_eq(guessed(made, "the house is what they said"), "en");
    ck_assert_str_eq(guessed(made, "la maison est à la mer"), "fr");
    guessed(made, ""); /* of nothing, too, chances are chances */
}
END_TEST

START_TEST(the_same_makes_the_same)
{
    autotalloc void *ctx = talloc_new(NULL);
    double one_accuracy, other_accuracy;
    void *one, *other;
    size_t length = classifier_write(ctx, trained(ctx, tongues, ELEMENTS(tongues), &one_accuracy), &one);

    ck_assert_uint_eq(classifier_write(ctx, trained(ctx, tongues, ELEMENTS(tongues), &other_accuracy), &other), length);
    ck_assert_mem_eq(one, other, length);
    ck_assert_double_eq(one_accuracy, other_accuracy);
}
END_TEST

START_TEST(accuracy_is_what_was_not_seen)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct example rows[60];
    double accuracy;

    for (size_t i = 0; i < ELEMENTS(rows); i++) /* labels that nothing in the texts tells */
        rows[i] = (struct example){ FORMAT(ctx, "word%zu", i), i % 2 ? "odd" : "even" };
    trained(ctx, rows, ELEMENTS(rows), &accuracy);
    ck_assert_double_le(accuracy, 0.75);
    for (size_t i = 0; i < ELEMENTS(rows); i++)
        rows[i].text = i % 2 ? "one of these" : "some other thing";
    trained(ctx, rows, ELEMENTS(rows), &accuracy);
    ck_assert_double_eq(accuracy, 1);
}
END_TEST

START_TEST(what_cannot_be_trained)
{
    static const struct example same[] = { { "a", "x" }, { "b", "x" } }, empty[] = { { "a", "" }, { "b", "x" } },
                                wordless[] = { { "", "x" }, { " ", "y" } };
    const struct training of_one = { same, 2, 1 }, of_empty = { empty, 2, 1 }, of_none = { same, 0, 1 },
                          of_wordless = { wordless, 2, 1 };
    const struct training *const cases[] = { &of_one, &of_empty, &of_none, &of_wordless };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        struct classifier *made = NULL;
        const char *why = NULL;
        double accuracy;

        ck_assert_int_eq(classifier_train(ctx, cases[i], &made, &accuracy, &why), -EINVAL);
        ck_assert_ptr_null(made);
        ck_assert_ptr_nonnull(why);
    }
}
END_TEST

START_TEST(a_file_is_read_as_it_was_written)
{
    autotalloc void *ctx = talloc_new(NULL);
    double accuracy, chances[CLASSIFIER_LABELS_MAX], again[CLASSIFIER_LABELS_MAX];
    struct classifier *made = trained(ctx, tongues, ELEMENTS(tongues), &accuracy), *read;
    void *file;
    size_t length = classifier_write(ctx, made, &file);

    ck_assert_int_eq(classifier_read(ctx, file, length, &read), 0);
    ck_assert_uint_eq(classifier_guess(made, "the house", chances), classifier_guess(read, "the house", again));
    for (size_t i = 0; i < made->labels; i++)
        ck_assert_double_eq(chances[i], again[i]);
}
END_TEST

START_TEST(damaged_files)
{
    autotalloc void *ctx = talloc_new(NULL);
    double accuracy;
    char *file, *copy;
    size_t length = classifier_write(ctx, trained(ctx, moods, ELEMENTS(moods), &accuracy), (void **)(void *)&file);
    struct classifier *read;

    for (size_t cut = 0; cut < length; cut += cut < 200 ? 1 : 97) {
        copy = memory_check(talloc_memdup(ctx, file, cut + !cut)); /* of its own, so that a byte too far is seen */
        ck_assert_int_eq(classifier_read(ctx, copy, cut, &read), -EBADMSG);
        talloc_free(copy);
    }
    copy = memory_check(talloc_size(ctx, length + 1));
    memcpy(copy, file, length);
    copy[length] = 0;
    ck_assert_int_eq(classifier_read(ctx, copy, length + 1, &read), -EBADMSG);
    for (size_t i = 0; i < length; i++) { /* a changed byte makes another model or none, and no harm */
        copy[i] ^= 0x55;
        if (classifier_read(ctx, copy, length, &read) == 0) {
            guessed(read, "what a day");
            talloc_free(read);
        }
        copy[i] ^= 0x55;
    }
}
END_TEST

SUITE(classifier)
{
    tcase_add_test(tests, features);
    tcase_add_test(tests, a_text_without_end_is_cut);
    tcase_add_test(tests, two_labels);
    tcase_add_test(tests, three_labels);
    tcase_add_test(tests, the_same_makes_the_same);
    tcase_add_test(tests, accuracy_is_what_was_not_seen);
    tcase_add_test(tests, what_cannot_be_trained);
    tcase_add_test(tests, a_file_is_read_as_it_was_written);
    tcase_add_test(tests, damaged_files);
}
