/* SPDX-License-Identifier: GPL-3.0-or-later
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef MILLRACE_UTF8_H
#define MILLRACE_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that starts at text, and the character; 0 when it is none or at the end. text ends with a
 * NUL byte. */
size_t utf8_next(const char *text, uint32_t *ret);

/* True when text is UTF-8 from start to end. */
bool utf8_check(const char *text);
#endif
