/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/clothes.h"
#include "common/memory.h"

/* clang-format off */
static const struct clothing clothings[] = {
    { "none mannequin nude naked bare anatomical anatomy bodysuit undressed skin", .bare = true },
    { "casual everyday jeans tee shirt street streetwear", { TEE, TROUSERS, SHOE }, .shades = { [UPPER] = .08f, [LOWER] = .52f, [SHOES] = .3f } },
    { "athletic sports sport sportswear gym workout training tank running-clothes", { TANK, SHORTS, SHOE }, .shades = { [UPPER] = .4f, [LOWER] = .62f, [SHOES] = .12f }, .stripes = true },
    { "dress summer-dress frock skirt", { BODICE, SKIRT, SHOE }, .shades = { [UPPER] = .3f, [LOWER] = .3f, [SHOES] = .6f }, .dress = true },
    { "gown evening evening-gown ball wedding long-dress", { BODICE, LONG_SKIRT, SHOE }, .shades = { [UPPER] = .2f, [LOWER] = .2f, [SHOES] = .5f }, .dress = true },
    { "formal suit business tuxedo tie jacket office elegant-suit blazer", { SHIRT, JACKET, TROUSERS, SHOE }, .shades = { [UPPER] = .02f, [OUTER] = .6f, [LOWER] = .62f, [SHOES] = .8f }, .lapels = true },
    { "robe draped drapery toga kimono monk wizard priest cloak roman greek", { ROBE }, .shades = { [OUTER] = .16f, [SHOES] = .4f }, .belt = true },
    { "dancewear leotard swimsuit swimwear ballet-dress unitard", { LEOTARD, LEGGINGS }, .shades = { [UPPER] = .55f, [LOWER] = .2f } },
    { "coat overcoat trench trenchcoat winter raincoat detective", { SHIRT, TROUSERS, COAT, BOOT }, .shades = { [UPPER] = .1f, [LOWER] = .6f, [OUTER] = .38f, [SHOES] = .7f }, .belt = true, .lapels = true },
    { "tunic medieval fantasy peasant adventurer knight armor costume", { TUNIC, LEGGINGS, BOOT }, .shades = { [UPPER] = .28f, [LOWER] = .55f, [SHOES] = .66f }, .belt = true },
};

/* A piece of a garment: a cover over all of a bone's flesh (bone, ease), or a volume of its own. Only what lies between
 * low and high along the bone is kept, when high > low. */
struct piece {
    enum garment garment;
    enum layer layer;
    enum bone bone;
    float ease;
    enum shape shape;
    bool carve, once;
    struct place a, b;
    vec3 radii;
    float r0, r1, wide, deep;
    float low, high;
    float blend;
    bool spread; /* as wide as the legs are apart */
    float fold, round, along;
};

enum { EVER = 9 };

