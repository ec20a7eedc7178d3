/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_EXPENSES_H
#define MILLRACE_EXPENSES_H
#include "fcgi/endpoint.h"

extern const struct dialect expenses_dialect;
extern const struct rate expenses_rates[];
/* In parts, each of which goes on with the next. */
extern const struct endpoint expenses_endpoints[];    /* accounts, notifications, reports, webhooks */
extern const struct endpoint expenses_expense_rows[]; /* categories and expenses */
extern const struct endpoint expenses_payment_rows[]; /* payment methods, payments and settlements */
extern const struct endpoint expenses_group_rows[];   /* groups and who is in them */
/* What may be sent as a picture; ends with NULL. */
extern const char *const expenses_picture_types[];

struct request;
/* A webhook's secret is made here: sets secret, and sealed, which is what is kept of it. */
int expenses_hook_create(struct request *rq);
/* Behind group_standing.sql, the payments that settle a group's balances: sets nets, currency, transfers and
 * is_simplified. */
int expenses_group_balances(struct request *rq);
#endif
