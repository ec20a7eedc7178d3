/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fence from its parent's side: limits hold, reports arrive, children end. */
#include "common/clock.h"
#include "common/memory.h"
#include "queue/fence_inside.h"
#include "tests/unit/fence_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- limits ---- */

START_TEST(memory_is_bounded)
{
    struct fence_limits limits = usual;

    limits.memory = 256;
    autoending ending = kind_run("hostile.memory", &limits, json_object());

    if (FENCE_SANITIZED) /* has no limit: see fence.h */
        return;
    check_done(&ending);
    ck_assert_int_gt(last_number(&ending), 64);
    ck_assert_int_lt(last_number(&ending), 256);
    ck_assert_int_lt(ending.usage.ru_maxrss, 256 << 10);
}
END_TEST

START_TEST(processor_time_is_bounded)
{
    static const struct {
        int ignore, signal;
    } rows[] = { { false, SIGXCPU }, { true, SIGKILL } };
    struct fence_limits limits = usual;

    limits.cpu = 1;
    autoending ending = kind_run("hostile.spin", &limits, json_pack("{s:i}", "ignore", rows[_i].ignore));

    check_killed(&ending, rows[_i].signal);
    ck_assert_int_le(ending.usage.ru_utime.tv_sec + ending.usage.ru_stime.tv_sec, 2);
}
END_TEST

START_TEST(a_files_size_is_bounded)
{
    autoending ending = kind_run("hostile.file_grow", &usual, json_object());
    struct stat status;
    char path[PATH_MAX];

    check_done(&ending);
    ck_assert_int_eq(last_number(&ending), EFBIG);
    in_base("job/large", path, sizeof path);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, (off_t)usual.file_size << 20);
}
END_TEST

START_TEST(descriptors_are_bounded)
{
    autoending ending = kind_run("hostile.descriptors", &usual, json_object());

    check_done(&ending);
    ck_assert_int_eq(last_number(&ending), 64);
}
END_TEST

/* A child that sleeps without end, but for the one that it is given. */
static struct fence_child sleeper_start(uint64_t until)
{
    static const char request[] = "{\"id\":\"x\",\"kind\":\"hostile.sleep\",\"args\":{}}";
    struct fence_child child;

    ck_assert_int_eq(fence_spawn(runner, folder, &usual, request, strlen(request), until, &child), 0);
    return child;
}

START_TEST(a_child_ends_by_itself_when_nobody_renews)
{
    uint64_t until = clock_boot_ms() + 300;
    struct fence_child child = sleeper_start(until);
    autoending ending = child_end(&child);

    ck_assert(WIFEXITED(ending.status) && !ending.last);
    ck_assert_uint_ge(clock_boot_ms(), until);
}
END_TEST

START_TEST(a_child_that_is_renewed_lives_on_until_then)
{
    uint64_t until = clock_boot_ms() + 6000, later = until + 500;
    struct fence_child child = sleeper_start(until);
    struct pollfd report = { .fd = child.report, .events = POLLIN };

    ck_assert_int_eq(poll(&report, 1, PATIENCE), 1); /* it is in the fence and has told its progress */
    fence_renew(&child, later);
    autoending ending = child_end(&child);
    ck_assert(WIFEXITED(ending.status) && !ending.last);
    ck_assert_uint_ge(clock_boot_ms(), later);
}
END_TEST

/* Stopped beyond its time, it was renewed all the same. */
START_TEST(a_child_that_was_stopped_hears_of_its_renewal_in_time)
{
    uint64_t until = clock_boot_ms() + 5000, later = until + 1500;
    struct fence_child child = sleeper_start(until);
    struct pollfd report = { .fd = child.report, .events = POLLIN };

    ck_assert_int_eq(poll(&report, 1, PATIENCE), 1);
    ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
    fence_renew(&child, later);
    while (clock_boot_ms() < until + 100)
        poll(NULL, 0, 10);
    ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
    autoending ending = child_end(&child);
    ck_assert(WIFEXITED(ending.status) && !ending.last);
    ck_assert_uint_ge(clock_boot_ms(), later);
}
END_TEST