static const struct piece pieces[] = {
    { TEE, UPPER, CHEST, .ease = .055f, .low = -EVER, .high = .83f, .fold = .018f, .round = 2, .along = 7 },
    { TEE, UPPER, WAIST, .ease = .075f, .low = -EVER, .high = EVER, .fold = .03f, .round = 2, .along = 9 },
    { TEE, UPPER, PELVIS, .ease = .085f, .low = -.1f, .high = EVER, .fold = .03f, .round = 3, .along = 3 },
    { TEE, UPPER, UPPER_ARM, .ease = .07f, .low = -EVER, .high = .5f, .fold = .035f, .round = 2, .along = 4 },
    { TEE, UPPER, CHEST, .shape = TUBE, .once = true, .a = { CHEST, 0, -.3f, .02f }, .b = { WAIST, 0, -.5f, 0 }, .r0 = .54f, .r1 = .56f, .wide = 1.12f, .deep = .84f, .blend = .3f, .fold = .035f, .round = 3, .along = 5 },
    { TEE, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .22f, .02f }, .radii = { .38f, .42f, .42f }, .blend = .07f },

    { TANK, UPPER, CHEST, .ease = .035f, .fold = .012f, .round = 2, .along = 5 },
    { TANK, UPPER, WAIST, .ease = .05f, .fold = .022f, .round = 2, .along = 9 },
    { TANK, UPPER, PELVIS, .ease = .06f, .low = -.02f, .high = EVER },
    { TANK, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .14f, .04f }, .radii = { .42f, .56f, .46f }, .blend = .07f },
    { TANK, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .a = { UPPER_ARM, .06f, 0, 0 }, .radii = { .4f, .44f, .44f }, .blend = .02f },

    { SHIRT, UPPER, CHEST, .ease = .045f, .low = -EVER, .high = .83f, .fold = .015f, .round = 2, .along = 7 },
    { SHIRT, UPPER, WAIST, .ease = .05f, .fold = .02f, .round = 2, .along = 9 },
    { SHIRT, UPPER, UPPER_ARM, .ease = .05f, .fold = .025f, .round = 1, .along = 9 },
    { SHIRT, UPPER, FOREARM, .ease = .05f, .low = -EVER, .high = .98f, .fold = .02f, .round = 1, .along = 8 },
    { SHIRT, UPPER, NECK, .ease = .035f, .low = -EVER, .high = .42f },

    { JACKET, OUTER, CHEST, .ease = .1f, .low = -EVER, .high = .94f, .fold = .014f, .round = 2, .along = 5 },
    { JACKET, OUTER, WAIST, .ease = .11f, .fold = .022f, .round = 1, .along = 7 },
    { JACKET, OUTER, PELVIS, .ease = .13f, .low = -.42f, .high = EVER, .fold = .02f, .round = 3, .along = 2 },
    { JACKET, OUTER, UPPER_ARM, .ease = .085f, .fold = .03f, .round = 1, .along = 8 },
    { JACKET, OUTER, FOREARM, .ease = .085f, .low = -EVER, .high = .92f, .fold = .03f, .round = 1, .along = 9 },
    { JACKET, OUTER, PELVIS, .shape = TUBE, .once = true, .a = { WAIST, 0, -.1f, 0 }, .b = { PELVIS, 0, -.3f, -.02f }, .r0 = .56f, .r1 = .66f, .wide = 1.14f, .deep = .84f, .low = -.42f, .high = EVER, .blend = .3f },
    { JACKET, OUTER, CHEST, .shape = TUBE, .carve = true, .once = true, .a = { CHEST, 0, .72f, .3f }, .b = { CHEST, 0, -.6f, .6f }, .r0 = .24f, .r1 = .02f, .deep = 1.6f, .blend = .015f },
    { JACKET, OUTER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .36f, -.02f }, .radii = { .38f, .4f, .42f }, .blend = .07f },

    { COAT, OUTER, CHEST, .ease = .12f, .low = -EVER, .high = .94f, .fold = .018f, .round = 2, .along = 5 },
    { COAT, OUTER, WAIST, .ease = .13f, .fold = .03f, .round = 3, .along = 5 },
    { COAT, OUTER, UPPER_ARM, .ease = .11f, .fold = .035f, .round = 1, .along = 8 },
    { COAT, OUTER, FOREARM, .ease = .12f, .low = -EVER, .high = .9f, .fold = .035f, .round = 1, .along = 9 },
    { COAT, OUTER, PELVIS, .ease = .15f, .blend = .3f },
    { COAT, OUTER, LAP, .shape = TUBE, .a = { PELVIS, .34f, -.1f, 0 }, .b = { THIGH, .1f, 1.0f, 0 }, .r0 = .48f, .r1 = .44f, .low = -EVER, .high = .86f, .blend = .35f, .fold = .05f, .round = 4, .along = 2 },
    { COAT, OUTER, LAP, .shape = TUBE, .once = true, .spread = true, .a = { PELVIS, 0, -.1f, 0 }, .b = { LAP, 0, 1.05f, -.1f }, .r0 = .45f, .r1 = .45f, .low = -EVER, .high = .86f, .blend = .35f, .fold = .05f, .round = 4, .along = 2 },
    { COAT, OUTER, CHEST, .shape = TUBE, .carve = true, .once = true, .a = { CHEST, 0, .72f, .3f }, .b = { CHEST, 0, -.3f, .62f }, .r0 = .24f, .r1 = .02f, .deep = 1.6f, .blend = .015f },
    { COAT, OUTER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .4f, -.02f }, .radii = { .38f, .38f, .42f }, .blend = .07f },

    { TROUSERS, LOWER, PELVIS, .ease = .06f, .fold = .012f, .round = 2, .along = 3 },
    { TROUSERS, LOWER, WAIST, .ease = .05f, .low = -EVER, .high = -.14f },
    { TROUSERS, LOWER, THIGH, .ease = .065f, .fold = .03f, .round = 1, .along = 7 },
    { TROUSERS, LOWER, SHIN, .ease = .05f, .low = -EVER, .high = .93f, .fold = .025f, .round = 1, .along = 10 },
    { TROUSERS, LOWER, SHIN, .shape = TUBE, .a = { SHIN, 0, -.02f, 0 }, .b = { SHIN, 0, 1.02f, -.01f }, .r0 = .25f, .r1 = .215f, .low = -EVER, .high = .94f, .blend = .12f, .fold = .035f, .round = 1, .along = 13 },

    { SHORTS, LOWER, PELVIS, .ease = .05f, .fold = .015f, .round = 2, .along = 3 },
    { SHORTS, LOWER, WAIST, .ease = .05f, .low = -EVER, .high = -.16f },
    { SHORTS, LOWER, THIGH, .ease = .08f, .low = -EVER, .high = .42f, .fold = .035f, .round = 4, .along = 3 },

    { LEGGINGS, LOWER, PELVIS, .ease = .018f },
    { LEGGINGS, LOWER, WAIST, .ease = .015f, .low = -EVER, .high = -.2f },
    { LEGGINGS, LOWER, THIGH, .ease = .018f },
    { LEGGINGS, LOWER, SHIN, .ease = .018f, .low = -EVER, .high = .9f },

    { LEOTARD, UPPER, CHEST, .ease = .03f },
    { LEOTARD, UPPER, WAIST, .ease = .03f },
    { LEOTARD, UPPER, PELVIS, .ease = .04f },
    { LEOTARD, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .1f, .08f }, .radii = { .46f, .66f, .5f }, .blend = .07f },
    { LEOTARD, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .a = { UPPER_ARM, .02f, 0, 0 }, .radii = { .4f, .44f, .44f }, .blend = .02f },

    { BODICE, UPPER, CHEST, .ease = .03f, .fold = .01f, .round = 2, .along = 6 },
    { BODICE, UPPER, WAIST, .ease = .035f, .fold = .014f, .round = 2, .along = 9 },
    { BODICE, UPPER, PELVIS, .ease = .03f, .low = -.05f, .high = EVER },
    { BODICE, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .1f, .08f }, .radii = { .48f, .6f, .5f }, .blend = .07f },
    { BODICE, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .a = { UPPER_ARM, .08f, .06f, 0 }, .radii = { .38f, .44f, .42f }, .blend = .02f },

    { SKIRT, LOWER, PELVIS, .ease = .07f, .low = -EVER, .high = .44f, .blend = .2f },
    { SKIRT, LOWER, WAIST, .ease = .04f, .low = -EVER, .high = 0, .blend = .2f },
    { SKIRT, LOWER, LAP, .shape = TUBE, .a = { PELVIS, .32f, -.06f, 0 }, .b = { THIGH, .08f, 1.06f, 0 }, .r0 = .42f, .r1 = .5f, .low = -EVER, .high = .92f, .blend = .35f, .fold = .085f, .round = 6, .along = 1 },
    { SKIRT, LOWER, LAP, .shape = TUBE, .once = true, .spread = true, .a = { PELVIS, 0, -.06f, 0 }, .b = { LAP, 0, 1.1f, 0 }, .r0 = .45f, .r1 = .52f, .low = -EVER, .high = .92f, .blend = .35f, .fold = .085f, .round = 7, .along = 1 },

    { LONG_SKIRT, LOWER, PELVIS, .ease = .05f, .low = -EVER, .high = .44f, .blend = .2f },
    { LONG_SKIRT, LOWER, WAIST, .ease = .035f, .low = -EVER, .high = 0, .blend = .2f },
    { LONG_SKIRT, LOWER, LAP, .shape = TUBE, .a = { PELVIS, .3f, -.06f, 0 }, .b = { THIGH, .06f, 1.0f, 0 }, .r0 = .45f, .r1 = .46f, .blend = .35f, .fold = .05f, .round = 5, .along = 1 },
    { LONG_SKIRT, LOWER, LAP, .shape = TUBE, .once = true, .spread = true, .a = { PELVIS, 0, -.06f, 0 }, .b = { LAP, 0, 1, 0 }, .r0 = .45f, .r1 = .46f, .blend = .35f, .fold = .05f, .round = 6, .along = 1 },
    { LONG_SKIRT, LOWER, HEM, .shape = TUBE, .a = { SHIN, .04f, -.05f, 0 }, .b = { SHIN, .12f, 1.04f, 0 }, .r0 = .42f, .r1 = .56f, .low = -EVER, .high = .93f, .blend = .35f, .fold = .1f, .round = 6, .along = 1 },
    { LONG_SKIRT, LOWER, HEM, .shape = TUBE, .once = true, .spread = true, .a = { HEM, 0, -.05f, 0 }, .b = { HEM, 0, 1.06f, 0 }, .r0 = .44f, .r1 = .62f, .low = -EVER, .high = .93f, .blend = .35f, .fold = .1f, .round = 7, .along = 1 },

    { ROBE, OUTER, CHEST, .ease = .08f, .low = -EVER, .high = .83f, .fold = .04f, .round = 4, .along = 3 },
    { ROBE, OUTER, WAIST, .ease = .07f, .fold = .045f, .round = 6, .along = 2 },
    { ROBE, OUTER, PELVIS, .ease = .13f, .blend = .25f },
    { ROBE, OUTER, UPPER_ARM, .ease = .09f, .fold = .05f, .round = 2, .along = 5 },
    { ROBE, OUTER, FOREARM, .shape = TUBE, .a = { FOREARM, 0, -.04f, 0 }, .b = { FOREARM, 0, 1.02f, -.03f }, .r0 = .25f, .r1 = .36f, .low = -EVER, .high = .82f, .blend = .2f, .fold = .06f, .round = 4, .along = 3 },
    { ROBE, OUTER, LAP, .shape = TUBE, .a = { PELVIS, .3f, -.06f, 0 }, .b = { THIGH, .06f, 1.0f, 0 }, .r0 = .42f, .r1 = .4f, .blend = .35f, .fold = .06f, .round = 5, .along = 2 },
    { ROBE, OUTER, LAP, .shape = TUBE, .once = true, .spread = true, .a = { PELVIS, 0, -.06f, 0 }, .b = { LAP, 0, 1, 0 }, .r0 = .48f, .r1 = .46f, .blend = .35f, .fold = .06f, .round = 6, .along = 2 },
    { ROBE, OUTER, HEM, .shape = TUBE, .a = { SHIN, .03f, -.05f, 0 }, .b = { SHIN, .08f, 1.04f, 0 }, .r0 = .4f, .r1 = .46f, .low = -EVER, .high = .9f, .blend = .35f, .fold = .085f, .round = 5, .along = 2 },
    { ROBE, OUTER, HEM, .shape = TUBE, .once = true, .spread = true, .a = { HEM, 0, -.05f, 0 }, .b = { HEM, 0, 1.06f, 0 }, .r0 = .42f, .r1 = .5f, .low = -EVER, .high = .9f, .blend = .35f, .fold = .085f, .round = 6, .along = 2 },
    { ROBE, OUTER, CHEST, .shape = TUBE, .carve = true, .once = true, .a = { CHEST, 0, .7f, .3f }, .b = { CHEST, 0, -.1f, .6f }, .r0 = .24f, .r1 = .02f, .deep = 1.6f, .blend = .02f },
    { ROBE, OUTER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .26f, .0f }, .radii = { .38f, .44f, .44f }, .blend = .07f },

    { TUNIC, UPPER, CHEST, .ease = .06f, .low = -EVER, .high = .83f, .fold = .022f, .round = 2, .along = 6 },
    { TUNIC, UPPER, WAIST, .ease = .06f, .fold = .03f, .round = 5, .along = 3 },
    { TUNIC, UPPER, PELVIS, .ease = .09f, .blend = .2f },
    { TUNIC, UPPER, UPPER_ARM, .ease = .07f, .fold = .035f, .round = 1, .along = 7 },
    { TUNIC, UPPER, FOREARM, .ease = .07f, .low = -EVER, .high = .9f, .fold = .035f, .round = 1, .along = 9 },
    { TUNIC, UPPER, LAP, .shape = TUBE, .a = { PELVIS, .3f, -.08f, 0 }, .b = { THIGH, .1f, .8f, 0 }, .r0 = .42f, .r1 = .44f, .low = -EVER, .high = .42f, .blend = .3f, .fold = .06f, .round = 6, .along = 1 },
    { TUNIC, UPPER, LAP, .shape = TUBE, .once = true, .spread = true, .a = { PELVIS, 0, -.08f, 0 }, .b = { LAP, 0, .8f, 0 }, .r0 = .44f, .r1 = .46f, .low = -EVER, .high = .42f, .blend = .3f, .fold = .06f, .round = 6, .along = 1 },
    { TUNIC, UPPER, CHEST, .shape = TUBE, .carve = true, .once = true, .a = { CHEST, 0, .7f, .3f }, .b = { CHEST, 0, .2f, .56f }, .r0 = .16f, .r1 = .02f, .deep = 1.6f, .blend = .02f },
    { TUNIC, UPPER, CHEST, .shape = ELLIPSOID, .carve = true, .once = true, .a = { NECK, 0, .24f, .0f }, .radii = { .36f, .42f, .42f }, .blend = .07f },

    { SHOE, SHOES, FOOT, .ease = .035f, .low = -EVER, .high = .05f, .blend = .06f },
    { SHOE, SHOES, TOES, .ease = .03f, .blend = .1f },
    { SHOE, SHOES, FOOT, .shape = TUBE, .a = { FOOT, .02f, -.31f, -.18f }, .b = { FOOT, 0, -.31f, .5f }, .r0 = .13f, .r1 = .17f, .deep = .35f, .blend = .03f },
    { SHOE, SHOES, TOES, .shape = TUBE, .a = { TOES, .02f, -.06f, 0 }, .b = { TOES, .0f, -.06f, .2f }, .r0 = .18f, .r1 = .14f, .deep = .35f, .blend = .05f },
    { BOOT, SHOES, FOOT, .ease = .045f, .blend = .08f },
    { BOOT, SHOES, TOES, .ease = .035f, .blend = .1f },
    { BOOT, SHOES, SHIN, .ease = .05f, .low = .3f, .high = EVER, .blend = .1f, .fold = .02f, .round = 1, .along = 12 },
    { BOOT, SHOES, FOOT, .shape = TUBE, .a = { FOOT, .02f, -.31f, -.18f }, .b = { FOOT, 0, -.31f, .5f }, .r0 = .14f, .r1 = .17f, .deep = .4f, .blend = .03f },
};

