/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_AILICE_H
#define MILLRACE_AILICE_H
#include "fcgi/endpoint.h"

extern const struct dialect ailice_dialect;
extern const struct rate ailice_rates[];
extern const struct endpoint ailice_endpoints[];
#endif
