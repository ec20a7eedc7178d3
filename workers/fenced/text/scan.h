/* SPDX-License-Identifier: GPL-3.0-or-later
 * A photographed or scanned page made fit for reading: upright, level, evenly lit, with letters of the height that the
 * recogniser knows best. */
#ifndef MILLRACE_TEXT_SCAN_H
#define MILLRACE_TEXT_SCAN_H
#include <leptonica/allheaders.h>
#include <stdbool.h>

enum { LETTER_HEIGHT = 24 }; /* pixels of the middlemost letter: capitals are some 30 then */

void scan_free(PIX **pix);
#define autopix __attribute__((cleanup(scan_free)))

/* Read a file of ours. *ret is grey; upright as its Exif says. 0; or -ENOTSUP: neither JPEG nor PNG or WebP; -EFBIG:
 * too many pixels, -EBADMSG: cannot be decoded; with a sentence for its owner in *ret_why. */
int scan_read(const char *path, PIX **ret, const char **ret_why);
/* Another one of it that can be read, though it may stand on its head. */
PIX *scan_prepare(PIX *grey);
/* Whether there is anything on a prepared one that could be letters. */
bool scan_has_letters(PIX *prepared);
/* Of a prepared one, black and white: for what is faint or speckled. */
PIX *scan_clean(PIX *prepared);
/* By so many quarter turns clockwise. */
PIX *scan_turned(PIX *pix, int quarters);
#endif
