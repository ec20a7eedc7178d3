/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fenced function says that it has made. It may have been turned against us by what it read, and its words go
 * into the product's rows: so they are checked against the row of its kind, as a stranger's input is. */
#ifndef MILLRACE_JOB_RESULT_H
#define MILLRACE_JOB_RESULT_H
#include "queue/job.h"

/* Check job->result against kind->out, and leave in it what that names. False, with the job buried: it breaks a rule.
 * A kind without out may say anything. */
bool job_result_check(struct job *job);
#endif
