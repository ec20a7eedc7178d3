/* SPDX-License-Identifier: GPL-3.0-or-later
 * What media kinds read: the stored file that their argument `source` names, or the parts that a video was made in. */
#include "common/config.h"
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/kinds.h"
#include <errno.h>
#include <string.h>

enum { SOURCE_MAX = 1 << 30 }; /* bytes */

static int fetch(struct job *job, const char *key, const char *name)
{
    int r = job_input(job, key, name, SOURCE_MAX);

    if (r == -ENOENT)
        return job_bury(job, "its file is no longer there");
    if (r == -EFBIG)
        return job_bury(job, "its file is larger than %d MiB", SOURCE_MAX >> 20);
    return r < 0 ? job_release(job, -1, "its file cannot be fetched: %s", strerror(-r)) : 0;
}

int media_gather(struct job *job)
{
    return fetch(job, job_text(job, "source"), "media");
}

int media_gather_whole(struct job *job)
{
    job->result = json_pack("{si}", "part_seconds", job->tools->config->media_part);
    return media_gather(job);
}

/* One row a part, the sound last. */
static int parts_fetch(struct job *job, const struct result *rows)
{
    int count = 0;
    bool sound = false;

    for (int i = 0; i < result_rows(rows); i++) {
        const char *made = result_text(rows, i, "made"), *error = result_text(rows, i, "error");
        bool is_sound = !strcmp(result_text(rows, i, "track"), "sound");
        autotalloc char *name = FORMAT(NULL, "%s-%05d", is_sound ? "sound" : "part", is_sound ? 0 : count);
        int r = made ? fetch(job, made, name) : job_bury(job, "%s", error ? error : "a part of it could not be made");

        if (r < 0)
            return r;
        sound |= is_sound;
        count += !is_sound;
    }
    job->result = json_pack("{si sb sI}", "parts", count, "sound", sound, "duration_ms",
                            (json_int_t)job_number(job, "duration_ms", 0));
    return 0;
}

int media_gather_parts(struct job *job)
{
    autoresult struct result rows = { 0 };

    if (database_run(job->tools->database, &sql_worker_media_parts,
                     PARAMS({ "transcode_id", job_text(job, "transcode_id") }), &rows) < 0)
        return job_release(job, -1, "its parts cannot be asked for: %s", rows.message);
    return parts_fetch(job, &rows);
}
