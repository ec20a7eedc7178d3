/* SPDX-License-Identifier: GPL-3.0-or-later
 * What every program does first: memory, options, configuration, log, library start-up. */
#ifndef MILLRACE_PROGRAM_H
#define MILLRACE_PROGRAM_H
#include "common/config.h"

/* Parse `[--config FILE] [--version] [--help]` in front of the program's own words; *ret_words points at those (as in
 * argv, ends with NULL). NULL when the program is to end at once with *ret_status: 0 after --version and --help, 2
 * after a wrong option, 1 when the configuration does not hold; what there is to say has been printed. usage: the
 * words' help, one line. */
const struct config *program_start(void *ctx, const char *name, const char *usage, int argc, char **argv,
                                   char ***ret_words, int *ret_status);
#endif
