/* SPDX-License-Identifier: GPL-3.0-or-later
 * Clothes and hair: volumes that follow the body they cover, with eases, hems and folds. */
#ifndef MILLRACE_CROQUIS_CLOTHES_H
#define MILLRACE_CROQUIS_CLOTHES_H
#include "workers/fenced/croquis/flesh.h"

enum { GARMENTS_MAX = 6 };

enum garment {
    GARMENT_END,
    TEE,
    TANK,
    SHIRT,
    JACKET,
    COAT,
    TROUSERS,
    SHORTS,
    LEGGINGS,
    LEOTARD,
    BODICE,
    SKIRT,
    LONG_SKIRT,
    ROBE,
    TUNIC,
    SHOE,
    BOOT,
    GARMENTS
};

struct clothing {
    const char *names;
    enum garment garments[GARMENTS_MAX];
    float shades[LAYERS]; /* how dark each layer's cloth is: 0 white, 1 black */
    bool bare;            /* a mannequin: no hair, and its construction drawn on it */
    bool belt, lapels, stripes;
    bool dress; /* unasked, only a woman wears it */
};

extern const struct words clothing_words;
const struct clothing *clothing_get(int row);

/* Add what is worn to a scene that has its skin, and hair unless the figure is a mannequin. */
void clothes_add(const struct clothing *clothing, const struct skeleton *skeleton, const struct body *body,
                 struct random *random, struct scene *scene);
#endif