/* Hair: what grows behind the line from the ears to the forehead. */
static const struct {
    int style;
    enum shape shape;
    struct place a, b;
    vec3 radii;
    float r0, r1, blend;
    bool line; /* cut at the hairline */
} hairs[] = {
    { 0, ELLIPSOID, { SKULL, 0, .15f, -.08f }, .radii = { .37f, .395f, .435f }, .line = true },
    { 0, ELLIPSOID, { SKULL, .06f, .42f, .12f }, .radii = { .2f, .1f, .2f }, .blend = .22f },
    { 1, ELLIPSOID, { SKULL, 0, .14f, -.08f }, .radii = { .36f, .39f, .43f }, .line = true },
    { 1, ELLIPSOID, { SKULL, 0, .34f, -.5f }, .radii = { .19f, .18f, .17f }, .blend = .05f },
    { 2, ELLIPSOID, { SKULL, 0, .14f, -.08f }, .radii = { .37f, .39f, .43f }, .line = true },
    { 2, TUBE, { SKULL, 0, .16f, -.46f }, { SKULL, .05f, -.62f, -.56f }, .r0 = .13f, .r1 = .05f, .blend = .08f },
    { 3, ELLIPSOID, { SKULL, 0, .1f, -.1f }, .radii = { .41f, .43f, .45f }, .line = true },
    { 3, TUBE, { SKULL, .2f, .0f, -.18f }, { SKULL, .22f, -.48f, -.14f }, .r0 = .2f, .r1 = .15f, .blend = .15f },
    { 4, ELLIPSOID, { SKULL, 0, .12f, -.09f }, .radii = { .39f, .42f, .45f }, .line = true },
    { 4, TUBE, { SKULL, .12f, .0f, -.25f }, { CHEST, .14f, .3f, -.46f }, .r0 = .26f, .r1 = .16f, .blend = .2f },
    { 5, ELLIPSOID, { SKULL, 0, .14f, -.09f }, .radii = { .355f, .38f, .43f }, .line = true },
};
enum { HAIR_STYLES = 6 };
/* clang-format on */

