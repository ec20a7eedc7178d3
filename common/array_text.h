/* SPDX-License-Identifier: GPL-3.0-or-later
 * PostgreSQL's text form of one-dimensional arrays, for parameters: {"a","say \\"b\\"",NULL}. */
#ifndef MILLRACE_ARRAY_TEXT_H
#define MILLRACE_ARRAY_TEXT_H
#include <stdbool.h>
#include <stddef.h>

struct array_text {
    char *text;
    size_t length, room;
};

/* Begins empty: { 0 }. value NULL is SQL's null. What it grows to hangs off ctx. */
void array_add(void *ctx, struct array_text *array, const char *value);
/* The whole; "{}" when nothing was added. Nothing may be added afterwards. */
const char *array_end(void *ctx, struct array_text *array);
#endif
