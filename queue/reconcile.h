/* SPDX-License-Identifier: GPL-3.0-or-later
 * The reconciler: makes Redis know what PostgreSQL says. Any number may run; one leads, by a row with a ten-second
 * lease, and two leaders would do no harm (every step is idempotent). docs/queue.md has the reasons. */
#ifndef MILLRACE_RECONCILE_H
#define MILLRACE_RECONCILE_H
#include "common/config.h"

/* Run until SIGTERM or SIGINT. 0, or -errno when it cannot start. */
int reconcile_run(const struct config *config);
#endif
