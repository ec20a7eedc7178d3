/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.fit: a classifier of texts from the labelled examples in in/data, {"examples": [{"text", "label"}]}; the model is
 * left as the file "model". Result: {"file", "accuracy", "examples", "labels", "features"}.
 * ai.classify: what such a model, in/model, says of a text. Result: {"model_id", "output": label, "metadata":
 * {"provider": "local", "confidence", "labels": {label: chance}}}. */
#include "common/json.h"
#include "common/memory.h"
#include "workers/fenced/text/train.h"
#include "workers/kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATA_MAX = 16 << 20 };

/* A whole file of the folder, on ctx; NULL: it cannot be read, or is larger than max. */
static void *file_read(void *ctx, const char *name, size_t max, size_t *ret_length)
{
    autoclose int from = open(name, O_RDONLY | O_CLOEXEC);
    struct stat status;
    size_t length, at = 0;
    char *bytes;

    if (from < 0 || fstat(from, &status) < 0 || (size_t)status.st_size > max)
        return NULL;
    length = (size_t)status.st_size;
    bytes = memory_check(talloc_size(ctx, length + 1));
    for (ssize_t n; at < length && (n = read(from, bytes + at, length - at)) > 0;)
        at += (size_t)n;
    *ret_length = length;
    return at == length ? bytes : NULL;
}

static int file_write(const char *name, const void *bytes, size_t length)
{
    autoclose int to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const char *from = bytes;

    while (to >= 0 && length > 0) {
        ssize_t n = write(to, from, length);

        if (n < 0)
            return -errno;
        from += n;
        length -= (size_t)n;
    }
    return to < 0 ? -errno : 0;
}

/* ---- ai.fit ---- */

/* The examples of the data; they point into it. 0, or what the function is to return. */
static int examples_take(struct job *job, const json_t *data, struct training *ret)
{
    const json_t *list = json_object_get(data, "examples");
    size_t count = json_array_size(list);
    struct example *examples = memory_check(talloc_array(job, struct example, count + 1));

    if (count > TRAIN_EXAMPLES_MAX)
        return job_bury(job, "there are more than %d examples", TRAIN_EXAMPLES_MAX);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);

        examples[i].text = json_string_value(json_object_get(one, "text"));
        examples[i].label = json_string_value(json_object_get(one, "label"));
        if (!examples[i].text || !examples[i].label)
            return job_bury(job, "example %zu has no text or no label", i + 1);
    }
    ret->examples = examples;
    ret->count = count;
    return 0;
}

static int model_leave(struct job *job, const struct training *training, const struct classifier *made, double accuracy)
{
    void *file;
    size_t length = classifier_write(job, made, &file);
    int r = file_write("model", file, length);

    if (r < 0)
        return job_release(job, -1, "the model could not be written: %s", strerror(-r));
    job->result = json_pack("{s:s, s:f, s:I, s:I, s:I}", "file", "model", "accuracy", round(accuracy * 10000) / 10000,
                            "examples", (json_int_t)training->count, "labels", (json_int_t)made->labels, "features",
                            (json_int_t)made->features);
    return 0;
}

int ai_fit(struct job *job)
{
    json_auto_t *data = NULL;
    struct training training = { .cost = json_number_value(json_object_get(job->gathered, "cost")) };
    struct classifier *made;
    const char *why;
    double accuracy;
    size_t length;
    char *text = file_read(job, "in/data", DATA_MAX, &length);
    int r;

    if (!text || json_parse_strict(job, text, length, &data, &why) < 0)
        return job_bury(job, "the training data cannot be read");
    r = examples_take(job, data, &training);
    if (r < 0)
        return r;
    job_progress(job, 10);
    if (classifier_train(job, &training, &made, &accuracy, &why) < 0)
        return job_bury(job, "%s", why);
    job_progress(job, 90);
    return model_leave(job, &training, made, accuracy);
}

/* ---- ai.classify ---- */

static double rounded(double chance)
{
    return round(chance * 10000) / 10000;
}

int ai_classify(struct job *job)
{
    const char *text = json_string_value(json_object_get(job->gathered, "text"));
    double chances[CLASSIFIER_LABELS_MAX];
    struct classifier *model;
    json_t *labels;
    size_t length, best;
    void *file = file_read(job, "in/model", CLASSIFIER_FILE_MAX, &length);

    if (!text || !file || classifier_read(job, file, length, &model) < 0)
        return job_bury(job, "the model's file is damaged");
    best = classifier_guess(model, text, chances);
    labels = json_object();
    for (size_t i = 0; i < model->labels; i++)
        json_object_set_new(labels, model->label[i], json_real(rounded(chances[i])));
    job->result = json_pack("{s:O, s:s, s:{s:s, s:f, s:o}}", "model_id", json_object_get(job->gathered, "model_id"),
                            "output", model->label[best], "metadata", "provider", "local", "confidence",
                            rounded(chances[best]), "labels", labels);
    return 0;
}
