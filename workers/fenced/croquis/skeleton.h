/* SPDX-License-Identifier: GPL-3.0-or-later
 * The bones of a posed figure: frames in the world that muscles and clothes hang on. */
#ifndef MILLRACE_CROQUIS_SKELETON_H
#define MILLRACE_CROQUIS_SKELETON_H
#include "workers/fenced/croquis/body.h"
#include "workers/fenced/croquis/pose.h"

/* A bone's own measure: (x, y, z) lies at o + x size.x X + y length Y + z size.z Z. */
struct bone_frame {
    struct frame f;
    float length;
    vec3 size;
};

struct skeleton {
    struct bone_frame bones[SIDES][BONES]; /* trunk bones: the same on both sides */
    enum hand hands[SIDES];
    enum prop prop;
    float seat;        /* height of the seat's top */
    vec3 seat_at;      /* its middle */
    struct frame root; /* the ground below the pelvis, z where the figure faces */
};

/* Pose a body; yaw turns it from the viewer (0: it faces them), mirrored exchanges left and right. The figure stands
 * on y = 0 at x = z = 0. */
void skeleton_pose(const struct pose *pose, const struct body *body, bool mirrored, float yaw, struct random *random,
                   struct skeleton *ret);

vec3 bone_at(const struct bone_frame *bone, float x, float y, float z);
#endif
