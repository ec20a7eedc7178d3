/* SPDX-License-Identifier: GPL-3.0-or-later
 * A picture from outside made fit for a model that looks at it. */
#ifndef MILLRACE_IMAGE_PREPARE_H
#define MILLRACE_IMAGE_PREPARE_H
#include "queue/job.h"

/* Behind the fence: of the file in (JPEG, PNG, WebP or GIF; a path of ours) make the JPEG file out, upright, at most
 * box pixels wide and high, its light spread over the whole range, without metadata. 0, or the job is buried with a
 * sentence for its owner. */
int image_prepare(struct job *job, const char *in, const char *out, unsigned box);
#endif
