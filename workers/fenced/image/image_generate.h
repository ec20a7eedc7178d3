/* SPDX-License-Identifier: GPL-3.0-or-later
 * image.generate: a batch of figure drawings, by the local model, or fetched from a provider's (image_import.h).
 * Arguments: prompt (text), filters (an object of at most pose, body_type, lighting, clothing, background), batch_size,
 * model; provider and what it calls the model. It runs inside the fence and leaves N.png
 * and N-thumb.jpg, N from 0, in its working directory. Result:
 * {"images": [{"file", "thumbnail", "type", "thumbnail_type", "width", "height", "seed"}], "failed": n}; an image that
 * cannot be made is missing there and counted in failed, and the job is buried when none could be. */
#ifndef MILLRACE_IMAGE_GENERATE_H
#define MILLRACE_IMAGE_GENERATE_H
#include "queue/job.h"

enum { IMAGE_SIZE = 1024, IMAGE_BATCH_MAX = 16 };

int image_generate(struct job *job);
#endif
