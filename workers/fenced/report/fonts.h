/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fonts of a document: Noto Sans, and of the other scripts' fonts those that its texts need. They are named by
 * file: behind the fence there is no cache of all that is installed, and to look through it would take longer than the
 * document. */
#ifndef MILLRACE_REPORT_FONTS_H
#define MILLRACE_REPORT_FONTS_H
#include <pango/pangocairo.h>

struct fonts;

/* Keeps fontconfig away from the system's fonts, for the whole process and before Pango is used. config: a file that it
 * writes to that end; it stays. -errno when that fails. */
int fonts_new(void *ctx, const char *config, struct fonts **ret);
/* The document will have this text. */
void fonts_need(struct fonts *fonts, const char *text);
/* Load what is needed. The map belongs to fonts. -ENOENT: not even Noto Sans is there. */
int fonts_load(struct fonts *fonts, PangoFontMap **ret);
/* The names of what was loaded, separated by commas, the first to be asked first. */
const char *fonts_families(const struct fonts *fonts);
#endif
