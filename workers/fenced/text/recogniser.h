/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tesseract, one for a process. It loads its tables when it is begun, some tenth of a second. */
#ifndef MILLRACE_TEXT_RECOGNISER_H
#define MILLRACE_TEXT_RECOGNISER_H
#include "workers/fenced/text/scan.h"
#include <tesseract/capi.h>

struct recogniser;

/* How it is to look at a page: Tesseract's own names. */
enum { PAGE_BLOCK = PSM_SINGLE_BLOCK, PAGE_COLUMN = PSM_SINGLE_COLUMN, PAGE_SPARSE = PSM_SPARSE_TEXT };

/* On ctx. -EIO: its tables are not there. */
int recogniser_new(void *ctx, const char *language, struct recogniser **ret);
/* The page's text, its lines as they stand, on ctx, and how sure that is: 0..100. -EIO. */
int recogniser_read(struct recogniser *recogniser, void *ctx, PIX *page, int mode, char **ret, int *ret_confidence);
#endif