const struct words clothing_words = WORDS(clothings);

const struct clothing *clothing_get(int row)
{
    return &clothings[row];
}

/* Keep only what lies between two heights of a bone. */
static void volume_hem(struct volume *v, const struct bone_frame *bone, float low, float high)
{
    if (high <= low)
        return;
    v->edge = bone->f.y;
    v->edge_at = bone->f.o;
    v->low = low * bone->length;
    v->high = high * bone->length;
}

static void volume_fold(struct volume *v, const struct piece *p, float size, float phase)
{
    v->fold = 1.6f * p->fold * size;
    v->fold_round = p->round;
    v->fold_along = p->along * v->length / size;
    v->fold_phase = phase;
}

/* Stretch a skirt's middle to where the knees and the ankles are. */
static void volume_spread(struct volume *v, const struct skeleton *skeleton, const struct piece *p)
{
    const struct bone_frame *l = skeleton->bones[LEFT], *r = skeleton->bones[RIGHT];
    float knees = 0.42f * length(sub(l[SHIN].f.o, r[SHIN].f.o)), ankles = 0.42f * length(sub(l[FOOT].f.o, r[FOOT].f.o));
    float top = 1, end = 1 + knees / v->r1;
    vec3 way = l[p->b.bone].f.x;

    if (p->bone == HEM) {
        vec3 feet = sub(l[FOOT].f.o, r[FOOT].f.o);
        top = 1 + knees / v->r0;
        end = 1 + fabsf(dot(feet, way)) * 0.42f / v->r1;
        end = maxf(end, 1 + 0.3f * ankles / v->r1);
    }
    v->f.x = across(way, v->f.y, v->f.x);
    v->f.z = cross(v->f.x, v->f.y);
    v->size.x = top;
    v->widen = end / top - 1;
}

