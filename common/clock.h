/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_CLOCK_H
#define MILLRACE_CLOCK_H
#include <stdint.h>

/* Milliseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, as leases do. */
uint64_t clock_boot_ms(void);
/* Milliseconds since 1970. */
long long clock_wall_ms(void);
#endif
