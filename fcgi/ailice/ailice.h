/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_AILICE_H
#define MILLRACE_AILICE_H
#include "fcgi/endpoint.h"

extern const struct dialect ailice_dialect;
extern const struct rate ailice_rates[];
extern const struct endpoint ailice_endpoints[];

struct request;
int ailice_media_stream(struct request *rq);
/* Field service, which must be one that can be connected. */
int ailice_integration(struct request *rq);
/* Likewise; seals the fields access_token and refresh_token: sets access_sealed and refresh_sealed. */
int ailice_integration_connect(struct request *rq);
#endif