/* Cover every volume of a bone's skin. */
static void piece_cover(const struct piece *p, const struct skeleton *skeleton, struct random *random,
                        struct scene *scene)
{
    int skins = scene->count;

    for (int i = 0; i < skins; i++) {
        const struct volume *skin = &scene->volumes[i];
        struct volume *v;
        float unit_size = skeleton->bones[LEFT][PELVIS].length;

        if (skin->layer != SKIN || skin->bone != (int)p->bone ||
            !(v = scene_add(scene, p->layer, (enum limb)skin->limb)))
            continue;
        *v = *skin;
        v->layer = (uint8_t)p->layer;
        v->r0 += p->ease;
        v->r1 += p->ease;
        /* Cloth does not follow every muscle. */
        if (p->ease > 0.04f) {
            v->bulge *= 0.7f;
            v->bow *= 0.6f;
        }
        v->blend = maxf(v->blend + p->ease, p->blend);
        if (v->shape == ELLIPSOID)
            v->size = add(v->size, vec(p->ease, p->ease, p->ease));
        volume_hem(v, &skeleton->bones[v->side][p->bone], p->low, p->high);
        if (v->shape == TUBE && v->r0 > 0.14f)
            volume_fold(v, p, unit_size, random_range(random, 0, 6.28f));
    }
}

