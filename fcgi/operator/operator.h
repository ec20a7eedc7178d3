/* SPDX-License-Identifier: GPL-3.0-or-later
 * The realm of the operators: what their page asks and does. It has accounts and sessions of its own, which `millrace
 * operator` makes, and no account, token or session of a product holds in it. */
#ifndef MILLRACE_OPERATOR_H
#define MILLRACE_OPERATOR_H
#include "fcgi/endpoint.h"

#define OPERATOR_ROOT "/-/operator"
#define OPERATOR_COOKIE "millrace_operator"

extern const struct dialect operator_dialect;
extern const struct endpoint operator_endpoints[];

/* queues.c: ask the Redis of each queue that the row's first statement has named; sets looks, a JSON array of what was
 * answered. */
int operator_queues(struct request *rq);
#endif
