/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which queues there are. */
#ifndef MILLRACE_QUEUE_NAMES_H
#define MILLRACE_QUEUE_NAMES_H

struct database;

/* Queues of this program's kinds, and of those that others have registered in the database (NULL: none) when it
 * answers: each once, in the order of their names; ends with NULL. When it does not, *ret_why says why. Both on ctx;
 * ret_why may be NULL. */
const char **queue_names(void *ctx, struct database *database, const char **ret_why);
#endif
