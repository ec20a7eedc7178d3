/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which queues there are. */
#ifndef MILLRACE_QUEUE_NAMES_H
#define MILLRACE_QUEUE_NAMES_H
#include <stdbool.h>

struct database;

/* Queues of this program's kinds and of those that others have registered in the database, when it answers: each once,
 * in the order of their names; ends with NULL. On ctx. */
const char **queue_names(void *ctx, struct database *database);
bool queue_exists(const char *queue, struct database *database);
#endif
