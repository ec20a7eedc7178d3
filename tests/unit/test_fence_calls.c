/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a decoder that has been taken over may try, one system call a row, and what it gets. */
#include "common/memory.h"
#include "tests/unit/fence_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARENT = -1001, TEXT = -1002 }; /* stand for the test's process id and the row's text */
#define HIGH_BITS(number) ((json_int_t)((1LL << 32) | (number)))

static const struct probe {
    const char *what;
    long call;
    const char *text;
    json_int_t arguments[6];
    int signal; /* that ends the process */
    int error;  /* that the call gets; 0: it is let through */
} probes[] = {
    /* what must go on working, or the refusals below would prove nothing */
    { "read the input", SYS_openat, "input", { AT_FDCWD, TEXT, O_RDONLY }, .error = 0 },
    { "write in the folder", SYS_openat, "output", { AT_FDCWD, TEXT, O_WRONLY | O_CREAT, 0600 }, .error = 0 },
    { "cut a file in the folder", SYS_openat, "input", { AT_FDCWD, TEXT, O_WRONLY | O_TRUNC }, .error = 0 },
    { "make a folder in the folder", SYS_mkdirat, "sub", { AT_FDCWD, TEXT, 0700 }, .error = 0 },
    { "remove a file in the folder", SYS_unlinkat, "input", { AT_FDCWD, TEXT, 0 }, .error = 0 },
    { "read shared data", SYS_openat, "/usr/share", { AT_FDCWD, TEXT, O_RDONLY }, .error = 0 },
    { "read libraries", SYS_openat, "/usr/lib", { AT_FDCWD, TEXT, O_RDONLY }, .error = 0 },
    { "read its own maps", SYS_openat, "/proc/self/maps", { AT_FDCWD, TEXT, O_RDONLY }, .error = 0 },
    { "write to nowhere", SYS_openat, "/dev/null", { AT_FDCWD, TEXT, O_WRONLY }, .error = 0 },
    { "read its limits", SYS_prlimit64, NULL, { 0, RLIMIT_AS, 0, 0 }, .error = 0 },
    { "name its thread", SYS_prctl, "name", { PR_SET_NAME, TEXT }, .error = 0 },

    /* files elsewhere */
    { "open /etc/passwd", SYS_openat, "/etc/passwd", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "list /etc", SYS_openat, "/etc", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "list /tmp", SYS_openat, "/tmp", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "read another job's file", SYS_openat, "../other/secret", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "list another job's folder", SYS_openat, "../other", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "write another job's file", SYS_openat, "../other/secret", { AT_FDCWD, TEXT, O_WRONLY }, .error = EACCES },
    { "cut another job's file",
      SYS_openat,
      "../other/secret",
      { AT_FDCWD, TEXT, O_WRONLY | O_TRUNC },
      .error = EACCES },
    { "create beside the folder", SYS_openat, "../new", { AT_FDCWD, TEXT, O_WRONLY | O_CREAT, 0600 }, .error = EACCES },
    { "create in /tmp",
      SYS_openat,
      "/tmp/millrace-new",
      { AT_FDCWD, TEXT, O_WRONLY | O_CREAT, 0600 },
      .error = EACCES },
    { "remove another job's file", SYS_unlinkat, "../other/secret", { AT_FDCWD, TEXT, 0 }, .error = EACCES },
    { "make a folder elsewhere", SYS_mkdirat, "../sub", { AT_FDCWD, TEXT, 0700 }, .error = EACCES },
    { "read through a link", SYS_openat, "door", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "write through a link", SYS_openat, "door", { AT_FDCWD, TEXT, O_WRONLY | O_TRUNC }, .error = EACCES },
    { "create through a link", SYS_openat, "way/new", { AT_FDCWD, TEXT, O_WRONLY | O_CREAT, 0600 }, .error = EACCES },
    { "remove through a link", SYS_unlinkat, "way/secret", { AT_FDCWD, TEXT, 0 }, .error = EACCES },
    { "write its own memory by file", SYS_openat, "/proc/self/mem", { AT_FDCWD, TEXT, O_RDWR }, .error = EACCES },
    { "look at other processes", SYS_openat, "/proc/1/status", { AT_FDCWD, TEXT, O_RDONLY }, .error = EACCES },
    { "leave a link behind", SYS_symlinkat, "/etc/passwd", { TEXT, AT_FDCWD, TEXT }, .error = EPERM },
    { "link a file of another job",
      SYS_linkat,
      "../other/secret",
      { AT_FDCWD, TEXT, AT_FDCWD, TEXT, 0 },
      .error = EPERM },
    { "change a file's mode", SYS_fchmodat, "input", { AT_FDCWD, TEXT, 06755 }, .error = EPERM },
    { "leave a pipe behind", SYS_mknodat, "pipe", { AT_FDCWD, TEXT, S_IFIFO | 0600, 0 }, .signal = SIGSYS },
    { "cut by path", SYS_truncate, "../other/secret", { TEXT, 0 }, .signal = SIGSYS },

    /* the network and the machine */
    { "make a socket", SYS_socket, NULL, { 2, 1, 0 }, .error = EACCES },
    { "make a pair of sockets", SYS_socketpair, NULL, { 1, 1, 0, 0 }, .signal = SIGSYS },
    { "ask a device", SYS_ioctl, NULL, { 2, 0x5401, 0 }, .error = ENOTTY },
    { "make a ring", SYS_io_uring_setup, NULL, { 1, 0 }, .signal = SIGSYS },
    { "load a program into the kernel", SYS_bpf, NULL, { 0 }, .signal = SIGSYS },
    { "mount", SYS_mount, NULL, { 0 }, .signal = SIGSYS },
    { "change the root", SYS_chroot, ".", { TEXT }, .signal = SIGSYS },
    { "make a namespace", SYS_unshare, NULL, { 0x10000000 }, .signal = SIGSYS },
    { "use keys", SYS_keyctl, NULL, { 0 }, .signal = SIGSYS },

    /* processes */
    { "fork", SYS_clone, NULL, { SIGCHLD }, .signal = SIGSYS },
    { "fork sharing memory", SYS_clone, NULL, { 0x4100 | SIGCHLD }, .signal = SIGSYS },
    { "fork the new way", SYS_clone3, NULL, { 0 }, .error = ENOSYS },
    { "a thread in a namespace", SYS_clone, NULL, { 0x10000 | 0x20000 }, .signal = SIGSYS },
    { "run a program", SYS_execve, "/bin/true", { TEXT, 0, 0 }, .signal = SIGSYS },
    { "run a program by descriptor", SYS_execveat, "/bin/true", { AT_FDCWD, TEXT, 0, 0, 0 }, .signal = SIGSYS },
    { "kill the parent", SYS_kill, NULL, { PARENT, SIGKILL }, .signal = SIGSYS },
    { "kill the parent's group", SYS_kill, NULL, { 0, SIGKILL }, .signal = SIGSYS },
    { "kill everybody", SYS_kill, NULL, { -1, SIGKILL }, .signal = SIGSYS },
    { "kill a thread of the parent", SYS_tgkill, NULL, { PARENT, PARENT, SIGKILL }, .signal = SIGSYS },
    { "kill any thread", SYS_tkill, NULL, { PARENT, SIGKILL }, .signal = SIGSYS },
    { "queue a signal", SYS_rt_sigqueueinfo, NULL, { PARENT, SIGKILL, 0 }, .signal = SIGSYS },
    { "have a pipe signal the parent", SYS_fcntl, NULL, { 3, F_SETOWN, PARENT }, .signal = SIGSYS },
    { "choose the signal of a pipe", SYS_fcntl, NULL, { 3, F_SETSIG, SIGKILL }, .signal = SIGSYS },
    { "trace the parent", SYS_ptrace, NULL, { PTRACE_ATTACH, PARENT }, .signal = SIGSYS },
    { "read the parent's memory", SYS_process_vm_readv, NULL, { PARENT }, .signal = SIGSYS },
    { "get hold of the parent", SYS_pidfd_open, NULL, { PARENT, 0 }, .signal = SIGSYS },
    { "read the parent's limits", SYS_prlimit64, NULL, { PARENT, RLIMIT_AS, 0, 0 }, .signal = SIGSYS },
    { "limit the parent", SYS_prlimit64, "0000000000000000", { PARENT, RLIMIT_AS, TEXT, 0 }, .error = EPERM },
    { "lift its own limits", SYS_prlimit64, "0000000000000000", { 0, RLIMIT_AS, TEXT, 0 }, .error = EPERM },
    { "outlive the parent", SYS_prctl, NULL, { PR_SET_PDEATHSIG, 0 }, .signal = SIGSYS },
    { "be traced", SYS_prctl, NULL, { PR_SET_DUMPABLE, 1 }, .signal = SIGSYS },
    { "leave the group", SYS_setpgid, NULL, { 0, 0 }, .signal = SIGSYS },
    { "leave the session", SYS_setsid, NULL, { 0 }, .signal = SIGSYS },
    { "become somebody", SYS_setuid, NULL, { 0 }, .signal = SIGSYS },

    /* the log it shares with the worker */
    { "cut the log", SYS_ftruncate, NULL, { 2, 0 }, .error = EPERM },
    { "rewind the log", SYS_lseek, NULL, { 2, 0, 0 }, .error = ESPIPE },
    { "write over the log", SYS_pwrite64, "x", { 2, TEXT, 1, 0 }, .error = ESPIPE },
    { "change how the log blocks", SYS_fcntl, NULL, { 2, F_SETFL, O_NONBLOCK }, .error = EPERM },
    { "take the log by another number", SYS_dup, NULL, { 2 }, .error = EPERM },
    { "the same, with garbage above", SYS_dup, NULL, { HIGH_BITS(2) }, .error = EPERM },
    { "cut a file that is none", SYS_ftruncate, NULL, { -1, 0 }, .error = EBADF },
};

