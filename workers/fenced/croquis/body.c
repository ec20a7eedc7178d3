/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/body.h"

/* clang-format off */
static const struct body bodies[] = {
    { "average normal medium ordinary regular", .heads = 7.6f, .shoulder = 0.98f, .chest = 1.0f, .waist = 1.02f,
      .hip = 1.0f, .depth = 1.0f, .limb = 1.0f, .muscle = 0.85f, .fat = 0.008f, .neck = 1.0f },
    { "athletic athlete fit sporty toned runner swimmer gymnast boxer", .heads = 8.0f, .shoulder = 1.05f, .chest = 1.05f,
      .waist = 0.95f, .hip = 0.97f, .depth = 1.0f, .limb = 1.02f, .muscle = 1.2f, .neck = 1.05f },
    { "slim thin slender lean skinny ectomorph lanky model", .heads = 8.1f, .shoulder = 0.93f, .chest = 0.88f, .waist = 0.86f,
      .hip = 0.88f, .depth = 0.86f, .limb = 0.86f, .muscle = 0.75f, .fat = -0.004f, .neck = 0.9f },
    { "muscular bodybuilder strong mesomorph buff brawny powerful superhero hero warrior", .heads = 8.2f, .shoulder = 1.16f,
      .chest = 1.16f, .waist = 1.0f, .hip = 1.02f, .depth = 1.12f, .limb = 1.14f, .muscle = 1.75f, .neck = 1.22f },
    { "heavy fat overweight plump large big stout endomorph chubby round sumo", .heads = 7.3f, .shoulder = 1.08f,
      .chest = 1.16f, .waist = 1.38f, .hip = 1.22f, .depth = 1.26f, .limb = 1.2f, .muscle = 0.45f, .fat = 0.075f,
      .belly = 0.82f, .neck = 1.18f },
    { "petite small short", .heads = 7.1f, .shoulder = 0.91f, .chest = 0.93f, .waist = 0.93f, .hip = 0.97f,
      .depth = 0.94f, .limb = 0.95f, .muscle = 0.7f, .fat = 0.004f, .neck = 0.9f },
    { "elderly old aged senior grandfather grandmother", .heads = 7.3f, .shoulder = 0.92f, .chest = 0.95f, .waist = 1.1f,
      .hip = 1.0f, .depth = 1.02f, .limb = 0.88f, .muscle = 0.7f, .fat = 0.004f, .belly = 0.42f, .stoop = 16, .neck = 0.9f },
    { "curvy voluptuous hourglass pear", .heads = 7.5f, .shoulder = 0.96f, .chest = 1.02f, .waist = 0.94f, .hip = 1.22f,
      .depth = 1.08f, .limb = 1.1f, .muscle = 0.6f, .fat = 0.034f, .neck = 0.95f },
    { "tall heroic elongated fashion", .heads = 8.8f, .shoulder = 1.0f, .chest = 0.96f, .waist = 0.92f, .hip = 0.92f,
      .depth = 0.94f, .limb = 0.95f, .muscle = 1.0f, .neck = 1.0f },
};

static const struct build builds[] = {
    { "man male boy gentleman men guy king knight he father", .shoulder = 1, .chest = 1, .waist = 1, .hip = 1, .limb = 1,
      .muscle = 1, .neck = 1 },
    { "woman female girl lady women ballerina queen princess she mother actress", .shoulder = 0.87f, .chest = 0.88f,
      .waist = 0.85f, .hip = 1.08f, .limb = 0.93f, .muscle = 0.62f, .neck = 0.78f, .bust = 1, .female = true },
};
/* clang-format on */

const struct words body_words = WORDS(bodies);
const struct words build_words = WORDS(builds);

struct body body_make(int type, int build, struct random *random)
{
    const struct build *by = &builds[build];
    struct body body = bodies[type];

    body.shoulder *= by->shoulder * random_range(random, 0.97f, 1.03f);
    body.chest *= by->chest * random_range(random, 0.98f, 1.02f);
    body.waist *= by->waist * random_range(random, 0.96f, 1.04f);
    body.hip *= by->hip * random_range(random, 0.97f, 1.03f);
    body.limb *= by->limb * random_range(random, 0.97f, 1.03f);
    body.muscle *= by->muscle * random_range(random, 0.85f, 1.15f);
    body.heads += random_range(random, -0.15f, 0.15f);
    body.neck *= by->neck;
    body.bust = by->bust * random_range(random, 0.85f, 1.1f);
    body.female = by->female;
    return body;
}
