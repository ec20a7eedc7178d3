/* SPDX-License-Identifier: GPL-3.0-or-later
 * The end that a child brings with it: a thread of its own ends it when nobody renews its lease, also when its parent
 * is held up or frozen and cannot kill it. A thread, since a signal would break off what the job's function waits for.
 */
#ifndef MILLRACE_EXPIRY_H
#define MILLRACE_EXPIRY_H
#include <stdint.h>

/* A time (clock_boot_ms, ms) in memory that the parent writes and the child reads. */
typedef _Atomic(uint64_t) expiry_time;

/* Call end(), which must end the process, grace ms after *until, whatever *until is by then. It takes no signals and
 * needs no more than a stack of a few pages. 0, or -errno. */
int expiry_watch(const expiry_time *until, uint64_t grace, void (*end)(void));
#endif
