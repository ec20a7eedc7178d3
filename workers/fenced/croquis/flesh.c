/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/flesh.h"
#include "common/memory.h"

enum sex { ANY, FEMALE, MALE };

/* A muscle, bone or pad of fat: a tube from a to b, or an ellipsoid (radii) at a. Measures are those of the canon. */
struct muscle {
    enum bone bone; /* it belongs to; clothes that cover the bone cover it */
    enum shape shape;
    struct place a, b;
    vec3 radii;
    float r0, r1, bulge, shift, bow;
    float wide, deep; /* stretch of a tube; 0: 1 */
    float blend;
    float muscle; /* how much of it is muscle (0..1) that training changes */
    float fat;    /* how readily fat settles on it; all but the head have some */
    bool once;    /* in the middle, else on both sides */
    bool carve;   /* a hollow */
    enum sex sex;
};

/* clang-format off */
static const struct muscle muscles[] = {
    /* trunk */
    { CHEST, .a = { CHEST, 0, -.5f, .04f }, .b = { CHEST, 0, .38f, -.06f }, .r0 = .43f, .r1 = .46f, .bulge = .15f, .wide = 1.14f, .deep = .9f, .blend = .2f, .once = true },
    { CHEST, .a = { CHEST, .1f, .46f, -.08f }, .b = { UPPER_ARM, -.04f, 0, -.02f }, .r0 = .25f, .r1 = .2f, .deep = .85f, .blend = .25f },
    { WAIST, .a = { WAIST, 0, .3f, 0 }, .b = { PELVIS, 0, .12f, 0 }, .r0 = .45f, .r1 = .47f, .bulge = -.03f, .wide = 1.08f, .deep = .76f, .blend = .32f, .fat = 1, .once = true },
    { PELVIS, ELLIPSOID, .a = { PELVIS, 0, -.04f, 0 }, .radii = { .66f, .42f, .42f }, .blend = .2f, .fat = 1, .once = true },
    { PELVIS, ELLIPSOID, .a = { PELVIS, 0, -.3f, .02f }, .radii = { .2f, .24f, .3f }, .blend = .15f, .once = true },
    { PELVIS, .a = { PELVIS, .25f, -.08f, -.24f }, .b = { THIGH, .02f, .1f, -.17f }, .r0 = .27f, .r1 = .25f, .bulge = .04f, .blend = .1f, .fat = 1 },
    { PELVIS, ELLIPSOID, .a = { PELVIS, .44f, -.14f, -.02f }, .radii = { .24f, .34f, .3f }, .blend = .15f, .fat = 1, .sex = FEMALE },
    { WAIST, ELLIPSOID, .a = { WAIST, 0, -.16f, .2f }, .radii = { 1.02f, 1, .8f }, .blend = .25f, .once = true, .fat = -1 /* the belly: radii times it */ },
    { WAIST, .a = { CHEST, .12f, -.22f, .4f }, .b = { PELVIS, .07f, -.16f, .3f }, .r0 = .16f, .r1 = .13f, .deep = .6f, .blend = .1f, .muscle = .6f },
    { WAIST, .a = { CHEST, .44f, -.5f, .06f }, .b = { PELVIS, .5f, .16f, .06f }, .r0 = .15f, .r1 = .18f, .blend = .15f, .muscle = .5f, .fat = 1.5f },
    { CHEST, .a = { CHEST, .16f, .26f, .32f }, .b = { UPPER_ARM, 0, .2f, .1f }, .r0 = .2f, .r1 = .1f, .bulge = .05f, .deep = .7f, .blend = .08f, .muscle = .9f },
    { CHEST, .a = { CHEST, .19f, .06f, .36f }, .b = { UPPER_ARM, 0, .24f, .1f }, .r0 = .16f, .r1 = .09f, .bulge = .05f, .deep = .7f, .blend = .07f, .muscle = .9f, .sex = MALE },
    { CHEST, ELLIPSOID, .a = { CHEST, .29f, .02f, .4f }, .radii = { .23f, .235f, .225f }, .blend = .17f, .sex = FEMALE },
    { CHEST, .a = { CHEST, .26f, -.6f, -.2f }, .b = { UPPER_ARM, -.05f, .1f, -.05f }, .r0 = .17f, .r1 = .08f, .bulge = .06f, .blend = .16f, .muscle = .9f },
    { CHEST, ELLIPSOID, .a = { CHEST, .36f, .24f, -.34f }, .radii = { .24f, .34f, .13f }, .blend = .18f, .muscle = .5f },
    { WAIST, .a = { CHEST, .13f, .1f, -.4f }, .b = { PELVIS, .12f, .1f, -.32f }, .r0 = .11f, .r1 = .1f, .blend = .16f, .muscle = .6f },
    { CHEST, .a = { NECK, .07f, .34f, -.08f }, .b = { UPPER_ARM, -.06f, -.05f, -.04f }, .r0 = .13f, .r1 = .1f, .bulge = .02f, .blend = .2f, .muscle = .7f },
    { CHEST, .a = { CHEST, .12f, -.1f, -.4f }, .b = { NECK, .08f, .1f, -.06f }, .r0 = .12f, .r1 = .12f, .blend = .12f, .muscle = .5f },
    { CHEST, .a = { CHEST, .07f, .6f, .2f }, .b = { UPPER_ARM, -.04f, -.1f, .06f }, .r0 = .05f, .r1 = .05f, .blend = .06f },
    { NECK, .a = { NECK, 0, -.14f, .0f }, .b = { NECK, 0, .46f, .06f }, .r0 = .25f, .r1 = .22f, .blend = .12f, .once = true },
    { NECK, .a = { CHEST, .05f, .6f, .22f }, .b = { SKULL, .22f, -.12f, -.12f }, .r0 = .045f, .r1 = .07f, .blend = .08f },
    /* head */
    { SKULL, ELLIPSOID, .a = { SKULL, 0, .12f, -.07f }, .radii = { .335f, .375f, .41f }, .once = true },
    { SKULL, .a = { SKULL, 0, .08f, .12f }, .b = { SKULL, 0, -.33f, .2f }, .r0 = .27f, .r1 = .14f, .deep = .9f, .blend = .08f, .once = true },
    { SKULL, ELLIPSOID, .a = { SKULL, 0, -.13f, .15f }, .radii = { .245f, .25f, .225f }, .blend = .1f, .once = true },
    { SKULL, .a = { SKULL, .21f, -.16f, -.02f }, .b = { SKULL, .06f, -.42f, .26f }, .r0 = .08f, .r1 = .06f, .blend = .12f },
    { SKULL, ELLIPSOID, .a = { SKULL, 0, -.425f, .29f }, .radii = { .095f, .07f, .075f }, .blend = .08f, .once = true },
    { SKULL, ELLIPSOID, .a = { SKULL, .2f, -.11f, .23f }, .radii = { .07f, .05f, .07f }, .blend = .14f },
    { SKULL, .a = { SKULL, .03f, .075f, .355f }, .b = { SKULL, .2f, .06f, .27f }, .r0 = .045f, .r1 = .045f, .blend = .06f },
    { SKULL, ELLIPSOID, .carve = true, .a = { SKULL, .14f, -.015f, .42f }, .radii = { .085f, .045f, .075f }, .blend = .09f },
    { SKULL, ELLIPSOID, .a = { SKULL, .135f, -.02f, .298f }, .radii = { .062f, .05f, .055f }, .blend = .02f },
    { SKULL, .a = { SKULL, 0, .02f, .37f }, .b = { SKULL, 0, -.15f, .46f }, .r0 = .03f, .r1 = .045f, .blend = .04f, .once = true },
    { SKULL, ELLIPSOID, .a = { SKULL, .045f, -.165f, .4f }, .radii = { .038f, .03f, .045f }, .blend = .03f },
    { SKULL, ELLIPSOID, .a = { SKULL, 0, -.28f, .31f }, .radii = { .12f, .1f, .08f }, .blend = .06f, .once = true },
    { SKULL, .a = { SKULL, 0, -.253f, .395f }, .b = { SKULL, .085f, -.268f, .35f }, .r0 = .02f, .r1 = .012f, .blend = .012f },
    { SKULL, .a = { SKULL, 0, -.295f, .385f }, .b = { SKULL, .07f, -.285f, .355f }, .r0 = .027f, .r1 = .014f, .blend = .01f },
    { SKULL, ELLIPSOID, .a = { SKULL, .345f, -.04f, -.05f }, .radii = { .035f, .11f, .07f }, .blend = .02f },
    /* arms */
    { UPPER_ARM, .a = { UPPER_ARM, .05f, -.02f, 0 }, .b = { UPPER_ARM, .05f, .5f, .02f }, .r0 = .205f, .r1 = .09f, .bulge = .06f, .shift = .3f, .blend = .14f, .muscle = .8f },
    { UPPER_ARM, .a = { UPPER_ARM, 0, 0, 0 }, .b = { UPPER_ARM, 0, 1, 0 }, .r0 = .195f, .r1 = .14f, .blend = .08f, .muscle = .4f, .fat = .6f },
    { UPPER_ARM, .a = { UPPER_ARM, -.02f, .26f, .08f }, .b = { UPPER_ARM, 0, .92f, .06f }, .r0 = .09f, .r1 = .07f, .bulge = .065f, .blend = .06f, .muscle = 1 },
    { UPPER_ARM, .a = { UPPER_ARM, .02f, .16f, -.08f }, .b = { UPPER_ARM, 0, .86f, -.05f }, .r0 = .1f, .r1 = .07f, .bulge = .06f, .shift = .2f, .blend = .06f, .muscle = 1 },
    { UPPER_ARM, ELLIPSOID, .a = { UPPER_ARM, 0, 1, -.05f }, .radii = { .105f, .11f, .1f }, .blend = .1f },
    { FOREARM, .a = { FOREARM, 0, .02f, 0 }, .b = { FOREARM, 0, .98f, 0 }, .r0 = .14f, .r1 = .092f, .bulge = .05f, .shift = .7f, .blend = .1f, .muscle = .5f },
    { FOREARM, .a = { UPPER_ARM, .1f, .78f, .04f }, .b = { FOREARM, .04f, .6f, .02f }, .r0 = .06f, .r1 = .06f, .bulge = .055f, .blend = .08f, .muscle = .8f },
    { FOREARM, .a = { UPPER_ARM, -.1f, .95f, .02f }, .b = { FOREARM, -.04f, .64f, .02f }, .r0 = .075f, .r1 = .06f, .bulge = .045f, .shift = .4f, .blend = .08f, .muscle = .8f },
    { FOREARM, ELLIPSOID, .a = { FOREARM, 0, .97f, 0 }, .radii = { .118f, .17f, .085f }, .blend = .1f },
    /* legs */
    { THIGH, .a = { THIGH, -.03f, .04f, 0 }, .b = { THIGH, 0, 1, 0 }, .r0 = .355f, .r1 = .215f, .bulge = .02f, .bow = .03f, .blend = .15f, .muscle = .3f, .fat = 1.2f },
    { THIGH, .a = { PELVIS, .4f, .02f, .2f }, .b = { THIGH, .02f, .9f, .08f }, .r0 = .1f, .r1 = .11f, .bulge = .1f, .blend = .1f, .muscle = .7f },
    { THIGH, .a = { THIGH, .16f, .1f, .03f }, .b = { THIGH, .09f, .92f, .06f }, .r0 = .14f, .r1 = .09f, .bulge = .08f, .blend = .09f, .muscle = .8f },
    { THIGH, ELLIPSOID, .a = { THIGH, -.11f, .84f, .09f }, .radii = { .1f, .22f, .11f }, .blend = .08f, .muscle = .8f },
    { THIGH, .a = { PELVIS, .16f, -.3f, -.02f }, .b = { THIGH, -.1f, .55f, -.02f }, .r0 = .15f, .r1 = .11f, .bulge = .06f, .blend = .12f, .muscle = .4f, .fat = 1.2f },
    { THIGH, .a = { PELVIS, .24f, -.34f, -.18f }, .b = { SHIN, -.11f, .03f, -.12f }, .r0 = .14f, .r1 = .06f, .bulge = .08f, .shift = .2f, .blend = .1f, .muscle = .7f },
    { THIGH, .a = { PELVIS, .38f, -.34f, -.18f }, .b = { SHIN, .12f, .03f, -.1f }, .r0 = .14f, .r1 = .055f, .bulge = .08f, .shift = .2f, .blend = .1f, .muscle = .7f },
    { SHIN, ELLIPSOID, .a = { SHIN, 0, -.01f, .1f }, .radii = { .125f, .18f, .1f }, .blend = .12f },
    { SHIN, .a = { SHIN, 0, 0, 0 }, .b = { SHIN, 0, 1, -.01f }, .r0 = .185f, .r1 = .115f, .blend = .14f, .muscle = .2f, .fat = .5f },
    { SHIN, .a = { SHIN, -.07f, .02f, -.08f }, .b = { SHIN, -.02f, .74f, -.06f }, .r0 = .1f, .r1 = .05f, .bulge = .095f, .shift = .35f, .bow = -.04f, .blend = .08f, .muscle = .8f },
    { SHIN, .a = { SHIN, .07f, .02f, -.08f }, .b = { SHIN, .03f, .66f, -.06f }, .r0 = .1f, .r1 = .05f, .bulge = .085f, .shift = .35f, .bow = -.03f, .blend = .08f, .muscle = .8f },
    { SHIN, .a = { SHIN, .05f, .06f, .07f }, .b = { SHIN, 0, .82f, .05f }, .r0 = .07f, .r1 = .05f, .bulge = .04f, .shift = .4f, .blend = .08f, .muscle = .7f },
    { SHIN, .a = { SHIN, 0, .5f, -.1f }, .b = { FOOT, 0, -.18f, -.2f }, .r0 = .06f, .r1 = .06f, .blend = .06f },
    { SHIN, ELLIPSOID, .a = { SHIN, .115f, .99f, -.02f }, .radii = { .055f, .07f, .06f }, .blend = .05f },
    { SHIN, ELLIPSOID, .a = { SHIN, -.11f, .965f, .01f }, .radii = { .055f, .07f, .06f }, .blend = .05f },
    { FOOT, ELLIPSOID, .a = { FOOT, 0, -.2f, -.14f }, .radii = { .14f, .14f, .175f }, .blend = .1f },
    { FOOT, .a = { FOOT, -.01f, -.06f, .02f }, .b = { FOOT, -.02f, -.22f, .48f }, .r0 = .15f, .r1 = .09f, .wide = 1.15f, .blend = .1f },
    { FOOT, .a = { FOOT, .05f, -.25f, -.1f }, .b = { FOOT, .08f, -.26f, .46f }, .r0 = .085f, .r1 = .075f, .blend = .1f },
    { FOOT, ELLIPSOID, .a = { FOOT, -.01f, -.24f, .46f }, .radii = { .2f, .095f, .16f }, .blend = .08f },
    { TOES, .a = { TOES, -.12f, -.02f, 0 }, .b = { TOES, -.11f, -.045f, .3f }, .r0 = .07f, .r1 = .058f, .blend = .04f },
    { TOES, .a = { TOES, -.02f, -.02f, .02f }, .b = { TOES, -.01f, -.055f, .29f }, .r0 = .05f, .r1 = .042f, .blend = .02f },
    { TOES, .a = { TOES, .05f, -.03f, 0 }, .b = { TOES, .065f, -.06f, .25f }, .r0 = .05f, .r1 = .04f, .blend = .02f },
    { TOES, .a = { TOES, .11f, -.03f, -.02f }, .b = { TOES, .13f, -.06f, .2f }, .r0 = .048f, .r1 = .038f, .blend = .02f },
    { TOES, .a = { TOES, .16f, -.04f, -.04f }, .b = { TOES, .185f, -.06f, .13f }, .r0 = .045f, .r1 = .036f, .blend = .02f },
};

