/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/forked.h"
#include "common/clock.h"
#include "common/memory.h"
#include "queue/report.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

forked_safe *forked_safe_new(size_t n)
{
    void *list = mmap(NULL, n * sizeof(forked_safe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return list == MAP_FAILED ? NULL : list;
}

void forked_safe_free(forked_safe *list, size_t n)
{
    if (list)
        munmap(list, n * sizeof *list);
}

/* ---- the child ---- */

/* What the child's job->closure is. */
struct inside {
    int report;
    pid_t parent;
    const forked_safe *safe;
    uint64_t grace;
};

static void inside_progress(struct job *job, int percent)
{
    const struct inside *inside = job->closure;

    if (report_progress(inside->report, percent) < 0)
        _exit(1);
}

static bool inside_still_mine(struct job *job)
{
    const struct inside *inside = job->closure;

    return getppid() == inside->parent && clock_boot_ms() < *inside->safe;
}

static const struct job_host forked_host = { .may_block = true,
                                             .progress = inside_progress,
                                             .still_mine = inside_still_mine };

/* Signals as a program expects them: the dispatcher has blocked those that stop it. */
static void signals_reset(void)
{
    sigset_t stopping;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGINT);
    sigprocmask(SIG_UNBLOCK, &stopping, NULL);
}

static void job_run(struct job *job, int (*run)(struct job *job))
{
    int r = run(job);

    if (r == 0)
        job->outcome = JOB_DONE;
    else if (r > 0)
        job_bury(job, "%s returned %d, which means nothing", job->kind->name, r);
    else if (job->outcome == JOB_DONE)
        job_release(job, -1, "%s", strerror(-r));
}

static void expire(void)
{
    kill(0, SIGKILL);
}

/* Cut loose from what is the dispatcher's. 0, or -errno when the child cannot be limited in time. */
static int child_begin(const struct inside *inside, void (*leave)(void *closure), void *closure)
{
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != inside->parent)
        _exit(1);
    leave(closure);
    signals_reset();
    return expiry_watch(inside->safe, inside->grace, expire);
}

static _Noreturn void child_run(struct job *job, int (*run)(struct job *job), struct inside *inside,
                                void (*leave)(void *closure), void *closure)
{
    int r = child_begin(inside, leave, closure);

    job->host = &forked_host;
    job->closure = inside;
    if (r < 0)
        job_release(job, -1, "the job's process cannot be limited in time: %s", strerror(-r));
    else
        job_run(job, run);
    r = report_end(inside->report, job);
    fflush(NULL);
    _exit(r < 0 ? 1 : 0);
}

/* ---- the parent ---- */

static int forked_watch(pid_t pid, int *ret)
{
    int pidfd, r;

    setpgid(pid, pid); /* it does so too: whoever is first */
    pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        r = -errno;
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        return r;
    }
    *ret = pidfd;
    return 0;
}

/* As fork(): 0 in the child, which has inside->report; 1 in the parent, which has *ret; or -errno. */
static int forked_fork(struct inside *inside, struct fence_child *ret)
{
    int ends[2], pidfd = -1, r;
    pid_t pid;

    inside->parent = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    autoclose int reader = ends[0];
    autoclose int writer = ends[1];
    if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    fflush(NULL); /* what the program has not written yet is not to be written twice */
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        inside->report = TAKE_FD(writer);
        return 0;
    }
    r = forked_watch(pid, &pidfd);
    if (r < 0)
        return r;
    *ret = (struct fence_child){ .pid = pid, .pidfd = pidfd, .report = TAKE_FD(reader) };
    return 1;
}

int forked_spawn(struct job *job, int (*run)(struct job *job), const forked_safe *safe, uint64_t grace,
                 void (*leave)(void *closure), void *closure, struct fence_child *ret)
{
    struct inside inside = { .safe = safe, .grace = grace };
    int r = forked_fork(&inside, ret);

    if (r == 0)
        child_run(job, run, &inside, leave, closure);
    return r < 0 ? r : 0;
}

int forked_call(int (*work)(void *work_closure), void *work_closure, const forked_safe *safe, uint64_t grace,
                void (*leave)(void *closure), void *closure, struct fence_child *ret)
{
    struct inside inside = { .safe = safe, .grace = grace };
    int r = forked_fork(&inside, ret);

    if (r == 0) {
        r = child_begin(&inside, leave, closure);
        r = r < 0 ? r : work(work_closure);
        fflush(NULL);
        _exit(r < 0 ? -r : 0);
    }
    return r < 0 ? r : 0;
}
