/* SPDX-License-Identifier: GPL-3.0-or-later
 * The end that a child brings with it: a timer of its own ends it when nobody renews, also when the worker is held up
 * or frozen and cannot kill it. Renewals are signals that carry the new time. Who was stopped himself, or waited for a
 * disk, finds both the timer's signal and the renewals when he goes on, in no order to rely on: so the timer's first
 * word is a warning, and there is a moment to hear of a renewal. */
#include "queue/fence.h"
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum {
    RENEWED = SIGURG,  /* ignored by who does not expect it yet */
    EXPIRED = SIGALRM, /* ends who has lost the handler */
    MOMENT_MS = 50,
    STATUS = 124,
};

/* Of this process: a signal's handler has nothing else to go by. */
static timer_t expiry;
static volatile sig_atomic_t warned;

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
    if (info->si_code == SI_QUEUE && info->si_value.sival_ptr) {
        warned = 0;
        expiry_set((uint64_t)(uintptr_t)info->si_value.sival_ptr);
    }
    errno = kept;
}

static void expired(int number)
{
    const struct itimerspec moment = { .it_value.tv_nsec = MOMENT_MS * 1000000L };
    int kept = errno;

    (void)number;
    if (warned || timer_settime(expiry, 0, &moment, NULL) < 0)
        _exit(STATUS);
    warned = 1;
    errno = kept;
}

int fence_expire(uint64_t until)
{
    struct sigevent end = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = EXPIRED };
    struct sigaction on_renewal = { .sa_sigaction = renewed, .sa_flags = SA_SIGINFO | SA_RESTART };
    struct sigaction on_expiry = { .sa_handler = expired, .sa_flags = SA_RESTART };

    sigfillset(&on_renewal.sa_mask);
    sigfillset(&on_expiry.sa_mask);
    if (timer_create(CLOCK_BOOTTIME, &end, &expiry) < 0 || sigaction(RENEWED, &on_renewal, NULL) < 0 ||
        sigaction(EXPIRED, &on_expiry, NULL) < 0)
        return -errno;
    return expiry_set(until);
}

void fence_renew(const struct fence_child *child, uint64_t until)
{
    if (child->pid > 0)
        sigqueue(child->pid, RENEWED, (union sigval){ .sival_ptr = (void *)(uintptr_t)until });
}
