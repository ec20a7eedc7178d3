/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signals that are heard at a descriptor, beside all else that a program waits for. */
#ifndef MILLRACE_SIGNALS_H
#define MILLRACE_SIGNALS_H
#include <stddef.h>

/* Keep these from being delivered, in this thread and those that it starts; what comes is read from the descriptor,
 * which does not block. It is the caller's to close. -errno. */
int signals_open(const int *numbers, size_t n);
#define SIGNALS_OPEN(...) signals_open((const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))
/* The number of the next one that has come; 0: none has. */
int signals_next(int fd);
#endif
