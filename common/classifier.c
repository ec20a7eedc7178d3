/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/classifier.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>

/* ---- features ---- */

enum { WORD_MAX_BYTES = 32, RUN_MIN = 3, RUN_MAX = 5 };
enum kind { KIND_WORD = 1, KIND_PAIR, KIND_RUN };

/* Indices as they come, to be sorted. */
struct gathering {
    uint32_t *indices;
    size_t count, size;
};

static uint64_t hash_add(uint64_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
    return hash;
}

static uint64_t hash_begin(enum kind kind)
{
    return (0xcbf29ce484222325 ^ (uint64_t)kind) * 0x100000001b3;
}

static void gather(struct gathering *to, uint64_t hash)
{
    if (to->count == to->size) {
        to->size = to->size ? 2 * to->size : 256;
        to->indices = memory_check(talloc_realloc(talloc_parent(to->indices), to->indices, uint32_t, to->size));
    }
    to->indices[to->count++] = (uint32_t)((hash ^ hash >> 32) & (CLASSIFIER_BUCKETS - 1));
}

struct word {
    char text[WORD_MAX_BYTES];
    size_t length;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* The next word behind *at: letters and digits, or one other mark alone. False: there is none. */
static bool word_next(const char **at, const char *end, struct word *ret)
{
    const char *from = *at;

    while (from < end && (unsigned char)*from <= ' ')
        from++;
    if (from == end)
        return false;
    ret->length = 0;
    do {
        char c = *from >= 'A' && *from <= 'Z' ? (char)(*from + 'a' - 'A') : *from;
        if (ret->length < sizeof ret->text)
            ret->text[ret->length++] = c;
        from++;
    } while (from < end && is_letter(*from) && is_letter(from[-1]));
    *at = from;
    return true;
}

/* Runs of bytes of a word that is set between marks. */
static void gather_runs(struct gathering *to, const struct word *word)
{
    char marked[WORD_MAX_BYTES + 2];
    size_t length = word->length + 2;

    marked[0] = '<';
    memcpy(marked + 1, word->text, word->length);
    marked[length - 1] = '>';
    for (size_t run = RUN_MIN; run <= RUN_MAX && run <= length; run++)
        for (size_t i = 0; i + run <= length; i++)
            gather(to, hash_add(hash_begin(KIND_RUN), marked + i, run));
}

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

size_t features_of(void *ctx, const char *text, struct feature **ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct gathering all = { .indices = talloc_array(scratch, uint32_t, 0) };
    const char *end = text + strnlen(text, CLASSIFIER_TEXT_MAX);
    struct word word, before = { .length = 0 };
    struct feature *list;
    size_t count = 0;

    while (word_next(&text, end, &word)) {
        gather(&all, hash_add(hash_begin(KIND_WORD), word.text, word.length));
        gather(&all, hash_add(hash_add(hash_add(hash_begin(KIND_PAIR), before.text, before.length), " ", 1), word.text,
                              word.length));
        if (is_letter(word.text[0]))
            gather_runs(&all, &word);
        before = word;
    }
    if (all.count)
        qsort(all.indices, all.count, sizeof *all.indices, by_number);
    list = memory_check(talloc_array(ctx, struct feature, all.count));
    for (size_t i = 0, n; i < all.count; i += n) {
        for (n = 1; i + n < all.count && all.indices[i + n] == all.indices[i];)
            n++;
        list[count++] = (struct feature){ all.indices[i], 1 + logf((float)n) };
    }
    *ret = list;
    return count;
}

/* ---- the file: numbers with their lowest byte first ----
 *   "mrcl1\n", labels, features, of each label length, bytes and bias, of each feature index, idf and weights */

static const char mark[] = "mrcl1\n";

static char *write_number(char *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        *to++ = (char)(number >> 8 * i);
    return to;
}

static char *write_float(char *to, float value)
{
    uint32_t number;

    memcpy(&number, &value, sizeof number);
    return write_number(to, number);
}

size_t classifier_write(void *ctx, const struct classifier *classifier, void **ret)
{
    size_t length = sizeof mark - 1 + 8 + classifier->features * (8 + 4 * classifier->labels);
    char *file, *to;

    for (size_t i = 0; i < classifier->labels; i++)
        length += 8 + strlen(classifier->label[i]);
    file = memory_check(talloc_size(ctx, length));
    to = mempcpy(file, mark, sizeof mark - 1);
    to = write_number(to, (uint32_t)classifier->labels);
    to = write_number(to, (uint32_t)classifier->features);
    for (size_t i = 0; i < classifier->labels; i++) {
        to = write_number(to, (uint32_t)strlen(classifier->label[i]));
        to = mempcpy(to, classifier->label[i], strlen(classifier->label[i]));
        to = write_float(to, classifier->bias[i]);
    }
    for (size_t i = 0; i < classifier->features; i++) {
        to = write_number(to, classifier->weights[i].index);
        to = write_float(to, classifier->weights[i].idf);
        for (size_t k = 0; k < classifier->labels; k++)
            to = write_float(to, classifier->weights[i].w[k]);
    }
    *ret = file;
    return length;
}

/* What is still to be read; bad once something was not there. */
struct reading {
    const unsigned char *at, *end;
    bool bad;
};

static uint32_t read_number(struct reading *from)
{
    uint32_t number = 0;

    if (from->end - from->at < 4) {
        from->bad = true;
        return 0;
    }
    for (int i = 0; i < 4; i++)
        number |= (uint32_t)*from->at++ << 8 * i;
    return number;
}

static float read_float(struct reading *from)
{
    uint32_t number = read_number(from);
    float value;

    memcpy(&value, &number, sizeof value);
    from->bad |= !isfinite(value) || fabsf(value) > 1e6F;
    return value;
}

static const char *read_label(void *ctx, struct reading *from)
{
    uint32_t length = read_number(from);
    char *label;

    if (from->bad || length == 0 || length > CLASSIFIER_LABEL_MAX || (size_t)(from->end - from->at) < length) {
        from->bad = true;
        return NULL;
    }
    label = memory_check(talloc_strndup(ctx, (const char *)from->at, length));
    from->at += length;
    from->bad |= strlen(label) != length || !utf8_check(label);
    return label;
}

static void read_features(struct classifier *to, struct reading *from)
{
    float *w = memory_check(talloc_array(to, float, to->features * to->labels));

    for (size_t i = 0; i < to->features && !from->bad; i++, w += to->labels) {
        to->weights[i].index = read_number(from);
        to->weights[i].idf = read_float(from);
        to->weights[i].w = w;
        for (size_t k = 0; k < to->labels; k++)
            w[k] = read_float(from);
        from->bad |=
            to->weights[i].index >= CLASSIFIER_BUCKETS || (i > 0 && to->weights[i].index <= to->weights[i - 1].index);
    }
}

int classifier_read(void *ctx, const void *file, size_t length, struct classifier **ret)
{
    struct reading from = { .at = file, .end = (const unsigned char *)file + length };
    autotalloc struct classifier *made = NEW(ctx, struct classifier);

    if (length < sizeof mark - 1 || length > CLASSIFIER_FILE_MAX || memcmp(file, mark, sizeof mark - 1) != 0)
        return -EBADMSG;
    from.at += sizeof mark - 1;
    made->labels = read_number(&from);
    made->features = read_number(&from);
    if (from.bad || made->labels < 2 || made->labels > CLASSIFIER_LABELS_MAX || made->features > CLASSIFIER_BUCKETS)
        return -EBADMSG;
    if ((size_t)(from.end - from.at) < made->features * (8 + 4 * made->labels))
        return -EBADMSG; /* before memory is taken for what is not there */
    made->label = memory_check(talloc_array(made, const char *, made->labels));
    made->bias = memory_check(talloc_array(made, float, made->labels));
    made->weights = memory_check(talloc_array(made, struct weights, made->features));
    for (size_t i = 0; i < made->labels && !from.bad; i++) {
        made->label[i] = read_label(made, &from);
        made->bias[i] = read_float(&from);
    }
    read_features(made, &from);
    if (from.bad || from.at != from.end)
        return -EBADMSG;
    *ret = TAKE(made);
    return 0;
}

/* ---- guessing ---- */

size_t classifier_weigh(const struct classifier *classifier, struct feature *features, size_t count)
{
    size_t known = 0, place = 0;
    double square = 0;

    for (size_t i = 0; i < count; i++) {
        while (place < classifier->features && classifier->weights[place].index < features[i].index)
            place++;
        if (place == classifier->features)
            break;
        if (classifier->weights[place].index != features[i].index)
            continue;
        features[known] = (struct feature){ (uint32_t)place, features[i].value * classifier->weights[place].idf };
        square += (double)features[known].value * features[known].value;
        known++;
    }
    for (size_t i = 0; i < known && square > 0; i++)
        features[i].value = (float)(features[i].value / sqrt(square));
    return known;
}

size_t classifier_guess(const struct classifier *classifier, const char *text, double *chances)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct feature *features;
    size_t count, best = 0;
    double sum = 0;

    count = features_of(scratch, text, &features);
    count = classifier_weigh(classifier, features, count);
    for (size_t k = 0; k < classifier->labels; k++) {
        double score = classifier->bias[k];

        for (size_t i = 0; i < count; i++)
            score += (double)features[i].value * classifier->weights[features[i].index].w[k];
        chances[k] = 1 / (1 + exp(-score));
        sum += chances[k];
        if (chances[k] > chances[best])
            best = k;
    }
    for (size_t k = 0; k < classifier->labels; k++)
        chances[k] = sum > 0 ? chances[k] / sum : 1.0 / (double)classifier->labels;
    return best;
}
