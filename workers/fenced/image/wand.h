/* SPDX-License-Identifier: GPL-3.0-or-later
 * MagickWand's header, which is not written to our warnings, and its handle as a local that frees itself. */
#ifndef MILLRACE_IMAGE_WAND_H
#define MILLRACE_IMAGE_WAND_H
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <wand/MagickWand.h>
#pragma GCC diagnostic pop
#endif
