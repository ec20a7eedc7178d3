/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker of the queue "thumbs": makes a picture smaller with ImageMagick's convert, which may take its time. */
#include <millrace/queue.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int thumb_make(struct millrace_job *job, void *closure)
{
    const char *program = closure, *from = millrace_job_text(job, "from"), *to = millrace_job_text(job, "to");
    char width[24], result[64];
    int status = 0;
    pid_t child;

    if (!from || !to)
        return millrace_job_bury(job, "from and to must be said");
    if (access(from, R_OK) < 0)
        return millrace_job_release(job, 1, "%s is not there yet", from);
    snprintf(width, sizeof width, "%lld", millrace_job_number(job, "width", 128));
    millrace_job_progress(job, 10);
    child = fork();
    if (child == 0) {
        execlp(program, program, from, "-resize", width, to, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        return millrace_job_release(job, -1, "%s failed with status %d", program, status);
    snprintf(result, sizeof result, "{\"width\": %s, \"attempt\": %d}", width, millrace_job_attempt(job));
    return millrace_job_done(job, result);
}

int main(int argc, char **argv)
{
    static char convert[] = "convert";
    struct millrace_kind kind = { .name = "thumb.make", .run = thumb_make, .deadline = 30, .tries = 4 };

    kind.closure = argc > 1 ? argv[1] : convert;
    return millrace_worker_run(NULL, "thumbs", &kind, 1) < 0;
}
