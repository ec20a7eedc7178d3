/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a row's own shape tells of its calls; for openapi.c only. */
#ifndef MILLRACE_OPENAPI_OF_H
#define MILLRACE_OPENAPI_OF_H
#include "fcgi/endpoint.h"

/* One row of one product. */
struct of {
    const struct product *product;
    const struct endpoint *row;
};

bool of_has_input(const struct of *of);
bool of_has_body(const struct of *of);
bool of_has_path(const struct of *of);
bool of_knows_caller(const struct of *of);
bool of_may_forbid(const struct of *of);
bool of_is_counted(const struct of *of);
bool of_asks_database(const struct of *of);
/* Whether its answers have a tag: its statement has that column. */
bool of_is_tagged(const struct of *of);
/* Whether its answer is a stored file: its statement has that column. */
bool of_sends_file(const struct of *of);
bool of_may_wait(const struct of *of);
/* Whether it is carried out once under an Idempotency-Key. */
bool of_may_repeat(const struct of *of);
#endif
