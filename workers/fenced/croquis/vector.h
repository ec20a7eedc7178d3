/* SPDX-License-Identifier: GPL-3.0-or-later
 * Vectors and frames in three dimensions. The world's x points right, y up and z towards the viewer; lengths are in
 * heads (the height of a head is 1), angles in degrees. */
#ifndef MILLRACE_CROQUIS_VECTOR_H
#define MILLRACE_CROQUIS_VECTOR_H
#include <math.h>

typedef struct {
    float x, y, z;
} vec3;

/* An origin and three unit axes at right angles. */
struct frame {
    vec3 o, x, y, z;
};

static inline float radians(float degrees)
{
    return degrees * (float)(M_PI / 180);
}

static inline vec3 vec(float x, float y, float z)
{
    return (vec3){ x, y, z };
}

static inline vec3 add(vec3 a, vec3 b)
{
    return vec(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline vec3 sub(vec3 a, vec3 b)
{
    return vec(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline vec3 scale(vec3 a, float s)
{
    return vec(a.x * s, a.y * s, a.z * s);
}

/* a + b s */
static inline vec3 along(vec3 a, vec3 b, float s)
{
    return vec(a.x + b.x * s, a.y + b.y * s, a.z + b.z * s);
}

static inline float dot(vec3 a, vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline vec3 cross(vec3 a, vec3 b)
{
    return vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}

static inline float length(vec3 a)
{
    return sqrtf(dot(a, a));
}

static inline vec3 unit(vec3 a)
{
    float l = length(a);
    return l > 1e-6f ? scale(a, 1 / l) : vec(0, 1, 0);
}

/* What of a is at right angles to the unit vector n, as a unit vector; otherwise when nothing is left of it. */
static inline vec3 across(vec3 a, vec3 n, vec3 otherwise)
{
    vec3 rest = along(a, n, -dot(a, n));
    return length(rest) > 1e-3f ? unit(rest) : otherwise;
}

static inline vec3 middle(vec3 a, vec3 b, float t)
{
    return along(scale(a, 1 - t), b, t);
}

/* Unlike the library's, which must mind NaNs, these are one instruction. */
static inline float maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float mixf(float a, float b, float t)
{
    return a + (b - a) * t;
}

static inline float clampf(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

/* 0 below low, 1 above high, smooth between. */
static inline float stepf(float low, float high, float v)
{
    float t = clampf((v - low) / (high - low), 0, 1);
    return t * t * (3 - 2 * t);
}

static inline vec3 frame_at(const struct frame *f, float x, float y, float z)
{
    return along(along(along(f->o, f->x, x), f->y, y), f->z, z);
}

/* Turn about one of the frame's own axes. Pitch tips y towards z (a bow), yaw turns z towards x, roll tips y from x. */
static inline void turn(vec3 *a, vec3 *b, float degrees)
{
    float c = cosf(radians(degrees)), s = sinf(radians(degrees));
    vec3 old = *a;

    *a = add(scale(old, c), scale(*b, s));
    *b = add(scale(*b, c), scale(old, -s));
}

static inline struct frame frame_turn(struct frame f, float pitch, float yaw, float roll)
{
    turn(&f.z, &f.x, yaw);
    turn(&f.y, &f.z, pitch);
    turn(&f.x, &f.y, roll);
    return f;
}
#endif
