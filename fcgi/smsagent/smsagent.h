/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_SMSAGENT_H
#define MILLRACE_SMSAGENT_H
#include "fcgi/endpoint.h"

extern const struct dialect smsagent_dialect;
extern const struct rate smsagent_rates[];
extern const struct endpoint smsagent_endpoints[];
int smsagent_health(struct request *rq);
#endif