static void piece_volume(const struct piece *p, const struct skeleton *skeleton, const struct body *body,
                         enum side side, struct random *random, struct scene *scene)
{
    struct volume *v = scene_add(scene, p->layer, limb_of(p->bone, side));
    float unit_size = skeleton->bones[LEFT][PELVIS].length,
          stout = body->fat + 0.12f * maxf(body->hip * body->depth - 1, 0);
    vec3 a = place_at(skeleton, side, p->a), front;

    if (!v)
        return;
    v->bone = (uint8_t)p->bone;
    v->side = (uint8_t)side;
    v->shape = p->shape;
    v->blend = p->blend;
    v->carve = p->carve;
    if (p->shape == ELLIPSOID) {
        v->f = skeleton->bones[side][p->a.bone].f;
        v->f.o = a;
        v->size = scale(p->radii, unit_size);
        return;
    }
    front = skeleton->bones[side][p->a.bone].f.z;
    if (p->bone == FOOT || p->bone == TOES)
        front = skeleton->bones[side][p->a.bone].f.y;
    volume_place(v, a, place_at(skeleton, side, p->b), front);
    v->r0 = p->r0 * unit_size + stout;
    v->r1 = p->r1 * unit_size + stout;
    v->size = vec(p->wide > 0 ? p->wide : 1, 1, p->deep > 0 ? p->deep : 1);
    if (p->spread)
        volume_spread(v, skeleton, p);
    volume_hem(v, &skeleton->bones[side][p->b.bone], p->low, p->high);
    volume_fold(v, p, unit_size, random_range(random, 0, 6.28f));
}

