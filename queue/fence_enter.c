/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "queue/fence.h"
#include "queue/fence_inside.h"
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REPORT_FD = 3, DESCRIPTORS_MAX = 64, TASKS_MAX = 4096, MIB_MAX = 1 << 20 };

/* Landlock holds for the thread that asks for it. The link count of the folder of threads is two and one a thread. */
static int check_single(void)
{
    struct stat status;

    if (stat("/proc/self/task", &status) < 0)
        return -errno;
    return status.st_nlink == 3 ? 0 : -EBUSY;
}

/* Ask to be killed when the parent ends, then see whether it did before that. Its process id would not tell: a parent
 * may be process 1, and an orphan's next parent some other process. Its end of the pipe does. */
static int die_with_parent(void)
{
    struct pollfd report = { .fd = REPORT_FD, .events = POLLOUT };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&report, 1, 0) < 0)
        return -errno;
    if (report.revents & POLLNVAL)
        return -EBADF;
    return report.revents & POLLERR ? -EOWNERDEAD : 0;
}

/* Soft and hard limit, neither above what this process is limited to already. */
static int limit_set(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0)
        return -errno;
    if (hard < limit.rlim_max)
        limit.rlim_max = hard;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

static int limits_set(const struct fence_limits *limits)
{
    const rlim_t memory = FENCE_SANITIZED ? RLIM_INFINITY : (rlim_t)limits->memory << 20;
    const rlim_t file = (rlim_t)limits->file_size << 20, cpu = (rlim_t)limits->cpu;
    const struct {
        __rlimit_resource_t resource;
        rlim_t soft, hard;
    } rows[] = {
        { RLIMIT_AS, memory, memory },
        { RLIMIT_CPU, cpu, cpu + 1 }, /* SIGXCPU says what happened; SIGKILL a second later, should it be ignored */
        { RLIMIT_FSIZE, file, file },
        { RLIMIT_NOFILE, DESCRIPTORS_MAX, DESCRIPTORS_MAX },
        { RLIMIT_NPROC, TASKS_MAX, TASKS_MAX }, /* counts the user's threads everywhere: a stop, not a measure */
        { RLIMIT_CORE, 0, 0 },
    };
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(rows) && r == 0; i++)
        r = limit_set(rows[i].resource, rows[i].soft, rows[i].hard);
    return r;
}

/* Where the fleet runs as root the fence must not hang on root's powers. */
static int powers_drop(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { .effective = 0 } };

    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static bool limits_hold(const struct fence_limits *limits)
{
    return limits->memory > 0 && limits->memory <= MIB_MAX && limits->cpu > 0 && limits->file_size > 0 &&
           limits->file_size <= MIB_MAX;
}

int fence_enter(const struct fence_limits *limits, const char *folder)
{
    int r;

    if (!limits_hold(limits))
        return -EINVAL;
    if ((r = check_single()) < 0 || (r = die_with_parent()) < 0)
        return r;
    if (close_range(REPORT_FD + 1, ~0U, 0) < 0 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -errno;
    r = limits_set(limits);
    if (r < 0)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    if ((r = fence_landlock(folder, limits->landlock)) < 0 || (r = powers_drop()) < 0)
        return r;
    return fence_seccomp();
}
