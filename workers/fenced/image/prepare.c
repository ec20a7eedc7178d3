/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/prepare.h"
#include "workers/fenced/image/picture.h"

int image_prepare(struct job *job, const char *in, const char *out, unsigned box)
{
    struct picture_output output = { .name = out, .width = box, .height = box, .stretch = true };
    struct picture_found found;

    return picture_make(job, in, &output, 1, &found);
}
