/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/input.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int job_input_bytes(const struct job *job, const char *name, const void *bytes, size_t length)
{
    autotalloc char *folder = FORMAT(NULL, "%s/in", job->folder), *path = FORMAT(NULL, "%s/%s", folder, name);
    autoclose int to = -1;
    const char *from = bytes;

    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return -errno;
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (to < 0)
        return -errno;
    while (length > 0) {
        ssize_t n = write(to, from, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        from += n;
        length -= (size_t)n;
    }
    return 0;
}
