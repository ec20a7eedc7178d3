/* SPDX-License-Identifier: GPL-3.0-or-later
 * A product's API in the words of OpenAPI 3.1, made from its rows, those of the core, and its dialect. */
#ifndef MILLRACE_OPENAPI_H
#define MILLRACE_OPENAPI_H
#include "fcgi/endpoint.h"
#include <stdio.h>

/* The document as JSON text on ctx. base: where the product's paths begin, as clients see it. The same for the same
 * rows and base. */
char *openapi_text(void *ctx, const struct product *product, const char *base);
/* Print it, laid out for people. -ENOENT: no such product; -EIO: it cannot be written. */
int openapi_print(const char *product, const char *base, FILE *to);
#endif
