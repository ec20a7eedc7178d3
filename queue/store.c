/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fenced child has left goes into storage, under a name that carries the epoch. Into a folder it is moved at
 * once. To another machine a child of our own carries it: that takes as long as the network does, and there are leases
 * to be renewed meanwhile. */
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

static void ended(struct slot *slot, int r)
{
    if (r < 0)
        slot_excuse(slot, "the result could not be stored", r);
}

/* In the child. */
static int take(void *closure)
{
    const struct slot *slot = closure;

    return storage_take_folder(&slot->worker->storage, slot->stored, slot->folder);
}

bool slot_store(struct slot *slot)
{
    struct job *job = slot->job;
    int r;

    slot->stored = FORMAT(job, "%s/%.2s/%s.%llu", *job->product ? job->product : "millrace", job->id + JOB_ID_SIZE - 3,
                          job->id, (unsigned long long)job->epoch);
    if (!storage_is_remote(&slot->worker->storage)) {
        ended(slot, take(slot));
        return false;
    }
    slot->storing = true;
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