/* Where each limb melts into the trunk. */
static const struct {
    enum limb limb;
    enum side side;
    struct place at;
    float blend, range;
} joints[] = {
    { HEAD, LEFT, { NECK, 0, .4f, .05f }, .12f, .5f },
    { ARM_LEFT, LEFT, { UPPER_ARM, 0, .02f, 0 }, .22f, .6f }, { ARM_RIGHT, RIGHT, { UPPER_ARM, 0, .02f, 0 }, .22f, .6f },
    { LEG_LEFT, LEFT, { THIGH, 0, 0, 0 }, .22f, .85f }, { LEG_RIGHT, RIGHT, { THIGH, 0, 0, 0 }, .22f, .85f },
};

/* How fingers curl: degrees at the knuckle and at the middle joint, from the first finger to the last; the thumb's way
 * across the palm (0..1). */
static const struct {
    float knuckle[4], middle[4], spread, thumb;
} curls[] = {
    [HAND_RELAXED] = { { 14, 20, 26, 32 }, { 26, 32, 38, 42 }, .2f, .35f },
    [HAND_OPEN] = { { -2, 2, 4, 4 }, { 6, 10, 12, 10 }, 1, .0f },
    [HAND_FIST] = { { 76, 80, 82, 84 }, { 100, 104, 106, 108 }, 0, 1 },
    [HAND_POINT] = { { 2, 62, 72, 76 }, { 6, 96, 100, 104 }, 0, .9f },
    [HAND_FLAT] = { { 2, 2, 2, 2 }, { 4, 4, 4, 4 }, .5f, .1f },
};
/* clang-format on */

