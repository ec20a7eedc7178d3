/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/skeleton.h"
#include "common/memory.h"

/* Lengths of the eight-head canon, in heads, from joint to joint. */
enum limb_length { LENGTH_UPPER_ARM, LENGTH_FOREARM, LENGTH_THIGH, LENGTH_SHIN };
static const float canon[] = {
    [LENGTH_UPPER_ARM] = 1.42f, [LENGTH_FOREARM] = 1.18f, [LENGTH_THIGH] = 2.0f, [LENGTH_SHIN] = 1.88f
};

/* One figure on its way from a pose to bones. */
struct posing {
    const struct pose *pose;
    const struct body *body;
    struct random *random;
    struct skeleton *to;
    float unit; /* heads of this body to one of the canon, for all but the head */
    bool mirrored;
};

vec3 bone_at(const struct bone_frame *bone, float x, float y, float z)
{
    return frame_at(&bone->f, x * bone->size.x, y * bone->length, z * bone->size.z);
}

static vec3 jitter(struct posing *p, vec3 v, float by)
{
    return vec(v.x + random_range(p->random, -by, by), v.y + random_range(p->random, -by, by),
               v.z + random_range(p->random, -by, by));
}

/* A direction as a frame sees it, outwards being to this side. */
static vec3 direction(const struct frame *f, vec3 d, enum side side)
{
    float out = side == LEFT ? d.x : -d.x;
    return unit(add(add(scale(f->x, out), scale(f->y, d.y)), scale(f->z, d.z)));
}

static void bone_set(struct posing *p, enum side side, enum bone bone, struct frame f, float long_, float wide,
                     float deep)
{
    p->to->bones[side][bone] = (struct bone_frame){ .f = f, .length = long_, .size = { wide, 1, deep } };
}

static void trunk_set(struct posing *p, enum bone bone, struct frame f, float wide, float deep)
{
    for (int side = 0; side < SIDES; side++) {
        bone_set(p, (enum side)side, bone, f, p->unit, p->unit * wide, p->unit * deep);
        /* Outwards is outwards on both sides. */
        if (side == RIGHT)
            p->to->bones[side][bone].f.x = scale(f.x, -1);
    }
}

static struct frame frame_bend(struct frame f, vec3 angles, float part, bool mirrored)
{
    float turned = mirrored ? -part : part;
    return frame_turn(f, angles.x * part, angles.y * turned, angles.z * turned);
}

static void pose_trunk(struct posing *p, struct frame f)
{
    const struct body *b = p->body;
    vec3 spine = jitter(p, p->pose->spine, 4), head = jitter(p, p->pose->head, 5);

    spine.x += b->stoop;
    head.x -= b->stoop * 0.6f;
    head.y += random_range(p->random, -9, 9);
    f = frame_bend(f, jitter(p, p->pose->pelvis, 2.5f), 1, p->mirrored);
    trunk_set(p, PELVIS, f, b->hip, b->depth);
    f.o = frame_at(&f, 0, 0.42f * p->unit, 0);
    f = frame_bend(f, spine, 0.5f, p->mirrored);
    f.o = frame_at(&f, 0, 0.18f * p->unit, 0);
    trunk_set(p, WAIST, f, b->waist, b->depth);
    f.o = frame_at(&f, 0, 0.32f * p->unit, 0);
    f = frame_bend(f, spine, 0.5f, p->mirrored);
    f.o = frame_at(&f, 0, 0.5f * p->unit, 0);
    trunk_set(p, CHEST, f, b->chest, b->depth);
    f.o = frame_at(&f, 0, 0.78f * p->unit, -0.15f * p->unit);
    f = frame_turn(f, 14, 0, 0);
    f = frame_bend(f, head, 0.45f, p->mirrored);
    trunk_set(p, NECK, f, b->neck, b->neck);
    f.o = frame_at(&f, 0, 0.42f * p->unit, 0.02f);
    f = frame_turn(f, -14, 0, 0);
    f = frame_bend(f, head, 0.55f, p->mirrored);
    f.o = frame_at(&f, 0, 0.4f, 0.12f);
    for (int side = 0; side < SIDES; side++) {
        bone_set(p, (enum side)side, SKULL, f, 1, b->female ? 0.94f : 1, b->female ? 0.97f : 1);
        if (side == RIGHT)
            p->to->bones[side][SKULL].f.x = scale(f.x, -1);
    }
}

/* The frame of a limb's bone from o along y, its front as near to front as may be. */
static struct frame limb_frame(vec3 o, vec3 y, vec3 front, enum side side)
{
    struct frame f = { .o = o, .y = y };

    f.z = across(front, y, across(vec(0, 0, 1), y, vec(1, 0, 0)));
    f.x = scale(cross(f.z, f.y), side == LEFT ? 1 : -1);
    return f;
}

