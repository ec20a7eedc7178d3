/* SPDX-License-Identifier: GPL-3.0-or-later
 * Functions that do not compile here: included before everything else by the makefile. Each has a bounded, checked
 * or reentrant replacement (snprintf, talloc_asprintf, strtoll, localtime_r, getline). The system headers that
 * declare them come first, so that only a use is an error. */
#ifndef MILLRACE_BANNED_H
#define MILLRACE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* clang with _FORTIFY_SOURCE has glibc make macros of these, and a macro cannot be poisoned. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets localtime gmtime asctime ctime strncpy   \
    strncat
#endif
