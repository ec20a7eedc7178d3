/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_NUTRITION_H
#define MILLRACE_NUTRITION_H
#include "fcgi/endpoint.h"

extern const struct dialect nutrition_dialect;
extern const struct rate nutrition_rates[];
extern const struct endpoint nutrition_endpoints[];
#endif
