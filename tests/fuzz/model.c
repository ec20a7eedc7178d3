/* SPDX-License-Identifier: GPL-3.0-or-later
 * Models of texts' labels. Input: the file. */
#include "common/classifier.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>
#include <math.h>
#include <string.h>

FUZZ(model)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    double chances[CLASSIFIER_LABELS_MAX], sum = 0;
    const char *file = input_rest(ctx, &input);
    struct classifier *model = NULL;
    void *again;
    int r = classifier_read(ctx, file, size, &model);

    MUST(r == 0 || r == -EBADMSG);
    MUST((r == 0) == (model != NULL));
    if (r < 0)
        return;
    MUST(classifier_write(ctx, model, &again) == size && memcmp(again, file, size) == 0);
    MUST(classifier_guess(model, "what a good day for a fox (or two)", chances) < model->labels);
    for (size_t i = 0; i < model->labels; i++) {
        MUST(chances[i] >= 0 && chances[i] <= 1);
        sum += chances[i];
    }
    MUST(fabs(sum - 1) < 1e-6);
}
