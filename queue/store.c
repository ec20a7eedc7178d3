/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fenced child has left goes into storage, under a name that carries the epoch. Into a folder it is moved at
 * once. To another machine a child of our own carries it: that takes as long as the network does, and there are leases
 * to be renewed meanwhile. The database knows what is stored before it is: whoever dies in between leaves nothing that
 * nobody finds. */
#include "common/array_text.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "queue/worker_state.h"
#include "sql.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

enum { FILES_MAX = 2000 }; /* of a job */

static void ended(struct slot *slot, int r)
{
    if (r < 0)
        slot_excuse(slot, "the result could not be stored", r);
}

/* In the child, or here: what was only to be read is not kept. */
static int take(void *closure)
{
    const struct slot *slot = closure;
    autotalloc char *in = FORMAT(NULL, "%s/in", slot->folder);
    int r = slot->job->kind->gather ? folder_remove(in) : 0;

    return r < 0 && r != -ENOENT ? r : storage_take_folder(&slot->worker->storage, slot->stored, slot->folder);
}

/* ---- what there is ---- */

struct listing {
    struct job *job;
    struct array_text names;
    int count;
};

static int name_add(void *closure, int folder, const char *name, int fd)
{
    struct listing *listing = closure;

    (void)folder;
    (void)fd;
    if (++listing->count > FILES_MAX)
        return -E2BIG;
    array_add(listing->job, &listing->names, name);
    return 0;
}

/* The names of the files that are to be kept, as an array of SQL: how many they are, or -errno. */
static int files_list(const struct slot *slot, const char **ret)
{
    struct listing listing = { .job = slot->job };
    int r = storage_each_file(slot->folder, name_add, &listing);

    if (r >= 0)
        *ret = array_end(slot->job, &listing.names);
    return r;
}

const char *slot_account(const struct slot *slot)
{
    return slot->job->account_id ? FORMAT(slot->job, "%lld", slot->job->account_id) : NULL;
}

/* What cannot be noted now, the job's end still tells. So a database that hangs is waited for once and not for each
 * slot: other jobs' leases are to be renewed meanwhile. */
static void pieces_note(const struct slot *slot)
{
    autoresult struct result result = { 0 };
    struct worker *worker = slot->worker;

    if (worker->now < worker->retry_at)
        return;
    if (database_run(worker->database, &sql_queue_piece_note, PARAMS(PIECE_PARAMS(slot)), &result) < 0) {
        log_warning("job.pieces", "job=%s error=%s", slot->job->id, result.message);
        worker->retry_at = clock_boot_ms() + WORKER_OUTAGE_MS;
    }
}

/* ---- storing ---- */

bool slot_store(struct slot *slot)
{
    struct job *job = slot->job;
    int r = files_list(slot, &slot->pieces);

    if (r == -E2BIG)
        job_bury(job, "the job has left more than %d files", FILES_MAX);
    else
        ended(slot, r);
    if (r <= 0)
        return false;
    slot->stored = FORMAT(job, "%s/%.2s/%s.%llu", *job->product ? job->product : "millrace", job->id + JOB_ID_SIZE - 3,
                          job->id, (unsigned long long)job->epoch);
    pieces_note(slot);
    if (!storage_is_remote(&slot->worker->storage)) {
        ended(slot, take(slot));
        return false;
    }
    slot->phase = PHASE_STORE;
    slot->report_closed = true; /* how it ended says all */
    r = slot_fork(slot, take, slot);
    ended(slot, r);
    return r == 0;
}

void slot_stored(struct slot *slot, int status)
{
    ended(slot, WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO);
}

void slot_discard(const struct slot *slot)
{
    int r = storage_drop_prefix(&slot->worker->storage, slot->stored);

    if (r == -ENOTSUP)
        log_info("job.stored", "prefix=%s left=sweep", slot->stored);
    else if (r < 0)
        log_warning("job.stored", "prefix=%s error=%s", slot->stored, strerror(-r));
}
