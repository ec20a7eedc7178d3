/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.digest: whose mail is due that gathers what has happened. All of it is the statement of the job's end
 * (sql/worker/mail_digest_end.sql), so that it happens once. */
#include "workers/kinds.h"

int mail_digest(struct job *job)
{
    (void)job;
    return 0;
}
