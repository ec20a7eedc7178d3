/* SPDX-License-Identifier: GPL-3.0-or-later
 * hostile-runner: a runner whose kinds do inside the fence what a decoder would do that has been taken over. What each
 * must come to stands in tests/unit/test_fence.c. */
#include "common/memory.h"
#include "queue/job.h"
#include "queue/runner.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

/* Any system call: {"call": number, "arguments": [number or text, ...]}; its errno, 0 when it was let through. */
static int call(struct job *job)
{
    const json_t *list = json_object_get(job->args, "arguments");
    long argument[6] = { 0 }, value;

    for (size_t i = 0; i < json_array_size(list) && i < ELEMENTS(argument); i++) {
        const json_t *item = json_array_get(list, i);

        argument[i] = json_is_string(item) ? (long)(intptr_t)json_string_value(item) : (long)json_integer_value(item);
    }
    value = syscall((long)job_number(job, "call", -1), argument[0], argument[1], argument[2], argument[3], argument[4],
                    argument[5]);
    job->result = json_integer(value < 0 ? errno : 0);
    return 0;
}

/* A system call of the 32-bit table, where the numbers mean something else: 11 is execve there, munmap in the other. */
static int call_32(struct job *job)
{
#ifdef __x86_64__
    long value = 20; /* getpid */

    __asm__ volatile("int $0x80" : "+a"(value) : : "memory", "r8", "r9", "r10", "r11");
    job->result = json_integer(value);
#else
    raise(SIGSYS);
    (void)job;
#endif
    return 0;
}

/* MiB of memory had before there is no more. */
static int memory(struct job *job)
{
    long long had = 0;
    char *block;

    while (had < 4096 &&
           (block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED) {
        memset(block, 1, 1 << 20);
        had++;
    }
    job->result = json_integer(had);
    return 0;
}

static int spin(struct job *job)
{
    volatile bool on = true;

    if (job_number(job, "ignore", 0))
        signal(SIGXCPU, SIG_IGN);
    while (on)
        continue;
    return 0;
}

/* errno of the write that did not go through. */
static int file_grow(struct job *job)
{
    static const char block[1 << 16];
    autoclose int fd = open("large", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    for (int i = 0; i < 1 << 10; i++)
        if (write(fd, block, sizeof block) < 0) {
            job->result = json_integer(errno);
            return 0;
        }
    job->result = json_integer(0);
    return 0;
}

/* How many descriptors could be open at once. */
static int descriptors(struct job *job)
{
    int highest = -1, fd;

    while ((fd = open("input", O_RDONLY | O_CLOEXEC)) >= 0)
        highest = fd;
    job->result = errno == EMFILE ? json_integer(highest + 1) : json_integer(-errno);
    return 0;
}

static int crash(struct job *job)
{
    volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would end the process in its own way */
    *page = (char)job->attempt;
    return 0;
}

/* Reports without end. */
static int flood(struct job *job)
{
    static const char line[] = "{\"progress\":1}\n";

    (void)job;
    while (write(3, line, sizeof line - 1) > 0)
        continue;
    return 0;
}

static int sleep_on(struct job *job)
{
    job_progress(job, 1);
    while (poll(NULL, 0, -1) < 0)
        continue;
    return 0;
}

static void *square(void *number)
{
    *(int *)number *= *(int *)number;
    return NULL;
}

/* Four threads at once. */
static int threads(struct job *job)
{
    int number[4] = { 1, 2, 3, 4 }, sum = 0;
    pthread_t thread[ELEMENTS(number)];

    for (size_t i = 0; i < ELEMENTS(number); i++)
        if (pthread_create(&thread[i], NULL, square, &number[i]))
            return job_bury(job, "no thread");
    for (size_t i = 0; i < ELEMENTS(number); i++) {
        pthread_join(thread[i], NULL);
        sum += number[i];
    }
    job->result = json_integer(sum);
    return 0;
}

/* What the process has found on entry. */
static int surroundings(struct job *job)
{
    json_t *environment = json_object(), *open_ones = json_array();
    struct sigaction interrupt;
    struct dirent *entry;
    sigset_t blocked;
    DIR *folder = opendir("/proc/self/fd");

    if (!folder)
        return -errno;
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != dirfd(folder))
            json_array_append_new(open_ones, json_integer(strtol(entry->d_name, NULL, 10)));
    closedir(folder);
    for (char **pair = environ; *pair; pair++) {
        char *equals = strchr(*pair, '=');

        json_object_setn_new(environment, *pair, (size_t)(equals - *pair), json_string(equals + 1));
    }
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaction(SIGINT, NULL, &interrupt);
    job->result = json_pack("{s:o, s:o, s:b, s:b, s:s, s:s, s:s, s:I, s:i}", "environment", environment, "descriptors",
                            open_ones, "blocked", sigismember(&blocked, SIGTERM), "ignored",
                            interrupt.sa_handler == SIG_IGN, "folder", job->folder, "id", job->id, "product",
                            job->product, "account_id", (json_int_t)job->account_id, "attempt", job->attempt);
    return 0;
}

static int work(struct job *job)
{
    static const int steps[] = { 10, 10, 5, 60, 200 };

    for (size_t i = 0; i < ELEMENTS(steps); i++)
        job_progress(job, steps[i]);
    job->result = json_pack("{s:s}", "text", job_text(job, "text"));
    return 0;
}

static int nothing(struct job *job)
{
    (void)job;
    return 0;
}

static int release(struct job *job)
{
    return job_release(job, 7, "not \"now\"\n\xff");
}

static int bury(struct job *job)
{
    return job_bury(job, "cannot be");
}

static int fail(struct job *job)
{
    (void)job;
    return -EIO;
}

static int wait_for(struct job *job)
{
    (void)job;
    return JOB_PENDING;
}

static int large(struct job *job)
{
    autofree char *text = malloc(2 << 20);

    memset(text, 'x', 2 << 20);
    job->result = json_stringn(text, 2 << 20);
    return 0;
}

const struct job_kind job_kinds[] = {
    { .name = "hostile.call", .run = call },
    { .name = "hostile.call_32", .run = call_32 },
    { .name = "hostile.memory", .run = memory },
    { .name = "hostile.spin", .run = spin },
    { .name = "hostile.file_grow", .run = file_grow },
    { .name = "hostile.descriptors", .run = descriptors },
    { .name = "hostile.crash", .run = crash },
    { .name = "hostile.flood", .run = flood },
    { .name = "hostile.sleep", .run = sleep_on },
    { .name = "hostile.threads", .run = threads },
    { .name = "hostile.surroundings", .run = surroundings },
    { .name = "hostile.work", .run = work },
    { .name = "hostile.nothing", .run = nothing },
    { .name = "hostile.release", .run = release },
    { .name = "hostile.bury", .run = bury },
    { .name = "hostile.fail", .run = fail },
    { .name = "hostile.wait", .run = wait_for },
    { .name = "hostile.large", .run = large },
    { .name = "hostile.elsewhere", .run = NULL },
    { .name = NULL },
};

int main(int argc, char **argv)
{
    return runner_main(argc, argv);
}