START_TEST(a_crash_is_told_by_its_signal)
{
    autoending ending = kind_run("hostile.crash", &usual, json_object());

    check_killed(&ending, SIGSEGV);
}
END_TEST

/* ---- parent and child ---- */

START_TEST(reports_without_end_do_no_harm)
{
    struct fence_child child = kind_start("hostile.flood", &usual, json_object());
    struct pollfd more = { .fd = child.report, .events = POLLIN };
    struct rusage usage;
    char block[4096];
    size_t had = 0;
    int status;

    while (had < 1 << 20) {
        ck_assert_int_eq(poll(&more, 1, PATIENCE), 1);
        ssize_t n = read(child.report, block, sizeof block);
        ck_assert(n > 0 || (n < 0 && errno == EAGAIN));
        had += n > 0 ? (size_t)n : 0;
    }
    fence_kill(&child);
    ended_wait(&child);
    ck_assert_int_eq(fence_reap(&child, &status, &usage), 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_lt(usage.ru_maxrss, 64 << 10);
}
END_TEST

START_TEST(progress_and_result_arrive)
{
    static const int told[] = { 10, 60, 100 };
    autoending ending = kind_run("hostile.work", &usual, json_pack("{s:s}", "text", "gr\u00fc\u00df\n\"dich\""));

    check_done(&ending);
    ck_assert_int_eq(ending.count, (int)ELEMENTS(told));
    ck_assert_mem_eq(ending.progress, told, sizeof told);
    ck_assert_pstr_eq(json_string_value(json_object_get(json_object_get(ending.last, "result"), "text")),
                      "gr\u00fc\u00df\n\"dich\"");
}
END_TEST

START_TEST(threads_work)
{
    autoending ending = kind_run("hostile.threads", &usual, json_object());

    check_done(&ending);
    ck_assert_int_eq(last_number(&ending), 1 + 4 + 9 + 16);
}
END_TEST

START_TEST(a_child_gets_nothing_of_its_parents)
{
    int leaked = open("/etc/passwd", O_RDONLY); /* not O_CLOEXEC: the mistake this is about */
    sigset_t term;

    ck_assert_int_ge(leaked, 3);
    ck_assert_int_eq(dup2(leaked, 50), 50);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    signal(SIGINT, SIG_IGN);
    setenv("MILLRACE_SECRET", "secret", 1);
    setenv("JOURNAL_STREAM", "8:1", 1);
    autoending ending = kind_run("hostile.surroundings", &usual, json_object());
    json_auto_t *want =
        json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}, s:[i, i, i, i], s:b, s:b, s:s, s:s, s:s, s:i, s:i}",
                  "environment", "PATH", "/usr/bin:/bin", "LANG", "C.UTF-8", "OMP_THREAD_LIMIT", "1",
                  "MAGICK_THREAD_LIMIT", "1", "OPENBLAS_NUM_THREADS", "1", "HOME", folder, "TMPDIR", folder,
                  "JOURNAL_STREAM", "8:1", "descriptors", 0, 1, 2, 3, "blocked", 0, "ignored", 0, "folder", folder,
                  "id", "0190f0de-0000-7000-8000-000000000001", "product", "expenses", "account_id", 42, "attempt", 2);
    autofree char *got = json_dumps(json_object_get(ending.last, "result"), JSON_INDENT(1));

    check_done(&ending);
    ck_assert_msg(json_equal(json_object_get(ending.last, "result"), want), "%s", got);
}
END_TEST

