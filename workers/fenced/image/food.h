/* SPDX-License-Identifier: GPL-3.0-or-later
 * What ai.food's parts on both sides of the fence agree on. */
#ifndef MILLRACE_FOOD_H
#define MILLRACE_FOOD_H

/* The photo as it is shown to a model, in the job's folder; it is not kept. */
#define FOOD_PREPARED "in/prepared.jpg"

enum { FOOD_BOX = 1024, FOOD_PREPARED_PERCENT = 25, FOOD_ITEMS_MAX = 50, FOOD_NAME_MAX = 200 };
#endif
