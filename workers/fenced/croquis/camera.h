/* SPDX-License-Identifier: GPL-3.0-or-later
 * A level camera at height eye, distance away on the z axis, whose frame is shifted rather than tilted (uprights stay
 * upright); or parallel rays along a frame's -z, as the light sees the scene. */
#ifndef MILLRACE_CROQUIS_CAMERA_H
#define MILLRACE_CROQUIS_CAMERA_H
#include "workers/fenced/croquis/volume.h"

struct camera {
    struct frame f; /* x right, y up, z backwards, towards the viewer */
    bool parallel;
    float focal;  /* pixels a head at distance 1; when parallel, pixels a head */
    float cx, cy; /* the pixel straight ahead: cy is the horizon */
};

/* Where a place is seen, and how far ahead it lies. False when it is not ahead of the camera. */
bool camera_project(const struct camera *camera, vec3 at, float *ret_x, float *ret_y, float *ret_depth);
/* The ray through a pixel: a point at depth d on it is from + way d. */
void camera_ray(const struct camera *camera, float x, float y, vec3 *ret_from, vec3 *ret_way);
/* Pixels a head at this depth. */
float camera_scale(const struct camera *camera, float depth);

/* Frame the scene in width x height pixels, seen from the height eye, filling its part of the picture;
 * the ground below what floats is kept in it. */
struct camera camera_fit(const struct scene *scene, float eye, int width, int height, float part);
/* Look along -to_light at all of the scene with size x size pixels. */
struct camera camera_light(const struct scene *scene, vec3 to_light, int size);
#endif
