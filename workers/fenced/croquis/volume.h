/* SPDX-License-Identifier: GPL-3.0-or-later
 * Volumes: tapering, swelling limbs, ellipsoids and boxes whose distance functions blend into one another (smooth
 * minimum), as clay does. A scene is a sorted list of them; parts that only touch, such as a hand on a hip, do not
 * melt together, because each limb blends with the trunk at its joint alone. */
#ifndef MILLRACE_CROQUIS_VOLUME_H
#define MILLRACE_CROQUIS_VOLUME_H
#include "workers/fenced/croquis/skeleton.h"
#include <stdint.h>

/* Materials, from the skin outwards. */
enum layer { SKIN, HAIR, SHOES, LOWER, UPPER, OUTER, PROP, LAYERS };

/* Parts that blend freely within themselves; the trunk comes first. */
enum limb { TRUNK, HEAD, ARM_LEFT, ARM_RIGHT, LEG_LEFT, LEG_RIGHT, LIMBS };

enum shape { TUBE, ELLIPSOID, BOX };

struct volume {
    enum shape shape;
    bool carve; /* taken away from what came before in its limb */
    uint8_t layer, limb, bone, side;
    struct frame f;          /* origin; y along the tube */
    float length;            /* of a tube */
    float r0, r1;            /* its radius at either end */
    float bulge, shift, bow; /* swelling, where along it (-1..1), and how far its middle is pushed along z */
    vec3 size;               /* tube: x and z stretch; ellipsoid: radii; box: half sides */
    float widen;             /* how much more a tube's far end is stretched in x; 0: no more */
    float blend;             /* radius of the blend with what came before in its limb */
    /* Cloth ends: only low <= height <= high along edge from edge_at is there. */
    vec3 edge, edge_at;
    float low, high;
    /* Folds: waves round the tube and along it. */
    float fold, fold_round, fold_along, fold_phase;
    /* A ball that holds it, set by scene_sort(). */
    vec3 middle;
    float radius;
};

enum { VOLUMES_MAX = 480 };

struct scene {
    struct volume volumes[VOLUMES_MAX];
    int count;
    struct {
        vec3 at;
        float blend, range; /* how widely the limb melts into the trunk, and how far from here */
    } joints[LIMBS];
};

/* What a place is nearest to. */
struct touch {
    int volume;
};

/* Distances are right near the surface and a little short elsewhere. list holds indices in the scene's order. */
float scene_distance(const struct scene *scene, const uint16_t *list, int count, vec3 at, struct touch *ret);

/* NULL when the scene is full. */
struct volume *scene_add(struct scene *scene, enum layer layer, enum limb limb);
/* A tube or ellipsoid's place: along from a to b, its flat side to front. */
void volume_place(struct volume *volume, vec3 a, vec3 b, vec3 front);
/* Radius of a ball round any point of its axis that holds the surface there. */
float volume_reach(const struct volume *volume);
/* Bring the volumes into the order scene_distance() needs, and prepare them; nothing may be added after. */
void scene_sort(struct scene *scene);
#endif
