/* SPDX-License-Identifier: GPL-3.0-or-later
 * Finishing a drawing with MagickWand: the texture of its paper, a little contrast, a PNG of reasonable size and a
 * thumbnail. The same drawing and seed give the same bytes. */
#ifndef MILLRACE_CROQUIS_FINISH_H
#define MILLRACE_CROQUIS_FINISH_H
#include <cairo.h>
#include <stdint.h>

enum { CROQUIS_THUMBNAIL = 256, CROQUIS_THUMBNAIL_QUALITY = 85 };

/* Once a process, before anything else of this file: one thread, whatever the machine has. */
void finish_start(void);
void finish_stop(void);

/* Write an ARGB32 image surface as a PNG and, CROQUIS_THUMBNAIL pixels wide at most, as a JPEG. 0, or -EINVAL (not such
 * a surface) or -EIO (it could not be made or written; then no file is left). */
int finish_write(cairo_surface_t *drawing, uint64_t seed, const char *png, const char *thumbnail);
#endif
