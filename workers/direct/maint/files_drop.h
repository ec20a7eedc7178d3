/* SPDX-License-Identifier: GPL-3.0-or-later
 * Removing stored files, for forked jobs of the house. */
#ifndef MILLRACE_FILES_DROP_H
#define MILLRACE_FILES_DROP_H
#include "common/database.h"
#include "queue/job.h"

/* One bite: the bytes of those that next lists (id, storage_key) go, and then end (:ids) notes it. How many they were,
 * 0 when there are none left; or, negative, what the job's function is to return: what could not be removed is tried
 * again. */
int files_drop(struct job *job, const struct sql *next, const struct param *params, const struct sql *end);
#endif
