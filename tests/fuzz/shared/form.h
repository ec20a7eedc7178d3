/* SPDX-License-Identifier: GPL-3.0-or-later
 * Apart from fcgi/input/form.h, whose pairs are other ones than those of fcgi/wire/record.h. */
#ifndef MILLRACE_FUZZ_FORM_H
#define MILLRACE_FUZZ_FORM_H
#include <stddef.h>

/* Two texts of a form must have the same pairs, or be refused alike. */
void form_hold_same(void *ctx, const char *one, const char *other, size_t length);
#endif
