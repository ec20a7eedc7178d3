/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is said of a queue, from table queue_setting to Redis. */
#ifndef MILLRACE_SETTINGS_H
#define MILLRACE_SETTINGS_H
#include "common/database.h"
#include "queue/queue.h"

/* The row of a queue in queue_list's answer, -1 when nothing was said of it. */
int settings_row(const struct result *list, const char *queue);
/* Tell Redis that row, or with -1 that nothing was said. *ret_count: how many settings. 0 or -errno. */
int settings_send(struct redis *redis, const char *queue, const struct result *list, int row, size_t *ret_count);
#endif
