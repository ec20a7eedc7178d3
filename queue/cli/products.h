/* SPDX-License-Identifier: GPL-3.0-or-later
 * The products as the command knows them; fcgi/products.c has all about them. */
#ifndef MILLRACE_CLI_PRODUCTS_H
#define MILLRACE_CLI_PRODUCTS_H
#include <stdbool.h>

/* Those whose jobs and accounts there are, up to a NULL. */
extern const char *const product_names[];
/* DONE, or the status of what was said: there is no such product. */
int product_check(void *ctx, const char *name);
/* Whether its callers show API tokens instead of access tokens. */
bool product_has_api_tokens(const char *name);
#endif
