/* SPDX-License-Identifier: GPL-3.0-or-later
 * What every program does first: memory, options, configuration, log, library start-up. */
#ifndef MILLRACE_PROGRAM_H
#define MILLRACE_PROGRAM_H
#include "common/config.h"

/* Parse `[--config FILE] [--version] [--help]` in front of the program's own words; *ret_words points at those (as in
 * argv, ends with NULL). Prints and exits with 0 for --version and --help, with 2 on a wrong option and with 1 when the
 * configuration does not hold: only main() calls this. usage: the words' help, one line. */
const struct config *program_start(void *ctx, const char *name, const char *usage, int argc, char **argv,
                                   char ***ret_words);
#endif