/* Two bones of lengths a and b from one joint to another, the middle joint towards pole: where it lies. The far joint
 * is moved when it is out of reach. */
static vec3 joint_between(vec3 from, vec3 *to, float a, float b, vec3 pole)
{
    vec3 d = sub(*to, from);
    float l = clampf(length(d), fabsf(a - b) + 0.05f, (a + b) * 0.9985f), x, h;

    d = unit(d);
    *to = along(from, d, l);
    x = (a * a - b * b + l * l) / (2 * l);
    h = sqrtf(maxf(a * a - x * x, 0));
    return along(along(from, d, x), across(pole, d, vec(0, 0, 1)), h);
}

static void set_arm(struct posing *p, enum side side, vec3 shoulder, vec3 elbow, vec3 wrist, vec3 palm, vec3 front)
{
    vec3 upper = unit(sub(elbow, shoulder)), lower = unit(sub(wrist, elbow)), flex, hand;
    float thick = p->unit * p->body->limb, size = p->unit * (p->body->female ? 0.9f : 1.0f);

    /* The forearm bends towards the biceps; a straight arm's biceps looks ahead, or where the palm does. */
    flex = add(scale(sub(lower, scale(upper, dot(lower, upper))), 3), add(scale(front, 0.35f), scale(palm, 0.2f)));
    bone_set(p, side, UPPER_ARM, limb_frame(shoulder, upper, flex, side), length(sub(elbow, shoulder)), thick, thick);
    bone_set(p, side, FOREARM, limb_frame(elbow, lower, add(palm, scale(flex, 0.25f)), side), length(sub(wrist, elbow)),
             thick, thick);
    hand = unit(add(lower, scale(palm, p->to->hands[side] == HAND_FIST ? 0.05f : 0.16f)));
    if (p->to->hands[side] == HAND_FLAT)
        hand = unit(sub(lower, scale(palm, 0.25f)));
    bone_set(p, side, HAND, limb_frame(wrist, hand, palm, side), size, size, size);
}

/* A hand on the ground: flat, fingers away from the body. */
static void plant_hand(struct posing *p, enum side side)
{
    struct bone_frame *bones = p->to->bones[side];
    vec3 shoulder = bones[UPPER_ARM].f.o, wrist = bones[HAND].f.o, elbow, back;
    float reach = 0.98f * (bones[UPPER_ARM].length + bones[FOREARM].length), far, down = shoulder.y - 0.16f * p->unit;

    back = unit(vec(wrist.x - shoulder.x, 0, wrist.z - shoulder.z));
    /* Nearer, where the arm is too short to reach the ground there. */
    far = minf(hypotf(wrist.x - shoulder.x, wrist.z - shoulder.z), sqrtf(maxf(reach * reach - down * down, 0.04f)));
    wrist = add(vec(shoulder.x, 0.16f * p->unit, shoulder.z), scale(back, far));
    elbow = joint_between(shoulder, &wrist, bones[UPPER_ARM].length, bones[FOREARM].length,
                          along(back, vec(0, 1, 0), 0.3f));
    set_arm(p, side, shoulder, elbow, wrist, vec(0, -1, 0), scale(back, -1));
    bones[HAND].f = limb_frame(wrist, unit(along(back, vec(0, -1, 0), 0.12f)), vec(0, -1, 0), side);
}

static void pose_arm(struct posing *p, enum side side)
{
    int of = p->mirrored ? !side : (int)side;
    const struct frame *chest = &p->to->bones[LEFT][CHEST].f;
    vec3 upper = direction(chest, jitter(p, p->pose->arm[of].upper, 0.07f), side);
    vec3 lower = direction(chest, jitter(p, p->pose->arm[of].lower, 0.07f), side);
    vec3 palm = p->pose->arm[of].palm, shoulder, elbow, wrist;
    float raised = maxf(dot(upper, chest->y) + 0.15f, 0), reach = dot(upper, chest->z);

    if (length(palm) < 0.1f)
        palm = vec(-1, 0, -0.25f);
    palm = direction(chest, palm, side);
    p->to->hands[side] = p->pose->arm[of].hand;
    /* The shoulder blade slides with the arm: up with a raised one, forwards with a reaching one. */
    shoulder = bone_at(&p->to->bones[side][CHEST], 0, 0.5f + 0.16f * raised, -0.08f + 0.13f * reach);
    shoulder = along(shoulder, p->to->bones[side][CHEST].f.x, p->unit * p->body->shoulder * (0.86f - 0.1f * raised));
    elbow = along(shoulder, upper, canon[LENGTH_UPPER_ARM] * p->unit);
    wrist = along(elbow, lower, canon[LENGTH_FOREARM] * p->unit);
    if (p->pose->arm[of].held) {
        struct place to = p->pose->arm[of].to;

        wrist = bone_at(&p->to->bones[side][to.bone], to.x, to.y, to.z);
        elbow =
            joint_between(shoulder, &wrist, canon[LENGTH_UPPER_ARM] * p->unit, canon[LENGTH_FOREARM] * p->unit, upper);
    }
    set_arm(p, side, shoulder, elbow, wrist, palm, chest->z);
    if (p->pose->arm[of].planted)
        plant_hand(p, side);
}

