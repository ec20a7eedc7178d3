/* SPDX-License-Identifier: GPL-3.0-or-later
 * A command's words: options with a value (--kind K), flags (rows of type BOOLEAN), and words without a name. */
#ifndef MILLRACE_ARGUMENTS_H
#define MILLRACE_ARGUMENTS_H
#include "common/field.h"
#include "queue/cli/command.h"

enum { FAILED_TIMEOUT = 6, CANCELLED_JOB = 5, REFUSED_LINES = 7 };

/* Read words against the table options, whose names begin with --: each one's checked text into values, in the order of
 * the table; a flag that is there is "true"; what is missing has its standard. Words without a name go to plain, which
 * has room for most of them and ends with NULL. False after a refusal, which has been told on standard error. */
bool arguments_read(void *ctx, const struct field *options, char **words, const char **values, const char **plain,
                    int most);

/* Tell on standard error what is wrong; gives back status. */
int arguments_complain(const char *what, const char *why, int status);
/* "5m" and the like (s, m, h, d; seconds without a letter) in seconds; -EINVAL, or -ERANGE above ten years. */
int duration_parse(const char *text, long long *ret);
/* YYYY-MM-DD[T ]HH:MM[:SS] and Z or +HH:MM, in seconds since 1970. -EINVAL. */
int moment_parse(const char *text, long long *ret);
/* Who runs this command. On ctx. */
const char *arguments_who(void *ctx);
#endif