static json_t *probe_arguments(const struct probe *probe)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ELEMENTS(probe->arguments); i++) {
        json_int_t value = probe->arguments[i];

        json_array_append_new(list, value == TEXT     ? json_string(probe->text)
                                    : value == PARENT ? json_integer(getpid())
                                                      : json_integer(value));
    }
    return json_pack("{s:i, s:o}", "call", (int)probe->call, "arguments", list);
}

static void check_untouched(const char *what)
{
    char path[PATH_MAX], text[16] = "";
    FILE *file;

    in_base("other/secret", path, sizeof path);
    file = fopen(path, "re");
    ck_assert_msg(file && fgets(text, sizeof text, file) && !strcmp(text, "secret"), "%s: the other job's file", what);
    fclose(file);
    in_base("new", path, sizeof path);
    ck_assert_msg(access(path, F_OK) < 0, "%s: a file beside the folder", what);
    in_base("other/new", path, sizeof path);
    ck_assert_msg(access(path, F_OK) < 0, "%s: a file in the other's folder", what);
}

START_TEST(a_system_call)
{
    const struct probe *probe = &probes[_i];
    autoending ending = kind_run("hostile.call", &usual, probe_arguments(probe));

    if (probe->signal) {
        ck_assert_msg(WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == probe->signal && !ending.last,
                      "%s: status %x, result %lld", probe->what, ending.status,
                      json_integer_value(json_object_get(ending.last, "result")));
    } else {
        ck_assert_msg(ending.last != NULL, "%s: status %x", probe->what, ending.status);
        ck_assert_msg(last_number(&ending) == probe->error, "%s: %s", probe->what, strerror((int)last_number(&ending)));
    }
    check_untouched(probe->what);
}
END_TEST

START_TEST(a_call_of_the_32_bit_table_kills)
{
    autoending ending = kind_run("hostile.call_32", &usual, json_object());

    check_killed(&ending, SIGSYS);
}
END_TEST

SUITE(fence_calls)
{
    tcase_add_checked_fixture(tests, stage_set, stage_clear);
    tcase_add_loop_test(tests, a_system_call, 0, (int)ELEMENTS(probes));
    tcase_add_test(tests, a_call_of_the_32_bit_table_kills);
}