/* What stands of a foot, seen from the ankle: heel, ball and toes, in heads of the canon. */
static const vec3 sole[] = { { 0, -0.34f, -0.26f }, { 0, -0.34f, 0.52f } };

/* How high above the ground the ankle of a standing foot is, given the foot's frame. */
static float ankle_height(const struct posing *p, const struct frame *foot)
{
    float low = 0;

    for (size_t i = 0; i < ELEMENTS(sole); i++) {
        vec3 at = frame_at(foot, 0, sole[i].y * p->unit, sole[i].z * p->unit);
        low = minf(low, at.y - foot->o.y);
    }
    return -low;
}

/* The foot's frame has y up and z along the foot. */
static struct frame foot_frame(struct posing *p, enum side side, vec3 ankle, vec3 shin, vec3 knee_front)
{
    int of = p->mirrored ? !side : (int)side;
    float out = radians(p->pose->leg[of].yaw) * (side == LEFT ? 1 : -1), pitch = p->pose->leg[of].pitch;
    struct frame f = { .o = ankle, .y = scale(shin, -1), .z = across(knee_front, shin, p->to->root.z) };

    if (p->pose->leg[of].planted) {
        f.y = vec(0, 1, 0);
        f.z = add(scale(p->to->root.z, cosf(out)), scale(p->to->root.x, sinf(out)));
    }
    turn(&f.y, &f.z, pitch);
    f.x = scale(cross(f.y, f.z), side == LEFT ? 1 : -1);
    return f;
}

static void set_leg(struct posing *p, enum side side, vec3 hip, vec3 knee, vec3 ankle)
{
    int of = p->mirrored ? !side : (int)side;
    vec3 thigh = unit(sub(knee, hip)), shin = unit(sub(ankle, knee)), ahead, front;
    float out = radians(p->pose->leg[of].yaw) * (side == LEFT ? 1 : -1), thick = p->unit * p->body->limb;
    struct frame foot, toes;

    ahead = add(scale(p->to->root.z, cosf(out)), scale(p->to->root.x, sinf(out)));
    front = add(scale(sub(thigh, shin), 2), scale(ahead, 0.22f));
    bone_set(p, side, THIGH, limb_frame(hip, thigh, front, side), length(sub(knee, hip)), thick, thick);
    bone_set(p, side, SHIN, limb_frame(knee, shin, front, side), length(sub(ankle, knee)), thick, thick);
    foot = foot_frame(p, side, ankle, shin, front);
    bone_set(p, side, FOOT, foot, p->unit, p->unit, p->unit);
    toes = foot;
    toes.o = frame_at(&foot, 0, -0.24f * p->unit, 0.52f * p->unit);
    /* Toes stay on the ground when the heel leaves it. */
    if (p->pose->leg[of].planted && p->pose->leg[of].pitch > 0)
        turn(&toes.y, &toes.z, -p->pose->leg[of].pitch);
    bone_set(p, side, TOES, toes, p->unit, p->unit, p->unit);
}

static void pose_leg(struct posing *p, enum side side)
{
    int of = p->mirrored ? !side : (int)side;
    vec3 upper = direction(&p->to->root, jitter(p, p->pose->leg[of].upper, 0.045f), side);
    vec3 lower = direction(&p->to->root, jitter(p, p->pose->leg[of].lower, 0.045f), side);
    vec3 hip = bone_at(&p->to->bones[side][PELVIS], 0.42f, -0.2f, 0), knee, ankle;

    knee = along(hip, upper, canon[LENGTH_THIGH] * p->unit);
    ankle = along(knee, lower, canon[LENGTH_SHIN] * p->unit);
    set_leg(p, side, hip, knee, ankle);
}

/* Bring the sole of a standing foot to the ground by bending the knee. */
static void plant_leg(struct posing *p, enum side side)
{
    struct bone_frame *bones = p->to->bones[side];
    vec3 hip = bones[THIGH].f.o, ankle = bones[FOOT].f.o, knee;

    ankle.y = ankle_height(p, &bones[FOOT].f);
    knee = joint_between(hip, &ankle, bones[THIGH].length, bones[SHIN].length,
                         add(bones[THIGH].f.z, scale(bones[SHIN].f.z, 0.5f)));
    set_leg(p, side, hip, knee, ankle);
}

