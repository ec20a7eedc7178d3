/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/worker_state.h"

int worker_busy(const struct worker *worker)
{
    int n = 0;
    for (int i = 0; i < worker->slot_count; i++)
        n += slot_busy(&worker->slots[i]);
    return n;
}

int worker_room(const struct worker *worker)
{
    int filled = 0, most = 1;

    for (int i = 0; i < worker->slot_count; i++)
        if (slot_busy(&worker->slots[i]))
            filled += worker->slots[i].job->kind->slots > 1 ? worker->slots[i].job->kind->slots : 1;
    for (const struct job_kind *kind = worker->options->kinds; kind->name; kind++)
        if (!strcmp(kind->queue, worker->options->queue) && kind->slots > most)
            most = kind->slots;
    if (filled >= worker->slot_count)
        return 0;
    return most > 1 ? 1 : worker->slot_count - filled;
}
