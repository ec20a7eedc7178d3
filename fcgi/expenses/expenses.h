/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_EXPENSES_H
#define MILLRACE_EXPENSES_H
#include "fcgi/endpoint.h"

extern const struct dialect expenses_dialect;
extern const struct rate expenses_rates[];
extern const struct endpoint expenses_endpoints[];    /* accounts, notifications, payments, reports, webhooks */
extern const struct endpoint expenses_expense_rows[]; /* categories and expenses; expenses_endpoints goes on with it */
/* What may be sent as a picture; ends with NULL. */
extern const char *const expenses_picture_types[];

struct request;
/* A webhook's secret is made here: sets secret, and sealed, which is what is kept of it. */
int expenses_hook_create(struct request *rq);
#endif
