/* SPDX-License-Identifier: GPL-3.0-or-later
 * The system calls of a fenced process. A call that no table names kills the process: a decoder that asks for it has
 * been taken over. What harmless libraries try and can do without is refused with an error they understand.
 *
 * A filter compares all 64 bits of an argument, the kernel looks at the low 32 of an int: comparisons here either ask
 * for equality (strict), or mask the high bits away, so that garbage there does not slip past. */
#include "common/memory.h"
#include "queue/fence_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

static const int allowed[] = {
    /* files by descriptor and path; Landlock says which */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(close),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(fadvise64),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(getcwd),
    SCMP_SYS(umask),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    /* memory */
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(set_mempolicy),
    SCMP_SYS(membarrier),
    /* threads and signals to oneself */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_getattr),
    SCMP_SYS(restart_syscall),
    /* who, when, how much */
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(getgroups),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getcpu),
};

static const struct {
    int call, error;
} refused[] = {
    { SCMP_SYS(clone3), ENOSYS }, /* its flags lie in memory, where a filter cannot look; libc falls back to clone */
    { SCMP_SYS(socket), EACCES },
    { SCMP_SYS(ioctl), ENOTTY },
    { SCMP_SYS(sched_setaffinity), EPERM },
    { SCMP_SYS(sched_setscheduler), EPERM },
    { SCMP_SYS(sched_setattr), EPERM },
    { SCMP_SYS(setpriority), EPERM },
    { SCMP_SYS(mbind), EPERM },
    { SCMP_SYS(setrlimit), EPERM },
    /* what fontconfig and others do to files they mean to share */
    { SCMP_SYS(link), EPERM },
    { SCMP_SYS(linkat), EPERM },
    { SCMP_SYS(symlink), EPERM },
    { SCMP_SYS(symlinkat), EPERM },
    { SCMP_SYS(chmod), EPERM },
    { SCMP_SYS(fchmod), EPERM },
    { SCMP_SYS(fchmodat), EPERM },
    { SCMP_SYS(chown), EPERM },
    { SCMP_SYS(fchown), EPERM },
    { SCMP_SYS(fchownat), EPERM },
    { SCMP_SYS(utimensat), EPERM },
    { SCMP_SYS(flock), EPERM },
};

/* Allowed when one argument, under a mask, has a value; else the process is killed. */
enum {
    NAMESPACES =
        CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
};
static const uint64_t whole = UINT64_MAX;
static const struct {
    int call;
    unsigned argument;
    uint64_t mask, value;
} guarded[] = {
    { SCMP_SYS(clone), 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD }, /* a thread, and no process */
    /* not PR_SET_PDEATHSIG, PR_SET_DUMPABLE: they would undo the fence */
    { SCMP_SYS(prctl), 0, whole, PR_SET_NAME },
    { SCMP_SYS(prctl), 0, whole, PR_GET_NAME },
    { SCMP_SYS(prctl), 0, whole, PR_SET_VMA },
    /* not F_SETOWN, F_SETSIG: they send a signal of one's choice to any process of the user */
    { SCMP_SYS(fcntl), 1, whole, F_GETFD },
    { SCMP_SYS(fcntl), 1, whole, F_SETFD },
    { SCMP_SYS(fcntl), 1, whole, F_GETFL },
};

/* Allowed on descriptors the process has opened itself, refused on the first four. Those it shares with the worker:
 * were the log a file, it could be cut or overwritten; its flags and its offset are the worker's too. */
enum { NO_COMMAND = -1 };
static const struct {
    int call, command, error;
} private[] = {
    { SCMP_SYS(lseek), NO_COMMAND, ESPIPE },    { SCMP_SYS(pwrite64), NO_COMMAND, ESPIPE },
    { SCMP_SYS(pwritev), NO_COMMAND, ESPIPE },  { SCMP_SYS(ftruncate), NO_COMMAND, EPERM },
    { SCMP_SYS(fallocate), NO_COMMAND, EPERM }, { SCMP_SYS(dup), NO_COMMAND, EPERM },
    { SCMP_SYS(fcntl), F_DUPFD, EPERM },        { SCMP_SYS(fcntl), F_DUPFD_CLOEXEC, EPERM },
    { SCMP_SYS(fcntl), F_SETFL, EPERM },        { SCMP_SYS(fcntl), F_GETLK, EPERM },
    { SCMP_SYS(fcntl), F_SETLK, EPERM },        { SCMP_SYS(fcntl), F_SETLKW, EPERM },
};

/* The numbers of descriptors in ranges a mask can tell: 0 to 3, then up to RLIMIT_NOFILE, then what is none at all
 * and gets its EBADF from the kernel. */
static const struct {
    uint64_t mask, value;
    bool own;
} ranges[] = {
    { 0xfffffffc, 0, false }, { 0xfffffffc, 4, true },  { 0xfffffff8, 8, true },
    { 0xfffffff0, 16, true }, { 0xffffffe0, 32, true }, { 0x80000000, 0x80000000, true },
};

static int private_add(scmp_filter_ctx filter, size_t row)
{
    const struct scmp_arg_cmp command = { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t) private[row].command };
    const unsigned count = private[row].command == NO_COMMAND ? 1 : 2;
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(ranges) && r == 0; i++) {
        const struct scmp_arg_cmp compare[] = {
            { .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = ranges[i].mask, .datum_b = ranges[i].value },
            command,
        };

        r = seccomp_rule_add_array(filter, ranges[i].own ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(private[row].error),
                                   private[row].call, count, compare);
    }
    return r;
}

/* Signals to a thread of one's own, limits of one's own to read: else a decoder could end or starve its neighbours,
 * which run as the same user. */
static int self_add(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
    const struct scmp_arg_cmp zero = { .arg = 0, .op = SCMP_CMP_EQ };
    const struct scmp_arg_cmp reads = { .arg = 2, .op = SCMP_CMP_EQ };
    const struct scmp_arg_cmp sets = { .arg = 2, .op = SCMP_CMP_NE };
    int r;

    if ((r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self)) < 0 ||
        (r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, self, reads)) < 0 ||
        (r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, zero, reads)) < 0)
        return r;
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1, sets);
}

static int rules_add(scmp_filter_ctx filter)
{
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(allowed) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < ELEMENTS(refused) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, 0);
    for (size_t i = 0; i < ELEMENTS(guarded) && r == 0; i++) {
        const struct scmp_arg_cmp compare = { .arg = guarded[i].argument,
                                              .op = SCMP_CMP_MASKED_EQ,
                                              .datum_a = guarded[i].mask,
                                              .datum_b = guarded[i].value };

        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, guarded[i].call, 1, &compare);
    }
    for (size_t i = 0; i < ELEMENTS(private) && r == 0; i++)
        r = private_add(filter, i);
    return r == 0 ? self_add(filter) : r;
}

int fence_seccomp(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r;

    if (!filter)
        return -ENOMEM;
    r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = rules_add(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}