START_TEST(a_killed_group_is_told_by_its_pidfd)
{
    struct fence_child child = kind_start("hostile.sleep", &usual, json_object());
    struct pollfd reported = { .fd = child.report, .events = POLLIN };

    ck_assert_int_eq(poll(&reported, 1, PATIENCE), 1);
    ck_assert_int_eq(getpgid(child.pid), child.pid);
    fence_kill(&child);
    autoending ending = child_end(&child);
    check_killed(&ending, SIGKILL);
    ck_assert_int_eq(ending.progress[0], 1);
    ck_assert_int_eq(fence_reap(&child, &ending.status, &ending.usage), -ECHILD);
    fence_kill(&child); /* kills nobody, above all not this test */
}
END_TEST

/* The parent is killed while its child sleeps in the fence; the orphan comes to this process, which can wait for it. */
START_TEST(a_child_dies_with_its_parent)
{
    struct fence_child child;
    int told[2], status;
    pid_t parent;

    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
    parent = fork();
    if (parent == 0) {
        child = kind_start("hostile.sleep", &usual, json_object());
        struct pollfd reported = { .fd = child.report, .events = POLLIN };

        if (poll(&reported, 1, PATIENCE) == 1 && write(told[1], &child.pid, sizeof child.pid) > 0)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(told[0], &child.pid, sizeof child.pid), sizeof child.pid);
    kill(parent, SIGKILL);
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

/* ---- fence_enter and fence_spawn refuse ---- */

static void *idle(void *gate)
{
    char byte;

    return read(*(int *)gate, &byte, 1) < 0 ? gate : NULL;
}

static int enter_alone(void)
{
    int ends[2];

    if (pipe(ends) < 0 || dup2(ends[1], 3) < 0)
        return 0;
    if (ends[0] != 3)
        close(ends[0]); /* nobody reads what comes from descriptor 3 */
    if (ends[1] != 3)
        close(ends[1]);
    return fence_enter(&usual, folder);
}

static int enter_with_a_thread(void)
{
    pthread_t thread;
    int gate[2];

    if (pipe(gate) < 0 || pthread_create(&thread, NULL, idle, &gate[0]))
        return 0;
    return fence_enter(&usual, folder);
}

static int enter_without_limits(void)
{
    return fence_enter(&(struct fence_limits){ .memory = 0, .cpu = 1, .file_size = 1 }, folder);
}

static int enter_without_reports(void)
{
    close(3);
    return fence_enter(&usual, folder);
}

START_TEST(entering_is_refused)
{
    static const struct {
        int (*enter)(void);
        int error;
    } rows[] = { { enter_alone, EOWNERDEAD },
                 { enter_with_a_thread, EBUSY },
                 { enter_without_limits, EINVAL },
                 { enter_without_reports, EBADF } };
    int status;
    pid_t pid;

    pid = fork();
    if (pid == 0)
        _exit(-rows[_i].enter());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == rows[_i].error, "status %x", status);
}
END_TEST