vec3 place_at(const struct skeleton *skeleton, enum side side, struct place p)
{
    return bone_at(&skeleton->bones[side][p.bone], p.x, p.y, p.z);
}

enum limb limb_of(enum bone bone, enum side side)
{
    if (bone == SKULL)
        return HEAD;
    if (bone == UPPER_ARM || bone == FOREARM || bone == HAND)
        return side == LEFT ? ARM_LEFT : ARM_RIGHT;
    if (bone >= THIGH && bone <= TOES)
        return side == LEFT ? LEG_LEFT : LEG_RIGHT;
    return TRUNK;
}

/* A bone's thickness: what a radius on it is multiplied by. */
static float thickness(const struct bone_frame *bone)
{
    return sqrtf(bone->size.x * bone->size.z);
}

static void ellipsoid_add(const struct skeleton *skeleton, const struct body *body, const struct muscle *m,
                          enum side side, struct volume *v)
{
    const struct bone_frame *bone = &skeleton->bones[side][m->a.bone];
    float grow = m->fat > 0 ? body->fat * (1 + m->fat) : 0, trained = 1 + 0.25f * m->muscle * (body->muscle - 1);

    v->f = bone->f;
    v->f.o = place_at(skeleton, side, m->a);
    v->size = vec(m->radii.x * bone->size.x * trained + grow, m->radii.y * thickness(bone) * trained + grow,
                  m->radii.z * bone->size.z * trained + grow);
    if (m->fat < 0)
        v->size = scale(m->radii, body->belly);
    if (m->sex == FEMALE && m->bone == CHEST)
        v->size = scale(v->size, body->bust);
}

