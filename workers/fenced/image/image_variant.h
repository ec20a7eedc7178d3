/* SPDX-License-Identifier: GPL-3.0-or-later
 * image.variant: smaller pictures of a stored one (in/picture, from variant_gather()). Arguments: file_id; use, which
 * is a row of the table in image_variant.c; boxes, for thumbnails: the longest side of each. It leaves avatar.jpg, or
 * thumb-BOX.jpg. Result: {"type", "width", "height", "pictures": [{"file", "box", "width", "height"}]}, or
 * {"gone": true} when nobody wants it any more. What cannot be decoded buries the job. */
#ifndef MILLRACE_IMAGE_VARIANT_H
#define MILLRACE_IMAGE_VARIANT_H
#include "queue/job.h"

enum { AVATAR_SIDE = 512, VARIANTS_MAX = 8 };

int image_variant(struct job *job);
#endif
