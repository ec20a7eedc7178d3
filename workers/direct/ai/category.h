/* SPDX-License-Identifier: GPL-3.0-or-later
 * What somebody asks by text message: its category, by a model that is trained when the program is built, from the
 * examples in workers/direct/ai/category/examples.txt. */
#ifndef MILLRACE_CATEGORY_H
#define MILLRACE_CATEGORY_H

/* One of coding, debug, explain, general. confidence: 0..1. */
const char *category_of(const char *text, double *ret_confidence);

/* Which programming language it is about, in small letters; NULL: none is named. */
const char *language_of(const char *text);

/* 0..1: by its length, and by how much of it is code. */
double complexity_of(const char *text);
#endif
