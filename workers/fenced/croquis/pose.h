/* SPDX-License-Identifier: GPL-3.0-or-later
 * Poses, as one would describe them: how the trunk turns and where each limb points. Directions are (outwards, up,
 * forwards): an arm's as the chest sees them, a leg's as the whole figure does. */
#ifndef MILLRACE_CROQUIS_POSE_H
#define MILLRACE_CROQUIS_POSE_H
#include "workers/fenced/croquis/vector.h"
#include "workers/fenced/croquis/words.h"
#include <stdbool.h>

/* Trunk bones have one frame, their y up the spine; limb bones one a side, their y away from the trunk, x outwards
 * (a hand's towards its thumb), z to the front (a palm's way it faces). LAP and HEM are where a skirt hangs: from the
 * pelvis to between the knees, and on to between the ankles. */
enum bone { PELVIS, WAIST, CHEST, NECK, SKULL, UPPER_ARM, FOREARM, HAND, THIGH, SHIN, FOOT, TOES, LAP, HEM, BONES };
enum side { LEFT, RIGHT, SIDES };

/* A place on a bone (bone_at in skeleton.h). */
struct place {
    enum bone bone;
    float x, y, z;
};

enum hand { HAND_RELAXED, HAND_OPEN, HAND_FIST, HAND_POINT, HAND_FLAT };
enum prop { PROP_NONE, PROP_SEAT };

struct pose {
    const char *names;
    vec3 pelvis, spine, head; /* pitch, yaw, roll, each against what carries it */
    struct {
        vec3 upper, lower, palm; /* palm: where it faces; zero: inwards */
        enum hand hand;
        bool planted;    /* the hand rests on the ground */
        bool held;       /* the wrist is at a place of the body; upper then says where the elbow goes */
        struct place to; /* that place; a limb's is that of the arm's own side */
    } arm[2];            /* left, right */
    struct {
        vec3 upper, lower;
        float pitch, yaw; /* planted: the heel's lift, negative the toes', and the toes turned out;
                           * else how far the foot is stretched */
        bool planted;     /* the foot stands on the ground */
    } leg[2];
    enum prop prop;
    float lift;        /* heads above the ground */
    float view, sweep; /* the best angle to see it from, and how far a seed may turn from it */
    bool back;         /* looks well from behind, too */
};

extern const struct words pose_words;
const struct pose *pose_get(int row);
#endif
