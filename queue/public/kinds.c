/* SPDX-License-Identifier: GPL-3.0-or-later
 * The library's programs bring their own kinds (worker.c); Millrace's are not theirs. */
#include "queue/job.h"

const struct job_kind job_kinds[] = { { .name = NULL } };
