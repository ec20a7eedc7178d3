/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_TEXT_H
#define MILLRACE_TEXT_H
#include <stdbool.h>

/* text without the white space around it: cut at its end, in place. */
char *text_trim(char *text);
/* Whether word is in a list that is separated by commas and blanks. */
bool text_listed(const char *list, const char *word);
/* The same, and an entry that ends in * stands for all words that begin with what is before it. */
bool text_listed_prefix(const char *list, const char *word);
#endif
