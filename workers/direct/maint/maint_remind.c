/* SPDX-License-Identifier: GPL-3.0-or-later
 * maint.remind: who is to be reminded of a settlement that is due. All of it is in the statement of the job's end. */
#include "workers/kinds.h"

int maint_remind(struct job *job)
{
    (void)job;
    return 0;
}
