/* SPDX-License-Identifier: GPL-3.0-or-later
 * A worker of the queue "thumbs": makes a picture smaller with an outside program, which may take its time. */
#include <errno.h>
#include <millrace/queue.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int thumb_make(struct millrace_job *job, void *closure)
{
    const char *program = closure, *from = millrace_job_text(job, "from"), *to = millrace_job_text(job, "to");
    char width[16], result[64];
    int status = 0;
    pid_t child;

    snprintf(width, sizeof width, "%lld", millrace_job_number(job, "width", 128));
    if (!from || !to)
        return millrace_job_bury(job, "from and to must be said");
    if (access(from, R_OK) < 0 && errno == ENOENT)
        return millrace_job_release(job, 1, "%s is not there yet", from);
    millrace_job_progress(job, 10);
    child = fork();
    if (child == 0) {
        execlp(program, program, from, width, to, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -errno;
    if (status != 0)
        return millrace_job_bury(job, "%s ended with status %d", program, status);
    snprintf(result, sizeof result, "{\"width\": %s, \"attempt\": %d}", width, millrace_job_attempt(job));
    return millrace_job_done(job, result);
}

int main(int argc, char **argv)
{
    static struct millrace_kind kinds[] = { { .name = "thumb.make", .run = thumb_make, .deadline = 30, .tries = 4 } };

    kinds[0].closure = argc > 1 ? argv[1] : "vipsthumbnail";
    return millrace_worker_run(NULL, "thumbs", kinds, 1) < 0;
}
