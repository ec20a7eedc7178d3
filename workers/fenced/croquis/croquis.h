/* SPDX-License-Identifier: GPL-3.0-or-later
 * The local figure-drawing model: from a prompt and filters to a drawing of a posed figure with volume, light, clothes
 * and surroundings. It needs no network, no key and no files.
 *
 * A figure is a skeleton in three dimensions clothed in blended volumes. The volumes are looked at through a camera
 * once, giving depth and normals for each pixel; everything that is then drawn (wash, hatching along the form,
 * contours, construction lines, perspective) is drawn from that with Cairo. */
#ifndef MILLRACE_CROQUIS_H
#define MILLRACE_CROQUIS_H
#include <cairo.h>
#include <stddef.h>
#include <stdint.h>

enum { CROQUIS_SIZE_MIN = 64, CROQUIS_SIZE_MAX = 4096 };

/* Each filter may be NULL or a word nobody knows: then the prompt's words choose, and where they say nothing, the
 * seed. The same request draws the same pixels. The prompt may be NULL. */
struct croquis_request {
    const char *prompt, *body_type, *pose, *lighting, *clothing, *background;
    uint64_t seed;
    int width, height;
};

/* An ARGB32 image surface in *ret, the caller's to destroy. -EINVAL: a size out of bounds; -ENOMEM; -EIO when Cairo
 * refused something. */
int croquis_draw(const struct croquis_request *request, cairo_surface_t **ret);

/* What the filters may say. Names of row i of a vocabulary, the first of them canonical, separated by spaces; NULL
 * past the last row. */
enum croquis_vocabulary {
    CROQUIS_BODY,
    CROQUIS_POSE,
    CROQUIS_LIGHTING,
    CROQUIS_CLOTHING,
    CROQUIS_BACKGROUND,
    CROQUIS_MEDIUM,
    CROQUIS_VOCABULARIES
};
const char *croquis_names(enum croquis_vocabulary vocabulary, size_t i);

/* The canonical name a request's words lead to, for tests and captions; NULL when only the seed decides. */
const char *croquis_choice(const struct croquis_request *request, enum croquis_vocabulary vocabulary);
#endif