static void tube_add(const struct skeleton *skeleton, const struct body *body, const struct muscle *m, enum side side,
                     struct volume *v)
{
    const struct bone_frame *a = &skeleton->bones[side][m->a.bone], *b = &skeleton->bones[side][m->b.bone];
    float trained = 1 + 0.3f * m->muscle * (body->muscle - 1), grow = m->a.bone == SKULL ? 0 : body->fat * (1 + m->fat);
    float aspect = sqrtf(a->size.x / a->size.z);
    vec3 from = place_at(skeleton, side, m->a), to = place_at(skeleton, side, m->b), way = unit(sub(to, from));

    volume_place(v, from, to, fabsf(dot(way, a->f.z)) > 0.9f ? a->f.y : a->f.z);
    v->r0 = m->r0 * thickness(a) * trained + grow;
    v->r1 = m->r1 * thickness(b) * trained + grow;
    v->bulge = m->bulge * thickness(a) * (m->muscle > 0 ? 1 + m->muscle * (body->muscle - 1) : 1);
    v->shift = m->shift;
    v->bow = m->bow * thickness(a);
    v->size = vec((m->wide > 0 ? m->wide : 1) * aspect, 1, (m->deep > 0 ? m->deep : 1) / aspect);
}

static void muscle_add(const struct skeleton *skeleton, const struct body *body, const struct muscle *m, enum side side,
                       struct scene *scene)
{
    struct volume *v = scene_add(scene, SKIN, limb_of(m->bone, side));

