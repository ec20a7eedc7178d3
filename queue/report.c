/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/report.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/fence.h"
#include <errno.h>
#include <unistd.h>

/* Whether the parent will have it. A parent that is gone ends this process by SIGPIPE, or is an error. */
static int report(int fd, const char *line)
{
    size_t length = strlen(line);

    while (length > 0) {
        ssize_t n = write(fd, line, length);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            line += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

int report_progress(int fd, int percent)
{
    autotalloc char *line = FORMAT(NULL, "{\"progress\":%d}\n", percent);

    return report(fd, line);
}

int report_end(int fd, struct job *job)
{
    char *line;

    if (job->outcome == JOB_DONE) {
        line =
            FORMAT(job, "{\"outcome\":\"done\",\"result\":%s}\n", job->result ? json_text(job, job->result) : "null");
        if (strlen(line) <= FENCE_REPORT_MAX)
            return report(fd, line);
        job_bury(job, "the result is larger than %d bytes", FENCE_REPORT_MAX);
    }
    if (job->outcome == JOB_SNOOZE)
        line = FORMAT(job, "{\"outcome\":\"%s\",\"delay\":%d,\"why\":%s}\n", job->limited ? "limited" : "snooze",
                      job->delay, json_quote(job, job->why));
    else if (job->outcome == JOB_RELEASE)
        line =
            FORMAT(job, "{\"outcome\":\"release\",\"delay\":%d,\"why\":%s}\n", job->delay, json_quote(job, job->why));
    else
        line = FORMAT(job, "{\"outcome\":\"bury\",\"why\":%s}\n", json_quote(job, job->why));
    return report(fd, line);
}
