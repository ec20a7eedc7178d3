/* SPDX-License-Identifier: GPL-3.0-or-later
 * Train a classifier of texts by logistic regression (liblinear), one label against the rest. The same examples and
 * settings make the same model. */
#ifndef MILLRACE_TRAIN_H
#define MILLRACE_TRAIN_H
#include "common/classifier.h"

enum { TRAIN_EXAMPLES_MAX = 50000, TRAIN_FOLDS = 5 };

struct example {
    const char *text, *label;
};

struct training {
    const struct example *examples;
    size_t count;
    double cost; /* what a mistake weighs against large weights: greater fits the examples more closely */
};

/* The model, on ctx, its labels in the order of strcmp(). accuracy: the share of examples that models trained without
 * them (TRAIN_FOLDS parts, in turn) get right. -EINVAL: fewer than two labels, more than CLASSIFIER_LABELS_MAX, one
 * that is empty or too long, or no example has a feature; a sentence in *ret_why says which. */
int classifier_train(void *ctx, const struct training *training, struct classifier **ret, double *ret_accuracy,
                     const char **ret_why);
#endif
