/* SPDX-License-Identifier: GPL-3.0-or-later
 * Before the fence: the file that a job is to look at, as in/picture. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/fenced/picture/kind.h"
#include "workers/kinds.h"
#include <errno.h>

/* 0, 1 when its owner has taken it back meanwhile, or what the job's function is to return. */
static int gather(struct job *job)
{
    autoresult struct result result = { 0 };
    int r = database_run(
        job->tools->database, &sql_worker_picture_file,
        PARAMS({ "file_id", FORMAT(job, "%lld", job_number(job, "file_id", 0)) }, { "product", job->product }),
        &result);

    if (r < 0)
        return job_release(job, -1, "the file's row cannot be read: %s", result.message);
    if (result_rows(&result) == 0)
        return 1;
    r = job_input(job, result_text(&result, 0, "storage_key"), "picture", PICTURE_BYTES);
    if (r == -EFBIG)
        return job_bury(job, "the picture cannot be used: it has more bytes than are taken");
    if (r == -ENOENT)
        return job_bury(job, "the picture's file is lost");
    return r < 0 ? job_release(job, -1, "the picture's file cannot be fetched: %s", strerror(-r)) : 0;
}

static int taken_back(struct job *job)
{
    return job_bury(job, "the picture has been taken back");
}

int picture_gather(struct job *job)
{
    int r = gather(job);

    return r > 0 ? taken_back(job) : r;
}

int variant_gather(struct job *job)
{
    const char *use = job_text(job, "use");
    int r = gather(job);

    if (r > 0 && (!use || !strcmp(use, "thumbnails")))
        return taken_back(job);
    if (r >= 0) /* where another avatar has been sent nobody wants anything of this one any more: that is no failure */
        job->result = json_pack("{s:b}", "gone", r > 0);
    return r < 0 ? r : 0;
}
