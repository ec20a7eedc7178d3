/* SPDX-License-Identifier: GPL-3.0-or-later
 * Flesh on bones: the muscles as a table of blended volumes, hands, and what a figure sits on. */
#ifndef MILLRACE_CROQUIS_FLESH_H
#define MILLRACE_CROQUIS_FLESH_H
#include "workers/fenced/croquis/volume.h"

vec3 place_at(const struct skeleton *skeleton, enum side side, struct place place);
enum limb limb_of(enum bone bone, enum side side);

/* Add a figure's skin, and the joints at which limbs blend. */
void flesh_add(const struct skeleton *skeleton, const struct body *body, struct scene *scene);
/* Add what the pose needs: a box to sit on. */
void prop_add(const struct skeleton *skeleton, struct scene *scene);
#endif
