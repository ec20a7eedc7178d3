/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_FIGUREFORGE_H
#define MILLRACE_FIGUREFORGE_H
#include "fcgi/endpoint.h"

extern const struct dialect figureforge_dialect;
extern const struct rate figureforge_rates[];
extern const struct endpoint figureforge_endpoints[];

/* sign_in.c: digests of the code that was sent in and of the refresh token to come. */
int figureforge_sign_in(struct request *rq);
#endif
