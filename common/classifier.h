/* SPDX-License-Identifier: GPL-3.0-or-later
 * Linear classifiers of texts: what a text's features are, and which label a trained model gives it. Training is
 * elsewhere (workers/fenced/text/train.h); a model is a small file that any process may read and that nobody need
 * trust. Nothing here depends on the locale, the machine or chance. */
#ifndef MILLRACE_CLASSIFIER_H
#define MILLRACE_CLASSIFIER_H
#include <stddef.h>
#include <stdint.h>

enum {
    CLASSIFIER_LABELS_MAX = 64,
    CLASSIFIER_LABEL_MAX = 64,       /* bytes */
    CLASSIFIER_BUCKETS = 1 << 18,    /* features are hashed into so many */
    CLASSIFIER_TEXT_MAX = 16384,     /* bytes of a text that are looked at */
    CLASSIFIER_FILE_MAX = 128 << 20, /* bytes */
};

/* Words and pairs of words, and runs of three to five bytes within words. Letters of ASCII count as small ones. */
struct feature {
    uint32_t index; /* below CLASSIFIER_BUCKETS */
    float value;    /* how often, damped: 1 + ln(count) */
};

/* The features of a text in the order of their indices, on ctx; their number. */
size_t features_of(void *ctx, const char *text, struct feature **ret);

/* What training has found of one feature. */
struct weights {
    uint32_t index;
    float idf;      /* what its value is multiplied with, before all values of a text are brought to length 1 */
    const float *w; /* one a label */
};

struct classifier {
    size_t labels, features;
    const char **label;
    float *bias;             /* one a label */
    struct weights *weights; /* in the order of their indices */
};

/* A model as a file: *ret on ctx, and its length. */
size_t classifier_write(void *ctx, const struct classifier *classifier, void **ret);
/* A file as a model, on ctx. -EBADMSG: it is none, or is damaged. */
int classifier_read(void *ctx, const void *file, size_t length, struct classifier **ret);

/* Bring a text's features to what the model takes: those that it knows, weighted, of length 1. Their number; *features
 * changes in place, indices become places in classifier->weights. */
size_t classifier_weigh(const struct classifier *classifier, struct feature *features, size_t count);

/* How likely each label is (chances[classifier->labels], together 1); the likeliest one's place, the first of equals.
 */
size_t classifier_guess(const struct classifier *classifier, const char *text, double *chances);
#endif
