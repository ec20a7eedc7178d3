/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/plan.h"

static struct media_plan plan_of(const struct media_format *format, const struct media_coding *coding,
                                 enum media_quality quality)
{
    struct media_plan plan = { .encoder = coding->encoder,
                               .options = coding->options[quality],
                               .filter = coding->form };

    if (coding == &format->video) {
        plan.flat = coding->flat;
        plan.box = &format->boxes[quality];
        plan.rate_max = format->frames_per_second;
        plan.late = !format->frames_per_second;
    }
    return plan;
}

int media_wish_read(struct job *job, struct media_wish *ret)
{
    struct media_wish wish = { .format = media_format_find(job_text(job, "output_format")) };

    if (!wish.format || !media_quality_find(job_text(job, "quality"), &wish.quality))
        return job_bury(job, "there is no such format or quality");
    wish.picture = plan_of(wish.format, &wish.format->video, wish.quality);
    wish.sound = plan_of(wish.format, &wish.format->audio, wish.quality);
    *ret = wish;
    return 0;
}
