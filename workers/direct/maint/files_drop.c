/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/maint/files_drop.h"
#include "common/array_text.h"
#include "common/storage.h"
#include <string.h>

/* 0 with the ids in *ret, as an array on the job. */
static int bytes_drop(struct job *job, const struct result *files, const char **ret)
{
    struct array_text ids = { 0 };

    for (int i = 0; i < result_rows(files); i++) {
        const char *key = result_text(files, i, "storage_key");
        int r = storage_drop(job->tools->storage, key);

        if (r < 0)
            return job_release(job, -1, "the file %s could not be removed: %s", key, strerror(-r));
        array_add(job, &ids, result_text(files, i, "id"));
    }
    *ret = array_end(job, &ids);
    return 0;
}

int files_drop(struct job *job, const struct sql *next, const struct param *params, const struct sql *end)
{
    autoresult struct result files = { 0 }, gone = { 0 };
    const char *ids = NULL;
    int r;

    if (database_run(job->tools->database, next, params, &files) < 0)
        return job_release(job, -1, "the files could not be listed: %s", files.message);
    if (result_rows(&files) == 0)
        return 0;
    r = bytes_drop(job, &files, &ids);
    if (r < 0)
        return r;
    if (database_run(job->tools->database, end, PARAMS({ "ids", ids }), &gone) < 0)
        return job_release(job, -1, "that files were removed could not be noted: %s", gone.message);
    return result_rows(&files);
}
