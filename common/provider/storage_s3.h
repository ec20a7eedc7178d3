/* SPDX-License-Identifier: GPL-3.0-or-later
 * Storage in a bucket of S3. What is on its way there lies in storage.folder, without a name. Files are not looked for
 * before they are linked to, so that a link costs no call. */
#ifndef MILLRACE_STORAGE_S3_H
#define MILLRACE_STORAGE_S3_H
#include "common/config.h"
#include "common/storage.h"

/* The back end that storage.backend names, on ctx. The configuration must live as long. */
const struct storage *storage_new(void *ctx, const struct config *config);
#endif
