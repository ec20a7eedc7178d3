/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Range header (RFC 9110, 14): one range of bytes. Pure. */
#ifndef MILLRACE_RANGE_H
#define MILLRACE_RANGE_H
#include <stdint.h>

/* What text asks of size bytes: 1 with the part; 0 when it is to be ignored, since it is malformed, of another unit or
 * more than one range; -ERANGE when nothing of that is there. */
int range_parse(const char *text, uint64_t size, uint64_t *ret_offset, uint64_t *ret_length);
#endif