    if (!v)
        return;
    v->shape = m->shape;
    v->carve = m->carve;
    v->bone = (uint8_t)m->bone;
    v->side = (uint8_t)side;
    /* Training draws muscles apart; fat draws them together. */
    v->blend = m->blend * (m->muscle > 0 ? clampf(1.5f - 0.5f * body->muscle + 8 * body->fat, 0.7f, 2) : 1);
    if (m->shape == TUBE)
        tube_add(skeleton, body, m, side, v);
    else
        ellipsoid_add(skeleton, body, m, side, v);
}

static void hand_tube(const struct bone_frame *hand, enum side side, struct scene *scene, vec3 a, vec3 b, float r0,
                      float r1, float flat)
{
    struct volume *v = scene_add(scene, SKIN, limb_of(HAND, side));
    float size = hand->size.x;

    if (!v)
        return;
    volume_place(v, frame_at(&hand->f, a.x * size, a.y * size, a.z * size),
                 frame_at(&hand->f, b.x * size, b.y * size, b.z * size), hand->f.z);
    v->bone = HAND;
    v->side = (uint8_t)side;
    v->r0 = r0 * size;
    v->r1 = r1 * size;
    v->size.z = flat;
    v->blend = 0.03f;
}

/* Palm, four fingers of two parts each, and a thumb; x towards the thumb, z where the palm faces. */
static void hand_add(const struct skeleton *skeleton, enum side side, struct scene *scene)
{
    static const float long_[4] = { .33f, .37f, .34f, .27f };
    const struct bone_frame *hand = &skeleton->bones[side][HAND];
    enum hand kind = skeleton->hands[side];
    float across_palm = curls[kind].thumb;
    vec3 a, b, c;

    hand_tube(hand, side, scene, vec(0, .02f, 0), vec(0, .3f, .0f), .115f, .165f, .45f);
    hand_tube(hand, side, scene, vec(.07f, .08f, .02f), vec(.11f, .24f, .04f), .075f, .05f, 1);
    for (int i = 0; i < 4; i++) {
        float x = .12f - .08f * (float)i, lean = curls[kind].spread * x * 0.9f;
        float k = radians(curls[kind].knuckle[i]), m = k + radians(curls[kind].middle[i]);

        a = vec(x, .39f - .25f * x * x, -.005f);
        b = along(a, vec(lean, cosf(k), sinf(k)), long_[i] * 0.52f);
        c = along(b, vec(lean * cosf(m - k), cosf(m), sinf(m)), long_[i] * 0.5f);
        hand_tube(hand, side, scene, a, b, .048f, .042f, 1);
        hand_tube(hand, side, scene, b, c, .042f, .032f, 1);
    }
    a = vec(.11f, .14f, .03f);
    b = middle(vec(.24f, .3f, .05f), vec(.15f, .3f, .15f), across_palm);
    c = middle(vec(.29f, .46f, .04f), vec(.0f, .38f, .19f), across_palm);
    hand_tube(hand, side, scene, a, b, .062f, .048f, 1);
    hand_tube(hand, side, scene, b, c, .048f, .036f, 1);
}