static void hair_add(int style, const struct skeleton *skeleton, struct scene *scene)
{
    for (size_t i = 0; i < ELEMENTS(hairs); i++)
        for (int side = 0; side < (hairs[i].a.x > 0 ? SIDES : 1) && hairs[i].style == style; side++) {
            const struct bone_frame *skull = &skeleton->bones[side][SKULL];
            struct volume *v = scene_add(scene, HAIR, HEAD);
            vec3 a = place_at(skeleton, (enum side)side, hairs[i].a);

            if (!v)
                return;
            v->shape = hairs[i].shape;
            v->bone = SKULL;
            v->side = (uint8_t)side;
            v->f = skull->f;
            v->f.o = a;
            v->size = hairs[i].radii;
            v->blend = hairs[i].blend;
            if (v->shape == TUBE) {
                volume_place(v, a, place_at(skeleton, (enum side)side, hairs[i].b), skull->f.z);
                v->size = vec(1, 1, 0.8f);
                v->r0 = hairs[i].r0;
                v->r1 = hairs[i].r1;
            }
            if (!hairs[i].line)
                continue;
            v->edge = unit(add(scale(skull->f.y, 0.62f), scale(skull->f.z, -0.78f)));
            v->edge_at = bone_at(skull, 0, 0.27f, 0.3f);
            v->low = 0;
            v->high = EVER;
        }
}

void clothes_add(const struct clothing *clothing, const struct skeleton *skeleton, const struct body *body,
                 struct random *random, struct scene *scene)
{
    static const int styles[2][4] = { { 0, 5, 0, 5 }, { 1, 2, 3, 4 } };

    if (!clothing->bare)
        hair_add(styles[body->female][random_pick(random, 4)], skeleton, scene);
    for (int g = 0; g < GARMENTS_MAX && clothing->garments[g] != GARMENT_END; g++)
        for (size_t i = 0; i < ELEMENTS(pieces); i++) {
            const struct piece *p = &pieces[i];

            if (p->garment != clothing->garments[g])
                continue;
            if (p->ease > 0) {
                piece_cover(p, skeleton, random, scene);
                continue;
            }
            piece_volume(p, skeleton, body, LEFT, random, scene);
            if (!p->once)
                piece_volume(p, skeleton, body, RIGHT, random, scene);
        }
}
