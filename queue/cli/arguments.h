/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the commands that put, wait and mend have in common: their exit statuses, and times as people write them. */
#ifndef MILLRACE_ARGUMENTS_H
#define MILLRACE_ARGUMENTS_H
#include "queue/cli/command.h"

enum { FAILED_TIMEOUT = 6, CANCELLED_JOB = 5, REFUSED_LINES = 7 };

/* Tell on standard error what is wrong; gives back status. */
int arguments_complain(const char *what, const char *why, int status);
/* "5m" and the like (s, m, h, d; seconds without a letter) in seconds; -EINVAL, or -ERANGE above ten years. */
int duration_parse(const char *text, long long *ret);
/* YYYY-MM-DD[T ]HH:MM[:SS] and Z or +HH:MM, in seconds since 1970. -EINVAL. */
int moment_parse(const char *text, long long *ret);
/* Who runs this command. On ctx. */
const char *arguments_who(void *ctx);
#endif