static void move_all(struct skeleton *s, vec3 by)
{
    for (int side = 0; side < SIDES; side++)
        for (int bone = 0; bone < BONES; bone++)
            s->bones[side][bone].f.o = add(s->bones[side][bone].f.o, by);
}

/* Whatever may rest on the ground: the lowest of it. */
static float lowest(const struct posing *p)
{
    static const struct {
        enum bone bone;
        vec3 at;
        float radius;
    } rests[] = {
        { FOOT, { 0, -0.34f, -0.26f }, 0 },          { FOOT, { 0, -0.32f, 0.52f }, 0 },
        { TOES, { 0, -0.05f, 0.28f }, 0.04f },       { SHIN, { 0, 0, 0.08f }, 0.24f },
        { PELVIS, { 0.3f, -0.24f, -0.24f }, 0.36f }, { CHEST, { 0.3f, 0.2f, -0.3f }, 0.2f },
        { SKULL, { 0, 0.1f, -0.3f }, 0.12f },        { SHIN, { 0, 0.4f, -0.1f }, 0.2f },
    };
    float low = 1e9f;

    for (int side = 0; side < SIDES; side++)
        for (size_t i = 0; i < ELEMENTS(rests); i++) {
            vec3 at = bone_at(&p->to->bones[side][rests[i].bone], rests[i].at.x, rests[i].at.y, rests[i].at.z);
            low = minf(low, at.y - rests[i].radius * p->unit);
        }
    return low;
}

/* How far the figure may be raised with this standing leg still reaching the ground. */
static float reach_down(const struct posing *p, enum side side)
{
    const struct bone_frame *bones = p->to->bones[side];
    vec3 d = sub(bones[FOOT].f.o, bones[THIGH].f.o);
    float leg = (bones[THIGH].length + bones[SHIN].length) * 0.995f;
    float down = sqrtf(maxf(leg * leg - d.x * d.x - d.z * d.z, 0.1f));

    return ankle_height(p, &bones[FOOT].f) + down - bones[THIGH].f.o.y;
}

static void stand(struct posing *p)
{
    float up = -lowest(p);

    for (int side = 0; side < SIDES; side++)
        if (p->pose->leg[p->mirrored ? !side : side].planted)
            up = minf(up, reach_down(p, (enum side)side));
    move_all(p->to, vec(0, up + p->pose->lift * p->unit, 0));
    for (int side = 0; side < SIDES; side++)
        if (p->pose->leg[p->mirrored ? !side : side].planted)
            plant_leg(p, (enum side)side);
}

/* Where a skirt hangs: between the knees, then between the ankles. */
static void pose_skirt(struct posing *p)
{
    struct bone_frame *l = p->to->bones[LEFT], *r = p->to->bones[RIGHT], *pelvis = &l[PELVIS];
    vec3 knees = middle(l[SHIN].f.o, r[SHIN].f.o, 0.5f), ankles = middle(l[FOOT].f.o, r[FOOT].f.o, 0.5f);
    vec3 top = bone_at(pelvis, 0, 0.25f, 0), spread = sub(l[SHIN].f.o, r[SHIN].f.o);
    float knee_apart = length(spread);
    struct frame lap = limb_frame(top, unit(sub(knees, top)), pelvis->f.z, LEFT), hem;

    lap.x = across(knee_apart > 0.5f ? spread : pelvis->f.x, lap.y, lap.x);
    lap.z = cross(lap.x, lap.y);
    hem = limb_frame(knees, unit(sub(ankles, knees)), lap.z, LEFT);
    for (int side = 0; side < SIDES; side++) {
        bone_set(p, (enum side)side, LAP, lap, length(sub(knees, top)), p->unit, p->unit);
        bone_set(p, (enum side)side, HEM, hem, length(sub(ankles, knees)), p->unit, p->unit);
    }
}

void skeleton_pose(const struct pose *pose, const struct body *body, bool mirrored, float yaw, struct random *random,
                   struct skeleton *ret)
{
    struct posing p = { pose, body, random, ret, (body->heads - 1) / 7, mirrored };
    struct frame root = { .x = { 1, 0, 0 }, .y = { 0, 1, 0 }, .z = { 0, 0, 1 } };

    memset(ret, 0, sizeof(*ret));
    ret->root = root = frame_turn(root, 0, yaw, 0);
    ret->prop = pose->prop;
    root.o = vec(0, 4.4f * p.unit, 0);
    pose_trunk(&p, root);
    pose_leg(&p, LEFT);
    pose_leg(&p, RIGHT);
    stand(&p);
    pose_arm(&p, LEFT);
    pose_arm(&p, RIGHT);
    pose_skirt(&p);
    ret->seat_at = bone_at(&ret->bones[LEFT][PELVIS], 0, -0.24f, -0.1f);
    ret->seat = ret->seat_at.y - 0.36f * p.unit;
}
