/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long to wait before connecting again. */
#ifndef MILLRACE_BACKOFF_H
#define MILLRACE_BACKOFF_H

/* The next wait, in milliseconds, after one of last (0: the first): 50 doubled up to 2,000, with jitter. */
int backoff_next(int last);
#endif
