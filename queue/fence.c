/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/fence.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_FD = 0, REPORT_FD = 3, EXPIRY_FD = 4, ABOVE_OURS = 10 };

/* A descriptor's twin out of the way of those the child gets; the first is closed. */
static int lift(int *fd)
{
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, ABOVE_OURS);

    if (lifted < 0)
        return -errno;
    close(*fd);
    *fd = lifted;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* The request as a file in memory that nobody can change any more: to write a pipe could block on a slow child. */
static int request_open(const char *request, size_t length, int *ret)
{
    autoclose int fd = memfd_create("request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r;

    if (fd < 0)
        return -errno;
    r = write_all(fd, request, length);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
        lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    r = lift(&fd);
    if (r < 0)
        return r;
    *ret = TAKE_FD(fd);
    return 0;
}

/* Memory for one time: mapped here, and a descriptor that the child can only read. */
static int expiry_open(uint64_t until, expiry_time **ret_time, int *ret)
{
    autoclose int fd = memfd_create("expiry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    expiry_time *time;
    int r;

    if (fd < 0 || ftruncate(fd, sizeof *time) < 0)
        return -errno;
    time = mmap(NULL, sizeof *time, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (time == MAP_FAILED)
        return -errno;
    *time = until;
    r = fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ? -errno
                                                                                                    : lift(&fd);
    if (r < 0) {
        munmap(time, sizeof *time);
        return r;
    }
    *ret_time = time;
    *ret = TAKE_FD(fd);
    return 0;
}

static void expiry_close(struct fence_child *child)
{
    if (child->until)
        munmap(child->until, sizeof *child->until);
    child->until = NULL;
}

/* Only the parent's end does not block: whoever writes reports may wait. */
static int report_open(int *ret_read, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    autoclose int reader = ends[0];
    autoclose int writer = ends[1];
    if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    int r = lift(&writer);
    if (r < 0)
        return r;
    *ret_read = TAKE_FD(reader);
    *ret_write = TAKE_FD(writer);
    return 0;
}

/* What happens in the child before the runner's main(). These calls fail only when there is no memory. */
static int plan(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const char *folder, int request,
                int report, int expiry)
{
    const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, all;
    int failed = 0;

    sigemptyset(&none);
    sigfillset(&all);
    failed |= posix_spawn_file_actions_adddup2(actions, request, REQUEST_FD);
    failed |= posix_spawn_file_actions_adddup2(actions, report, REPORT_FD);
    failed |= posix_spawn_file_actions_adddup2(actions, expiry, EXPIRY_FD);
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, EXPIRY_FD + 1);
    failed |= posix_spawn_file_actions_addchdir_np(actions, folder);
    failed |= posix_spawnattr_setflags(attributes, flags);
    failed |= posix_spawnattr_setpgroup(attributes, 0);
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    return failed ? -ENOMEM : 0;
}

static char **arguments_of(void *ctx, const char *runner, const struct fence_limits *limits)
{
    char *const list[] = {
        COPY(ctx, runner),
        FORMAT(ctx, "--memory=%d", limits->memory),
        FORMAT(ctx, "--cpu=%d", limits->cpu),
        FORMAT(ctx, "--file-size=%d", limits->file_size),
        FORMAT(ctx, "--landlock=%s", limits->landlock ? "yes" : "no"),
        NULL,
    };

    return memory_check(talloc_memdup(ctx, list, sizeof list));
}

/* Nothing of the worker's own environment, which holds secrets, but where the log goes. The limits on threads are read
 * when a library is loaded. */
static char **environment_of(void *ctx, const char *folder)
{
    const char *journal = getenv("JOURNAL_STREAM");
    char *const list[] = {
        COPY(ctx, "PATH=/usr/bin:/bin"),
        COPY(ctx, "LANG=C.UTF-8"),
        COPY(ctx, "OMP_THREAD_LIMIT=1"),
        COPY(ctx, "MAGICK_THREAD_LIMIT=1"),
        COPY(ctx, "OPENBLAS_NUM_THREADS=1"), /* which libavfilter brings along; a process with threads gets no fence */
        FORMAT(ctx, "HOME=%s", folder),
        FORMAT(ctx, "TMPDIR=%s", folder),
        journal ? FORMAT(ctx, "JOURNAL_STREAM=%s", journal) : NULL,
        NULL,
    };

    return memory_check(talloc_memdup(ctx, list, sizeof list));
}

static int start(const char *runner, const char *folder, const struct fence_limits *limits, int request, int report,
                 int expiry, pid_t *ret)
{
    autotalloc void *ctx = memory_check(talloc_new(NULL));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r;

    if (posix_spawn_file_actions_init(&actions))
        return -ENOMEM;
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    r = plan(&actions, &attributes, folder, request, report, expiry);
    if (r == 0)
        r = -posix_spawn(ret, runner, &actions, &attributes, arguments_of(ctx, runner, limits),
                         environment_of(ctx, folder));
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

/* The child runs; -errno, and it does not when it cannot be watched. */
static int watch(struct fence_child *child)
{
    int r;

    child->pidfd = pidfd_open(child->pid, 0);
    if (child->pidfd >= 0)
        return 0;
    r = -errno;
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return r;
}

int fence_spawn(const char *runner, const char *folder, const struct fence_limits *limits, const char *request,
                size_t length, uint64_t until, struct fence_child *ret)
{
    autoclose int input = -1, reader = -1, writer = -1, expiry = -1;
    struct fence_child child = { .pid = -1 };
    int r;

    if (runner[0] != '/' || folder[0] != '/')
        return -EINVAL;
    if (length > FENCE_REQUEST_MAX)
        return -E2BIG;
    if ((r = request_open(request, length, &input)) < 0 || (r = report_open(&reader, &writer)) < 0 ||
        (r = expiry_open(until, &child.until, &expiry)) < 0 ||
        (r = start(runner, folder, limits, input, writer, expiry, &child.pid)) < 0 || (r = watch(&child)) < 0) {
        expiry_close(&child);
        return r;
    }
    child.report = TAKE_FD(reader);
    *ret = child;
    return 0;
}

void fence_renew(const struct fence_child *child, uint64_t until)
{
    if (child->until)
        *child->until = until;
}

void fence_kill(const struct fence_child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGKILL);
}

int fence_reap(struct fence_child *child, int *ret_status, struct rusage *ret_usage)
{
    struct rusage usage;
    int status;
    pid_t pid;

    if (child->pid <= 0)
        return -ECHILD;
    do
        pid = wait4(child->pid, &status, 0, &usage);
    while (pid < 0 && errno == EINTR);
    if (pid < 0)
        return -errno;
    close(child->pidfd);
    close(child->report);
    expiry_close(child);
    *child = (struct fence_child){ .pid = -1, .pidfd = -1, .report = -1 };
    *ret_status = status;
    *ret_usage = usage;
    return 0;
}
