/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/image/colours.h"
#include <lcms2.h>

/* Without a profile: what is left of the paper's white behind both. */
static void cmyk_plain(unsigned char *pixels, size_t count)
{
    for (unsigned char *p = pixels; p < pixels + count * 4; p += 4)
        for (int i = 0; i < 3; i++)
            p[i] = (unsigned char)((p[i] * p[3] + 127) / 255);
}

/* Whether it has been done. */
static bool transform(cmsHPROFILE own, bool cmyk, unsigned char *pixels, size_t count)
{
    const cmsUInt32Number from = cmyk ? TYPE_CMYK_8_REV : TYPE_RGBA_8;
    cmsHPROFILE srgb = cmsCreate_sRGBProfile();
    cmsHTRANSFORM way = NULL;

    if (srgb && cmsGetColorSpace(own) == (cmyk ? cmsSigCmykData : cmsSigRgbData))
        way = cmsCreateTransform(own, from, srgb, TYPE_RGBA_8, INTENT_PERCEPTUAL, 0);
    if (way) {
        cmsDoTransform(way, pixels, pixels, (cmsUInt32Number)count);
        cmsDeleteTransform(way);
    }
    if (srgb)
        cmsCloseProfile(srgb);
    return way;
}

void colours_to_srgb(const struct source *source, unsigned char *pixels, size_t count)
{
    const bool cmyk = source->ink == SOURCE_CMYK;
    cmsHPROFILE own = NULL;
    bool done = false;

    if (source->colours)
        own = cmsOpenProfileFromMem(source->colours, (cmsUInt32Number)source->colours_length);
    if (own) {
        done = transform(own, cmyk, pixels, count);
        cmsCloseProfile(own);
    }
    if (!done && cmyk)
        cmyk_plain(pixels, count);
}
