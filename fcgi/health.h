/* SPDX-License-Identifier: GPL-3.0-or-later
 * What balancers and supervisors ask, outside of all products, under the mount:
 *   GET /-/healthz   the process answers: {"status":"ok"}. No server is asked
 *   GET /-/readyz    {"status":"ready","database":"ok","redis":"ok"}; 503 and "unready" while the database is "away",
 * or "old": it lacks migrations of this release. Redis "away" does not count: requests are served
 *   GET /-/metrics   how long rounds of the loop took, for Prometheus */
#ifndef MILLRACE_HEALTH_H
#define MILLRACE_HEALTH_H
#include "fcgi/request.h"

/* True when the request is for a path under /-/: then it is answered from here, and nothing of it counts. *ret: what
 * the step is to return. */
bool health(struct request *rq, int *ret);
/* -E2BIG when its statement cannot be compiled. */
int health_init(struct server *server);
#endif
