/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/croquis/drawing.h"

/* clang-format off */
static const struct lighting lightings[] = {
    { "natural daylight day morning sunlight sunny window", .azimuth = 44, .elevation = 36, .ambient = .36f, .key = .72f, .fill = 0.06f, .core = .06f, .soft = .05f, .contrast = 1 },
    { "dramatic chiaroscuro spotlight spot contrast noir hard caravaggio film-noir", .azimuth = 60, .elevation = 34, .ambient = .1f, .key = .96f, .rim = .12f, .fill = 0.09f, .core = .08f, .soft = .02f, .contrast = 1.3f },
    { "soft diffuse diffused overcast cloudy gentle even", .azimuth = 28, .elevation = 44, .ambient = .52f, .key = .5f, .core = .02f, .soft = .22f, .contrast = .85f },
    { "rim backlight backlit silhouette contour back-light halo", .azimuth = 126, .elevation = 30, .ambient = .22f, .key = .95f, .rim = .62f, .fill = 0.26f, .core = .04f, .soft = .03f, .contrast = 1.1f },
    { "top overhead zenith noon high", .azimuth = 20, .elevation = 78, .ambient = .24f, .key = .86f, .fill = 0.1f, .core = .06f, .soft = .04f, .contrast = 1.1f },
    { "side lateral split sunset dusk evening sunrise golden", .azimuth = 88, .elevation = 20, .ambient = .22f, .key = .86f, .fill = 0.08f, .core = .08f, .soft = .03f, .contrast = 1.1f },
    { "low under footlight campfire fire candle candlelight theatre stage", .azimuth = 38, .elevation = -16, .ambient = .2f, .key = .82f, .rim = .12f, .fill = 0.06f, .core = .06f, .soft = .06f, .contrast = 1.1f },
    { "night moonlight moon dark midnight nocturnal neon", .azimuth = 66, .elevation = 34, .ambient = .12f, .key = .95f, .rim = .4f, .fill = 0.08f, .core = .04f, .soft = .03f, .contrast = 1.15f, .night = true },
};

static const struct medium media[] = {
    { "graphite pencil sketch", { .965f, .955f, .93f }, { .16f, .165f, .185f }, { 1, 1, 1 }, { .13f, .13f, .15f }, { .42f, .55f, .72f },
      .value = .93f, .wash = .62f, .hatch = .5f, .line_width = 1, .grain = .75f },
    { "charcoal", { .80f, .765f, .705f }, { .105f, .095f, .09f }, { .985f, .975f, .94f }, { .08f, .07f, .07f }, { .48f, .36f, .30f },
      .value = .7f, .wash = .86f, .hatch = .3f, .chalk = .8f, .line_width = 1.5f, .grain = 1 },
    { "sanguine conte redchalk", { .955f, .905f, .82f }, { .50f, .18f, .09f }, { 1, .985f, .95f }, { .42f, .13f, .06f }, { .62f, .47f, .36f },
      .value = .9f, .wash = .74f, .hatch = .5f, .chalk = .3f, .line_width = 1.2f, .grain = .9f },
    { "ink sepia pen penandink crosshatch crosshatching engraving", { .96f, .925f, .85f }, { .21f, .13f, .075f }, { 1, 1, 1 }, { .15f, .09f, .05f }, { .66f, .5f, .38f },
      .value = .9f, .wash = .36f, .hatch = .86f, .line_width = 1.05f, .grain = .2f },
    { "blue colouredpencil crayon animation", { .95f, .955f, .955f }, { .12f, .2f, .4f }, { 1, 1, 1 }, { .09f, .15f, .33f }, { .80f, .42f, .42f },
      .value = .93f, .wash = .6f, .hatch = .52f, .line_width = 1.05f, .grain = .7f },
    { "troiscrayons toned tonedpaper renaissance leonardo classical", { .79f, .69f, .56f }, { .33f, .11f, .06f }, { 1, .985f, .94f }, { .16f, .08f, .06f }, { .48f, .34f, .26f },
      .value = .66f, .wash = .8f, .hatch = .42f, .chalk = .85f, .line_width = 1.25f, .grain = .95f },
    { "grey watercolour watercolor wash gouache painting", { .955f, .95f, .935f }, { .2f, .23f, .28f }, { 1, 1, 1 }, { .14f, .15f, .18f }, { .55f, .6f, .66f },
      .value = .94f, .wash = .8f, .hatch = .12f, .line_width = .95f, .grain = .35f },
    { "nocturne whitepencil blackpaper chalk blackboard", { .165f, .18f, .225f }, { .06f, .065f, .09f }, { .95f, .93f, .86f }, { .9f, .88f, .82f }, { .45f, .55f, .72f },
      .value = .24f, .wash = .85f, .hatch = .5f, .chalk = .86f, .line_width = 1, .grain = .6f, .night = true },
};
/* clang-format on */

const struct words lighting_words = WORDS(lightings), medium_words = WORDS(media);

const struct lighting *lighting_get(int row)
{
    return &lightings[row];
}

const struct medium *medium_get(int row)
{
    return &media[row];
}
