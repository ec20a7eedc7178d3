/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/expiry.h"
#include "common/clock.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum { STACK_SIZE = 256 << 10 };

/* One for the process. */
static struct {
    const expiry_time *until;
    uint64_t grace;
    void (*end)(void);
} watched;

static void *watch(void *closure)
{
    (void)closure;
    for (;;) {
        uint64_t now =
            clock_boot_ms(); /* before: who puts the end off and then finds it not reached has done so in time */
        uint64_t end = *watched.until + watched.grace;
        const struct timespec at = { .tv_sec = (time_t)(end / 1000), .tv_nsec = (long)(end % 1000) * 1000000 };

        if (now >= end)
            watched.end();
        clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
    }
    return NULL;
}

int expiry_watch(const expiry_time *until, uint64_t grace, void (*end)(void))
{
    pthread_attr_t attributes;
    sigset_t all, kept;
    pthread_t thread;
    int r;

    watched.until = until;
    watched.grace = grace;
    watched.end = end;
    r = pthread_attr_init(&attributes);
    if (r)
        return -r;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &kept); /* a thread begins with its maker's */
    r = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (r == 0)
        r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (r == 0)
        r = pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    pthread_attr_destroy(&attributes);
    return -r;
}
