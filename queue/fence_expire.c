/* SPDX-License-Identifier: GPL-3.0-or-later
 * The end that a child brings with it: a timer of the kernel's kills it, also when the worker is held up or frozen and
 * cannot. Renewals come as a signal with the new time: nothing that the child shares with the worker could be read
 * late. */
#include "queue/fence.h"
#include <errno.h>
#include <signal.h>
#include <time.h>

enum { RENEWED = SIGURG }; /* ignored by who does not expect it yet */

static timer_t expiry; /* of this process: a signal's handler has nothing else to go by */

static int expiry_set(uint64_t until)
{
    const struct itimerspec at = { .it_value = { .tv_sec = (time_t)(until / 1000),
                                                 .tv_nsec = (long)(until % 1000) * 1000000 } };

    return timer_settime(expiry, TIMER_ABSTIME, &at, NULL) < 0 ? -errno : 0;
}

static void renewed(int number, siginfo_t *info, void *context)
{
    int kept = errno;

    (void)number, (void)context;
    if (info->si_code == SI_QUEUE && info->si_value.sival_ptr)
        expiry_set((uint64_t)(uintptr_t)info->si_value.sival_ptr);
    errno = kept;
}

int fence_expire(uint64_t until)
{
    struct sigevent end = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
    struct sigaction action = { .sa_sigaction = renewed, .sa_flags = SA_SIGINFO | SA_RESTART };

    sigemptyset(&action.sa_mask);
    if (timer_create(CLOCK_BOOTTIME, &end, &expiry) < 0 || sigaction(RENEWED, &action, NULL) < 0)
        return -errno;
    return expiry_set(until);
}

void fence_renew(const struct fence_child *child, uint64_t until)
{
    if (child->pid > 0)
        sigqueue(child->pid, RENEWED, (union sigval){ .sival_ptr = (void *)(uintptr_t)until });
}
