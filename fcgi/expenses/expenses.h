/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_EXPENSES_H
#define MILLRACE_EXPENSES_H
#include "fcgi/endpoint.h"

extern const struct dialect expenses_dialect;
extern const struct rate expenses_rates[];
extern const struct endpoint expenses_endpoints[];
#endif
