/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small things on the surface: the features of a face, belts, lapels, buttons, stripes. */
#include "common/memory.h"
#include "workers/fenced/croquis/drawing.h"

enum wears { ALWAYS, BELT, LAPELS, STRIPES };

enum { STROKE_POINTS = 5 };

/* A line seen from the front of a bone: places as (x, y) on it, laid back onto the surface. */
struct feature {
    enum wears when;
    enum bone bone;
    float x[STROKE_POINTS], y[STROKE_POINTS];
    float width, alpha;
    bool once;
};

/* clang-format off */
static const struct feature lines[] = {
    /* upper lid, lower lid, brow, lips, nostril */
    { ALWAYS, SKULL, { .06f, .095f, .135f, .175f, .205f }, { -.03f, -.002f, .006f, -.004f, -.034f }, .width = 2.6f, .alpha = .9f },
    { ALWAYS, SKULL, { .075f, .105f, .135f, .17f, .2f }, { -.038f, -.05f, -.053f, -.05f, -.036f }, .width = 1, .alpha = .5f },
    { ALWAYS, SKULL, { .115f, .125f, .135f, .145f, .155f }, { -.024f, -.023f, -.022f, -.023f, -.024f }, .width = 4.2f, .alpha = .85f },
    { ALWAYS, SKULL, { .045f, .09f, .135f, .18f, .225f }, { .062f, .082f, .092f, .085f, .055f }, .width = 2.6f, .alpha = .7f },
    { ALWAYS, SKULL, { 0, .025f, .05f, .075f, .1f }, { -.278f, -.274f, -.276f, -.278f, -.284f }, .width = 2, .alpha = .85f },
    { ALWAYS, SKULL, { 0, .015f, .03f, .045f, .06f }, { -.33f, -.331f, -.33f, -.327f, -.322f }, .width = 1.3f, .alpha = .4f },
    { ALWAYS, SKULL, { .02f, .027f, .035f, .043f, .05f }, { -.185f, -.19f, -.192f, -.19f, -.184f }, .width = 1.8f, .alpha = .7f },
    { LAPELS, CHEST, { .16f, .27f, .34f, .26f, .3f }, { .68f, .56f, .4f, .34f, .26f }, .width = 1.5f, .alpha = .8f },
    { LAPELS, CHEST, { .3f, .24f, .17f, .1f, .03f }, { .26f, .05f, -.16f, -.34f, -.5f }, .width = 1.5f, .alpha = .8f },
    { LAPELS, CHEST, { .045f, .06f, .05f, .03f, .0f }, { .6f, .5f, .2f, -.1f, -.42f }, .width = 2.2f, .alpha = .8f },
    { LAPELS, WAIST, { .02f, .03f, .045f, .03f, .02f }, { .12f, .135f, .12f, .105f, .12f }, .width = 2, .alpha = .8f, .once = true },
    { LAPELS, WAIST, { .02f, .03f, .045f, .03f, .02f }, { -.2f, -.185f, -.2f, -.215f, -.2f }, .width = 2, .alpha = .8f, .once = true },
    { LAPELS, WAIST, { 0, 0, .01f, .02f, .06f }, { .16f, -.1f, -.3f, -.5f, -.75f }, .width = 1.3f, .alpha = .7f, .once = true },
};

/* Bands round a bone. */
static const struct {
    enum wears when;
    enum bone bone;
    float y, width, alpha;
    bool once;
} bands[] = {
    { BELT, WAIST, -.1f, 2, .8f, true }, { BELT, WAIST, -.2f, 1.6f, .7f, true },
    { STRIPES, WAIST, -.17f, 1.6f, .7f, true }, { STRIPES, THIGH, .37f, 1.3f, .5f, false },
};
/* clang-format on */

static bool worn(const struct drawing *d, enum wears when)
{
    return when == ALWAYS || (when == BELT && d->clothing->belt) || (when == LAPELS && d->clothing->lapels) ||
           (when == STRIPES && d->clothing->stripes);
}

static void feature_draw(struct drawing *d, const struct feature *f, enum side side)
{
    const struct bone_frame *bone = &d->skeleton->bones[side][f->bone];
    vec3 at[4 * STROKE_POINTS];
    int count = 0;

    for (int i = 0; i <= 4 * (STROKE_POINTS - 1); i++) {
        int k = i / 4 < STROKE_POINTS - 1 ? i / 4 : STROKE_POINTS - 2;
        float t = (float)i / 4 - (float)k;
        vec3 from = bone_at(bone, mixf(f->x[k], f->x[k + 1], t), mixf(f->y[k], f->y[k + 1], t), 0);

        if (surface_find(d, along(from, bone->f.z, 1.2f), scale(bone->f.z, -1), 1.1f, &at[count]))
            count++;
    }
    surface_stroke(d, at, count, f->width);
}

void features(struct drawing *d)
{
    float size = d->look->camera.focal / 24 / (128 * d->unit); /* a head's size against that of a usual figure */

    for (size_t i = 0; i < ELEMENTS(lines); i++)
        for (int side = 0; side < (lines[i].once ? 1 : SIDES); side++) {
            struct feature f = lines[i];

            if (!worn(d, f.when) || (d->clothing->bare && f.bone == SKULL))
                continue;
            f.width *= f.bone == SKULL ? clampf(size, 0.5f, 1.5f) : 1;
            /* On dark paper a face is chalk, and its features are left dark. */
            pencil_colour(d, d->medium->night && f.bone == SKULL ? d->medium->dark : d->medium->line, f.alpha);
            feature_draw(d, &f, (enum side)side);
        }
    for (size_t i = 0; i < ELEMENTS(bands); i++)
        for (int side = 0; side < (bands[i].once ? 1 : SIDES); side++) {
            if (!worn(d, bands[i].when))
                continue;
            pencil_colour(d, d->medium->line, bands[i].alpha);
            surface_ring(d, (enum side)side, bands[i].bone, bands[i].y, -180, 180, bands[i].width);
        }
}