static int descriptor_next(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

START_TEST(spawning_is_refused_without_a_trace)
{
    autofree char *large = calloc(1, FENCE_REQUEST_MAX + 1);
    const struct {
        const char *runner, *folder;
        size_t length;
        int error;
    } rows[] = {
        { "/no/such/runner", folder, 2, ENOENT },
        { folder, folder, 2, EACCES },
        { runner, "/no/such/folder", 2, ENOENT },
        { "hostile-runner", folder, 2, EINVAL },
        { runner, "job", 2, EINVAL },
        { runner, folder, FENCE_REQUEST_MAX + 1, E2BIG },
    };
    struct fence_child child = { .pid = 77 };
    int before = descriptor_next();

    for (size_t i = 0; i < ELEMENTS(rows); i++)
        ck_assert_int_eq(fence_spawn(rows[i].runner, rows[i].folder, &usual, large, rows[i].length, UINT64_MAX, &child),
                         -rows[i].error);
    ck_assert_int_eq(child.pid, 77);
    ck_assert_int_eq(descriptor_next(), before);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(nothing_is_left_open)
{
    int before = descriptor_next();
    autoending ending = kind_run("hostile.nothing", &usual, json_object());

    check_done(&ending);
    ck_assert(json_is_null(json_object_get(ending.last, "result")));
    ck_assert_int_eq(descriptor_next(), before);
}
END_TEST

/* ---- outcomes and requests ---- */

START_TEST(an_outcome)
{
    static const struct {
        const char *kind, *outcome, *why;
        int delay;
    } rows[] = {
        { "hostile.release", "release", "not \"now\" ?", 7 },
        { "hostile.bury", "bury", "cannot be", 0 },
        { "hostile.fail", "release", "Input/output error", -1 },
        { "hostile.wait", "bury", "hostile.wait would wait inside the fence", 0 },
        { "hostile.large", "bury", "the result is larger than 1048576 bytes", 0 },
        { "hostile.elsewhere", "bury", "unknown kind hostile.elsewhere", 0 },
        { "hostile.unheard", "bury", "unknown kind hostile.unheard", 0 },
    };
    autoending ending = kind_run(rows[_i].kind, &usual, json_object());

    ck_assert_int_eq(ending.status, 0);
    ck_assert_pstr_eq(last_text(&ending, "outcome"), rows[_i].outcome);
    ck_assert_pstr_eq(last_text(&ending, "why"), rows[_i].why);
    ck_assert_int_eq(json_integer_value(json_object_get(ending.last, "delay")), rows[_i].delay);
}
END_TEST

START_TEST(a_request_that_is_no_job_is_buried)
{
    static const char *const requests[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"kind\":7,\"args\":{}}",
        "{\"kind\":\"hostile.work\"}",
        "{\"kind\":\"hostile.work\",\"args\":[]}",
        "{\"kind\":\"hostile.work\",\"kind\":\"hostile.nothing\",\"args\":{}}",
    };

    for (size_t i = 0; i < ELEMENTS(requests); i++) {
        struct fence_child child = text_start(requests[i], strlen(requests[i]), &usual);
        autoending ending = child_end(&child);

        ck_assert_msg(ending.status == 0 && last_text(&ending, "outcome"), "%s: status %x", requests[i], ending.status);
        ck_assert_pstr_eq(last_text(&ending, "outcome"), "bury");
    }
}
END_TEST

START_TEST(a_large_request_arrives_whole)
{
    autofree char *text = calloc(1, FENCE_REQUEST_MAX);

    memset(text, 'x', FENCE_REQUEST_MAX - 1024);
    autoending ending = kind_run("hostile.call", &usual, json_pack("{s:s, s:i}", "text", text, "call", SYS_getpid));
    check_done(&ending);
}
END_TEST

SUITE(fence)
{
    tcase_add_checked_fixture(tests, stage_set, stage_clear);
    tcase_add_test(tests, memory_is_bounded);
    tcase_add_loop_test(tests, processor_time_is_bounded, 0, 2);
    tcase_add_test(tests, a_files_size_is_bounded);
    tcase_add_test(tests, descriptors_are_bounded);
    tcase_add_test(tests, a_crash_is_told_by_its_signal);
    tcase_add_test(tests, a_child_ends_by_itself_when_nobody_renews);
    tcase_add_test(tests, a_child_that_is_renewed_lives_on_until_then);
    tcase_add_test(tests, a_child_that_was_stopped_hears_of_its_renewal_in_time);
    tcase_add_test(tests, reports_without_end_do_no_harm);
    tcase_add_test(tests, progress_and_result_arrive);
    tcase_add_test(tests, threads_work);
    tcase_add_test(tests, a_child_gets_nothing_of_its_parents);
    tcase_add_test(tests, a_killed_group_is_told_by_its_pidfd);
    tcase_add_test(tests, a_child_dies_with_its_parent);
    tcase_add_loop_test(tests, entering_is_refused, 0, 4);
    tcase_add_test(tests, spawning_is_refused_without_a_trace);
    tcase_add_test(tests, nothing_is_left_open);
    tcase_add_loop_test(tests, an_outcome, 0, 7);
    tcase_add_test(tests, a_request_that_is_no_job_is_buried);
    tcase_add_test(tests, a_large_request_arrives_whole);
}