void flesh_add(const struct skeleton *skeleton, const struct body *body, struct scene *scene)
{
    for (size_t i = 0; i < ELEMENTS(muscles); i++) {
        const struct muscle *m = &muscles[i];

        if ((m->sex == FEMALE && !body->female) || (m->sex == MALE && body->female) || (m->fat < 0 && body->belly <= 0))
            continue;
        muscle_add(skeleton, body, m, LEFT, scene);
        if (!m->once)
            muscle_add(skeleton, body, m, RIGHT, scene);
    }
    hand_add(skeleton, LEFT, scene);
    hand_add(skeleton, RIGHT, scene);
    for (size_t i = 0; i < ELEMENTS(joints); i++) {
        scene->joints[joints[i].limb].at = place_at(skeleton, joints[i].side, joints[i].at);
        scene->joints[joints[i].limb].blend = joints[i].blend;
        scene->joints[joints[i].limb].range = joints[i].range;
    }
}

void prop_add(const struct skeleton *skeleton, struct scene *scene)
{
    struct volume *v;

    if (skeleton->prop != PROP_SEAT || !(v = scene_add(scene, PROP, TRUNK)))
        return;
    v->shape = BOX;
    v->f = skeleton->root;
    v->f.o = vec(skeleton->seat_at.x, skeleton->seat / 2, skeleton->seat_at.z);
    v->size = vec(0.95f, skeleton->seat / 2, 0.72f);
    v->r0 = 0.03f;
    v->bone = PELVIS;
}
