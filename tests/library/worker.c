/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker whose jobs do what their arguments say: {"do": NAME, ...}, each run noted in the file of "log". */
#include <errno.h>
#include <fcntl.h>
#include <millrace/queue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One line: what, attempt, pid. */
static void note(struct millrace_job *job, const char *what)
{
    const char *file = millrace_job_text(job, "log");
    char line[64];
    int fd = file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;

    if (fd < 0)
        return;
    snprintf(line, sizeof line, "%s %d %d\n", what, millrace_job_attempt(job), (int)getpid());
    if (write(fd, line, strlen(line)) < 0)
        perror(file);
    close(fd);
}

static int echo(struct millrace_job *job)
{
    char result[2048];

    snprintf(result, sizeof result,
             "{\"id\":\"%s\",\"kind\":\"%s\",\"product\":\"%s\",\"account\":%lld,\"request\":\"%s\",\"attempt\":%d,"
             "\"deadline\":%d,\"epoch\":%llu,\"mine\":%d,\"n\":%lld,\"none\":%d,\"args\":%s}",
             millrace_job_id(job), millrace_job_kind(job), millrace_job_product(job), millrace_job_account_id(job),
             millrace_job_request_id(job), millrace_job_attempt(job), millrace_job_deadline(job),
             millrace_job_epoch(job), millrace_job_still_mine(job), millrace_job_number(job, "n", -1),
             millrace_job_text(job, "nothing") == NULL, millrace_job_args(job));
    return millrace_job_done(job, result);
}

/* Block, as code of others does, until the file "until" is there. */
static int block(struct millrace_job *job)
{
    const char *until = millrace_job_text(job, "until");
    const struct timespec pause = { 0, 5000000 };

    millrace_job_progress(job, 40);
    while (!until || access(until, F_OK) < 0)
        nanosleep(&pause, NULL);
    note(job, millrace_job_still_mine(job) ? "mine" : "lost");
    return millrace_job_done(job, "\"went on\"");
}

/* Block on the first attempt only. */
static int once(struct millrace_job *job)
{
    return access(millrace_job_text(job, "until"), F_OK) < 0 ? block(job) : millrace_job_done(job, "\"again\"");
}

static int bury(struct millrace_job *job)
{
    return millrace_job_bury(job, "no use: %d", 7);
}

static int retry(struct millrace_job *job)
{
    return millrace_job_attempt(job) < 3 ? millrace_job_release(job, 0, "try %d", millrace_job_attempt(job))
                                         : millrace_job_done(job, "3");
}

static int snooze(struct millrace_job *job)
{
    const char *until = millrace_job_text(job, "until");
    int fd = open(until, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return millrace_job_done(job, NULL);
    close(fd);
    return millrace_job_snooze(job, 1, "not now");
}

static int give_errno(struct millrace_job *job)
{
    (void)job;
    return -EXDEV;
}

static int crash(struct millrace_job *job)
{
    (void)job;
    kill(getpid(), SIGKILL);
    return 0;
}

static int leave(struct millrace_job *job)
{
    (void)job;
    exit(3);
}

/* A result that is none, then one that is too large. */
static int bad_result(struct millrace_job *job)
{
    char *large = calloc(1, 300000);
    int r = millrace_job_done(job, "{oops");

    if (r != -EINVAL || !large)
        return millrace_job_bury(job, "oops gave %d", r);
    memset(large, '1', 299999);
    r = millrace_job_done(job, large);
    free(large);
    return r == -E2BIG ? r : millrace_job_bury(job, "large gave %d", r);
}

/* A grandchild that would outlive the job: its pid is the result. */
static int orphan(struct millrace_job *job)
{
    char result[16];
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    snprintf(result, sizeof result, "%d", (int)child);
    return millrace_job_done(job, result);
}

/* Text that lies in a stream's buffer: it is written once. */
static int speak(struct millrace_job *job)
{
    printf("job speaks\n");
    return millrace_job_done(job, NULL);
}

static const struct {
    const char *name;
    int (*run)(struct millrace_job *job);
} deeds[] = {
    { "echo", echo },   { "block", block },           { "once", once },        { "bury", bury },
    { "retry", retry }, { "snooze", snooze },         { "errno", give_errno }, { "crash", crash },
    { "leave", leave }, { "bad_result", bad_result }, { "orphan", orphan },    { "speak", speak },
};

static int run(struct millrace_job *job, void *closure)
{
    const char *deed = millrace_job_text(job, "do");

    (void)closure;
    note(job, "begin");
    for (size_t i = 0; deed && i < sizeof deeds / sizeof deeds[0]; i++)
        if (!strcmp(deeds[i].name, deed))
            return deeds[i].run(job);
    return millrace_job_bury(job, "do what?");
}

int main(int argc, char **argv)
{
    static const struct millrace_kind kinds[] = {
        { .name = "probe.run", .run = run, .backoff = 1 },
        { .name = "probe.short", .run = run, .deadline = 1, .tries = 1 },
        { .name = "probe.patient", .run = run, .backoff = 600 },
    };
    sigset_t before, after;
    int r;

    printf("worker speaks\n"); /* lies in the buffer when the first job is forked */
    sigprocmask(SIG_SETMASK, NULL, &before);
    r = millrace_worker_run(NULL, argc > 1 ? argv[1] : "probe", kinds, 3);
    sigprocmask(SIG_SETMASK, NULL, &after);
    return r < 0 || sigismember(&before, SIGTERM) != sigismember(&after, SIGTERM);
}
