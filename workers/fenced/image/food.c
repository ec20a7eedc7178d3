/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.food, behind the fence: make the photo fit for a model. */
#include "workers/fenced/image/food.h"
#include "workers/fenced/image/prepare.h"
#include "workers/kinds.h"

int ai_food(struct job *job)
{
    int r = 0;

    if (job_number(job, "file_id", 0))
        r = image_prepare(job, "in/picture", FOOD_PREPARED, FOOD_BOX);
    if (r == 0)
        job_progress(job, FOOD_PREPARED_PERCENT);
    return r;
}
