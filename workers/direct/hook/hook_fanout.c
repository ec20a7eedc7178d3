/* SPDX-License-Identifier: GPL-3.0-or-later
 * hook.fanout: an event of a product reaches those it concerns. All of it is the statement of the job's end
 * (sql/worker/hook_fanout_end.sql), so that it happens once. */
#include "workers/kinds.h"

int hook_fanout(struct job *job)
{
    (void)job;
    return 0;
}
