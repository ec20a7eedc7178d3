/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job's function in a forked child of the dispatcher, without a fence: for code that is trusted and may block. It
 * speaks to the dispatcher as a fenced one does (queue/fence.h), in a process group of its own, and dies with the
 * dispatcher. The dispatcher must have one thread. */
#ifndef MILLRACE_FORKED_H
#define MILLRACE_FORKED_H
#include "queue/fence.h"
#include "queue/job.h"

/* Until when (clock_boot_ms, ms) an attempt surely holds its job; 0: not any more. The dispatcher writes it, the child
 * reads it, so it lies in memory that both share. */
typedef expiry_time forked_safe;
/* n of them, all 0, shared with every child forked later; NULL with errno. forked_safe_free() gives them back. */
forked_safe *forked_safe_new(size_t n);
void forked_safe_free(forked_safe *list, size_t n);

/* Start run, a function of the job's kind, in a child. leave() is called there first, to close what only the dispatcher
 * may use. It kills its own group grace ms after *safe, should the dispatcher not come to it. 0, and the caller reaps
 * ret with fence_reap(); or -errno. */
int forked_spawn(struct job *job, int (*run)(struct job *job), const forked_safe *safe, uint64_t grace,
                 void (*leave)(void *closure), void *closure, struct fence_child *ret);
/* Call work(work_closure) in such a child, which reports nothing and ends with 0, or with the errno that work gave as a
 * negative number. */
int forked_call(int (*work)(void *work_closure), void *work_closure, const forked_safe *safe, uint64_t grace,
                void (*leave)(void *closure), void *closure, struct fence_child *ret);
#endif
