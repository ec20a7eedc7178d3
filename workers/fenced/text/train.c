/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/train.h"
#include "common/memory.h"
#include <errno.h>
#include <linear.h>
#include <math.h>

/* ---- labels ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int labels_find(void *ctx, const struct training *training, struct classifier *to, const char **ret_why)
{
    const char **all = memory_check(talloc_array(ctx, const char *, training->count + 1));

    for (size_t i = 0; i < training->count; i++) {
        size_t length = strlen(training->examples[i].label);

        if (length == 0 || length > CLASSIFIER_LABEL_MAX) {
            *ret_why = "a label is empty or longer than 64 bytes";
            return -EINVAL;
        }
        all[i] = training->examples[i].label;
    }
    qsort(all, training->count, sizeof *all, by_text);
    for (size_t i = 0; i < training->count; i++)
        if (to->labels == 0 || strcmp(all[to->labels - 1], all[i]) != 0)
            all[to->labels++] = all[i];
    if (to->labels < 2 || to->labels > CLASSIFIER_LABELS_MAX) {
        *ret_why = to->labels < 2 ? "there must be examples of two labels at least" : "there are more than 64 labels";
        return -EINVAL;
    }
    to->label = memory_check(talloc_array(to, const char *, to->labels));
    for (size_t i = 0; i < to->labels; i++)
        to->label[i] = COPY(to, all[i]);
    return 0;
}

static size_t label_place(const struct classifier *of, const char *label)
{
    const char **found = bsearch(&label, of->label, of->labels, sizeof *of->label, by_text);

    return (size_t)(found - of->label);
}

/* ---- features ---- */

/* An example's features. */
struct row {
    struct feature *list;
    size_t count;
};

/* Which features there are, and how rare: those that more examples have say less. */
static void features_find(void *ctx, struct classifier *to, const struct row *rows, size_t count)
{
    uint32_t *seen = memory_check(talloc_zero_array(ctx, uint32_t, CLASSIFIER_BUCKETS));

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < rows[i].count; k++)
            to->features += seen[rows[i].list[k].index]++ == 0;
    to->weights = memory_check(talloc_zero_array(to, struct weights, to->features));
    for (uint32_t index = 0, place = 0; index < CLASSIFIER_BUCKETS; index++)
        if (seen[index])
            to->weights[place++] =
                (struct weights){ index, logf((1 + (float)count) / (1 + (float)seen[index])) + 1, NULL };
    talloc_free(seen);
}

/* A row as liblinear takes it: places counted from 1, the bias last, -1 for the end. */
static struct feature_node *nodes_of(void *ctx, const struct classifier *of, struct row *row)
{
    struct feature_node *nodes;

    row->count = classifier_weigh(of, row->list, row->count);
    nodes = memory_check(talloc_array(ctx, struct feature_node, row->count + 2));
    for (size_t i = 0; i < row->count; i++)
        nodes[i] = (struct feature_node){ (int)row->list[i].index + 1, (double)row->list[i].value };
    nodes[row->count] = (struct feature_node){ (int)of->features + 1, 1 };
    nodes[row->count + 1] = (struct feature_node){ -1, 0 };
    return nodes;
}

static struct problem *problem_of(void *ctx, const struct training *training, struct classifier *of)
{
    struct row *rows = memory_check(talloc_array(ctx, struct row, training->count));
    struct problem *problem = NEW(ctx, struct problem);

    for (size_t i = 0; i < training->count; i++)
        rows[i].count = features_of(rows, training->examples[i].text, &rows[i].list);
    features_find(ctx, of, rows, training->count);
    problem->l = (int)training->count;
    problem->n = (int)of->features + 1;
    problem->bias = 1;
    problem->x = memory_check(talloc_array(problem, struct feature_node *, training->count));
    problem->y = memory_check(talloc_array(problem, double, training->count));
    for (size_t i = 0; i < training->count; i++) {
        problem->x[i] = nodes_of(problem, of, &rows[i]);
        problem->y[i] = (double)label_place(of, training->examples[i].label);
    }
    talloc_free(rows);
    return problem;
}

/* ---- weights ---- */

/* liblinear keeps the labels in the order it met them, and of two labels the weights of the first alone. */
static double weight_of(const struct model *model, int place, int label)
{
    if (model->nr_class == 2)
        return model->label[0] == label ? model->w[place] : -model->w[place];
    for (int k = 0; k < model->nr_class; k++)
        if (model->label[k] == label)
            return model->w[place * model->nr_class + k];
    return 0;
}

static void weights_take(struct classifier *to, const struct model *model)
{
    float *w = memory_check(talloc_array(to, float, to->features * to->labels));

    to->bias = memory_check(talloc_array(to, float, to->labels));
    for (size_t i = 0; i < to->features; i++, w += to->labels) {
        to->weights[i].w = w;
        for (size_t k = 0; k < to->labels; k++)
            w[k] = (float)weight_of(model, (int)i, (int)k);
    }
    for (size_t k = 0; k < to->labels; k++)
        to->bias[k] = (float)weight_of(model, (int)to->features, (int)k);
}

static void say_nothing(const char *text)
{
    (void)text;
}

/* liblinear shuffles by rand(): begun at the same place, it comes to the same folds. */
static double accuracy_of(void *ctx, const struct problem *problem, const struct parameter *parameter)
{
    double *guessed = memory_check(talloc_array(ctx, double, (size_t)problem->l));
    int right = 0, folds = problem->l < TRAIN_FOLDS ? problem->l : TRAIN_FOLDS;

    srand(1);
    cross_validation(problem, parameter, folds, guessed);
    for (int i = 0; i < problem->l; i++)
        right += guessed[i] == problem->y[i];
    return (double)right / problem->l;
}

int classifier_train(void *ctx, const struct training *training, struct classifier **ret, double *ret_accuracy,
                     const char **ret_why)
{
    autotalloc void *scratch = talloc_new(NULL);
    autotalloc struct classifier *made = NEW(ctx, struct classifier);
    const struct parameter parameter = { .solver_type = L2R_LR, .C = training->cost, .eps = 0.01 };
    struct problem *problem;
    struct model *model;
    int r = labels_find(scratch, training, made, ret_why);

    if (r < 0)
        return r;
    set_print_string_function(say_nothing);
    problem = problem_of(scratch, training, made);
    if (made->features == 0) {
        *ret_why = "the examples' texts have no words";
        return -EINVAL;
    }
    *ret_accuracy = accuracy_of(scratch, problem, &parameter);
    srand(1);
    model = memory_check(train(problem, &parameter));
    weights_take(made, model);
    free_and_destroy_model(&model);
    *ret = TAKE(made);
    return 0;
}
