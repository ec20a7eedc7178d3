/* SPDX-License-Identifier: GPL-3.0-or-later
 * A few threads with a bounded queue, for what must block (Argon2, spooling to disk, libmagic, calls to a store).
 * Results come back into the loop by an eventfd. */
#ifndef MILLRACE_POOL_H
#define MILLRACE_POOL_H
#include "fcgi/wire/loop.h"

struct task {
    void (*run)(struct task *task);  /* in a thread: touches nothing but its own owner */
    void (*done)(struct task *task); /* in the loop */
    struct task *next;               /* private */
};

struct pool;
int pool_new(void *ctx, struct loop *loop, int threads, int queue_limit, struct pool **ret);
/* -EAGAIN when the queue is full: done is not called. */
int pool_submit(struct pool *pool, struct task *task);
#endif
