/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_TEXT_H
#define MILLRACE_TEXT_H

/* text without the white space around it: cut at its end, in place. */
char *text_trim(char *text);
#endif
