/* SPDX-License-Identifier: GPL-3.0-or-later
 * What backgrounds are drawn with, shared among the files that draw them. */
#ifndef MILLRACE_CROQUIS_SCENERY_H
#define MILLRACE_CROQUIS_SCENERY_H
#include "workers/fenced/croquis/drawing.h"

/* The row of pixels at the viewer's eye. */
float scenery_horizon(const struct drawing *d);
/* What lines are drawn with: on dark paper, the guides' light. */
struct colour scenery_ink(const struct drawing *d);
/* The medium's dark across the picture, from one alpha at y0 to another at y1. */
void scenery_tint(struct drawing *d, float y0, float y1, float top, float bottom);
/* A soft spot of a colour. */
void scenery_glow(struct drawing *d, struct colour c, float x, float y, float rx, float ry, float alpha);

/* nature.c */
void scenery_outdoor(struct drawing *d, struct random *random);
void scenery_sea(struct drawing *d, struct random *random);
#endif
