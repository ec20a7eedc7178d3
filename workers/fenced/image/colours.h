/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a picture's own colours to sRGB. */
#ifndef MILLRACE_IMAGE_COLOURS_H
#define MILLRACE_IMAGE_COLOURS_H
#include "workers/fenced/image/source.h"

/* count pixels of four bytes, of the inks and by the profile of source, become RGB and a fourth byte that means
 * nothing. A profile that is broken or of other inks is passed over. */
void colours_to_srgb(const struct source *source, unsigned char *pixels, size_t count);
#endif
