/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_IMAGE_IMPORT_H
#define MILLRACE_IMAGE_IMPORT_H
#include "queue/job.h"

/* image.generate with a provider's model: the pictures that were fetched (in/0, in/1, ... below count; any may be
 * missing) written anew as N.jpg, with N-thumb.jpg. The result is that of image_generate.h, without seeds. */
int image_import(struct job *job, int count);
#endif
