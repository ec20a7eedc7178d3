/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a job's function is to read, put where the fence lets it. A copy, never a link: behind the fence the job's
 * folder can be written, and a stored file must not change. */
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "queue/job.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static int copy(int from, int to, uint64_t length)
{
    while (length > 0) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, length, 0);

        if (n < 0 &&
            (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) /* of two file systems */
            n = sendfile(to, from, NULL, length < PIECE ? (size_t)length : (size_t)PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO; /* it has become shorter */
        length -= (uint64_t)n;
    }
    return 0;
}

int job_input(struct job *job, const char *key, const char *name, uint64_t max)
{
    autotalloc char *folder = FORMAT(NULL, "%s/in", job->folder), *path = FORMAT(NULL, "%s/%s", folder, name);
    autoclose int from = storage_open(job->tools->storage, key), to = -1;
    struct stat status;

    if (from < 0)
        return from;
    if (fstat(from, &status) < 0)
        return -errno;
    if ((uint64_t)status.st_size > max)
        return -EFBIG;
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return -errno;
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (to < 0)
        return -errno;
    return copy(from, to, (uint64_t)status.st_size);
}
