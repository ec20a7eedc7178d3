/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a job's arguments output_format and quality ask for. */
#ifndef MILLRACE_MEDIA_PLAN_H
#define MILLRACE_MEDIA_PLAN_H
#include "workers/fenced/media/track.h"

struct media_wish {
    const struct media_format *format;
    enum media_quality quality;
    struct media_plan picture, sound; /* encoder NULL: the format has none */
};

/* 0; or a negative number, with the job buried: there is no such format or quality. ret must stay where it is while its
 * plans are followed. */
int media_wish_read(struct job *job, struct media_wish *ret);
#endif
